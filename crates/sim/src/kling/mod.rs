//! Kling's official API from the vendor's side, both generations (`upstream/kling.md`).

mod gate;
mod legacy;
mod legacy_wish;
mod modern;
mod modern_wish;
mod pictures;
mod refusals;
mod show;
mod size;

use crate::job::{Desk, Letter, Moment, Protocol, Refusal, Seen, webhook};
use axum::Router;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The protocol.
#[derive(Debug)]
pub(crate) struct Kling;

impl Protocol for Kling {
    fn name(&self) -> &'static str {
        "kling"
    }

    fn base(&self) -> &'static str {
        "/kling"
    }

    fn routes(&self) -> Router<Desk> {
        legacy::routes().merge(modern::routes())
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        refusals::respond(refusal)
    }

    /// `external_task_id` (section 9).
    fn has_unique_client_ids(&self) -> bool {
        true
    }

    fn told(&self) -> &'static [Moment] {
        &[Moment::Started, Moment::Over]
    }

    /// Flat in both generations; signed when a webhook secret was made (section 8).
    fn letter(&self, desk: &Desk, seen: &Seen, delivery: &str) -> Option<Letter> {
        let told = if is_modern(seen) { show::modern(desk, seen) } else { show::legacy_letter(desk, seen) };
        let body = told.to_string().into_bytes();
        let headers = match &desk.config().hook_secret {
            Some(secret) => webhook::signed(secret.expose(), delivery, seen.at.now_ms / 1_000, &body),
            None => Vec::new(),
        };
        Some(Letter { body, headers })
    }
}

/// What a job of the new generation notes, so that it is shown in its own words.
const MODERN: &str = "new";

fn is_modern(seen: &Seen) -> bool {
    seen.job.memo["generation"] == MODERN
}

/// The envelope of every good answer (section 2.7).
fn success(desk: &Desk, data: &Value) -> Response {
    let request_id = format!("req-{}", desk.now_ms());
    axum::Json(json!({"code": 0, "message": "SUCCEED", "request_id": request_id, "data": data})).into_response()
}
