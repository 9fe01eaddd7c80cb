//! The Suno-API protocol from the vendor's side (`upstream/suno.md`, part 1).

mod routes;
mod show;
mod wish;

use crate::job::{Desk, Letter, Moment, Protocol, Refusal, Seen};
use crate::{fingerprint::fingerprint, job};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, http::StatusCode};
use serde_json::json;

/// The protocol.
#[derive(Debug)]
pub(crate) struct SunoApi;

impl Protocol for SunoApi {
    fn name(&self) -> &'static str {
        "suno_api"
    }

    fn base(&self) -> &'static str {
        "/suno"
    }

    fn routes(&self) -> Router<Desk> {
        routes::routes()
    }

    fn id(&self, _number: i64, print: u64) -> String {
        job::uuid(print)
    }

    /// HTTP status and a code in words (section 1.2).
    fn refuse(&self, refusal: &Refusal) -> Response {
        let (status, code, message) = match refusal {
            Refusal::NoKey | Refusal::WrongKey => (401, "unauthorized", "invalid token".to_owned()),
            Refusal::Invalid(text) | Refusal::WrongState(text) => (400, "invalid_request", text.clone()),
            Refusal::Moderation => (400, "moderation_failure", "the words are not allowed".to_owned()),
            Refusal::QueueFull => (429, "too_many_requests", "too many running jobs".to_owned()),
            Refusal::Code(code) => (400, "invalid_request", format!("code {code}")),
            Refusal::Error(word) => (400, word.as_str(), "refused by script".to_owned()),
            Refusal::NotFound(id) => (404, "task_not_exist", format!("no task {id}")),
            Refusal::Duplicate(id) => (409, "duplicate", format!("task {id} exists")),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(json!({"code": code, "message": message, "data": null}))).into_response()
    }

    /// Forks that take a `notify_hook` tell the begin and the end (section 1.4).
    fn told(&self) -> &'static [Moment] {
        &[Moment::Started, Moment::Over]
    }

    fn letter(&self, desk: &Desk, seen: &Seen, _delivery: &str) -> Option<Letter> {
        Some(Letter::plain(&show::task(desk, seen)))
    }
}

/// The id of clip `number`, from 0, of a job with this number.
fn clip_id(job_number: i64, number: usize) -> String {
    job::uuid(fingerprint(job_number.cast_unsigned(), &["clip", &number.to_string()]))
}
