//! The documented reseller's protocol from the vendor's side (`upstream/suno.md`, part 2).

mod callback;
mod routes;
mod show;
mod wish;

use crate::fingerprint::fingerprint;
use crate::job::{self, Desk, Letter, Moment, Protocol, Refusal, Seen};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};

/// The protocol.
#[derive(Debug)]
pub(crate) struct SunoapiOrg;

impl Protocol for SunoapiOrg {
    fn name(&self) -> &'static str {
        "sunoapi_org"
    }

    fn base(&self) -> &'static str {
        "/sunoapi"
    }

    fn routes(&self) -> Router<Desk> {
        routes::routes()
    }

    fn id(&self, _number: i64, print: u64) -> String {
        job::uuid(print).replace('-', "")
    }

    /// Always HTTP 200, with a code of the vendor's (sections 2.2 and 2.5). A scripted word may be a
    /// state of a task as well, and is then sent with code 400.
    fn refuse(&self, refusal: &Refusal) -> Response {
        let (code, msg) = match refusal {
            Refusal::NoKey | Refusal::WrongKey => (401, "You do not have access permissions".to_owned()),
            Refusal::Invalid(text) | Refusal::WrongState(text) => (400, text.clone()),
            Refusal::Moderation => (400, "Your prompt contains sensitive words".to_owned()),
            Refusal::QueueFull => (430, "Your call frequency is too high".to_owned()),
            Refusal::Code(code) => (*code, format!("refused with code {code}")),
            Refusal::Error(word) => (400, word.clone()),
            Refusal::NotFound(id) => (404, format!("no task {id}")),
            Refusal::Duplicate(id) => (400, format!("task {id} exists")),
        };
        Json(json!({"code": code, "msg": msg, "data": Value::Null})).into_response()
    }

    /// The words, the first song, and the end (section 2.4).
    fn told(&self) -> &'static [Moment] {
        &[Moment::Percent(wish::TEXT_PERCENT), Moment::Percent(wish::FIRST_PERCENT), Moment::Over]
    }

    fn letter(&self, desk: &Desk, seen: &Seen, _delivery: &str) -> Option<Letter> {
        callback::body(desk, seen).map(|body| Letter::plain(&body))
    }
}

/// The id of song `number`, from 0, of a job with this number.
fn song_id(job_number: i64, number: usize) -> String {
    job::uuid(fingerprint(job_number.cast_unsigned(), &["song", &number.to_string()]))
}

/// The envelope of every good answer.
fn success(data: &Value) -> Response {
    Json(json!({"code": 200, "msg": "success", "data": data})).into_response()
}
