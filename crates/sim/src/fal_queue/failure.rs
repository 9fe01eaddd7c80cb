//! Errors: a model's own, and the queue's (section 8).

use crate::job::{Refusal, Seen, State};
use axum::Json;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The queue's errors and the HTTP status each is sent with.
const QUEUES: &[(&str, u16)] = &[
    ("request_timeout", 504),
    ("startup_timeout", 504),
    ("runner_scheduling_failure", 503),
    ("runner_connection_timeout", 503),
    ("runner_disconnected", 503),
    ("runner_connection_refused", 503),
    ("runner_connection_error", 503),
    ("runner_incomplete_response", 502),
    ("runner_server_error", 500),
    ("internal_error", 500),
    ("client_disconnected", 499),
    ("client_cancelled", 499),
    ("bad_request", 400),
];

/// A model's errors that are not 422.
const MODELS: &[(&str, u16)] = &[
    ("internal_server_error", 500),
    ("downstream_service_unavailable", 500),
    ("generation_timeout", 504),
    ("downstream_service_error", 400),
];

/// An error in the place of a result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub status: u16,
    pub body: Value,
    /// As the status tells it, in words.
    pub message: String,
    /// The queue's word; `None` for a model's error.
    pub queues: Option<&'static str>,
}

/// How a job failed; `None` when it did not.
pub(super) fn of(seen: &Seen) -> Option<Failure> {
    match &seen.at.state {
        State::Moderated { reason } => Some(models(422, "content_policy_violation", reason)),
        State::Cancelled => Some(queues("client_cancelled", 499, "Request was cancelled")),
        State::Failed { code, reason } => Some(failed(code.as_deref().unwrap_or("internal_server_error"), reason)),
        State::Done => {
            let errors = seen.job.memo["errors"].as_array().filter(|errors| !errors.is_empty())?;
            let body = json!({"detail": errors});
            Some(Failure { status: 422, body, message: "Unprocessable entity".to_owned(), queues: None })
        }
        State::Waiting { .. } | State::Working { .. } => None,
    }
}

/// `fail=#runner_disconnected gone` is the queue's error, any other word a model's.
fn failed(code: &str, reason: &str) -> Failure {
    if let Some((word, status)) = QUEUES.iter().find(|(word, _)| *word == code) {
        return queues(word, *status, reason);
    }
    let status = MODELS.iter().find(|(word, _)| *word == code).map_or(422, |(_, status)| *status);
    models(status, code, reason)
}

fn models(status: u16, kind: &str, msg: &str) -> Failure {
    let body = json!({"detail": [{"loc": ["body"], "msg": msg, "type": kind, "url": format!("https://docs.fal.ai/errors#{kind}")}]});
    Failure { status, body, message: msg.to_owned(), queues: None }
}

fn queues(kind: &'static str, status: u16, text: &str) -> Failure {
    let body = json!({"detail": text, "error_type": kind});
    Failure { status, body, message: text.to_owned(), queues: Some(kind) }
}

impl Failure {
    /// As HTTP.
    pub(super) fn respond(self) -> Response {
        let mut response = answer(self.status, self.body);
        if let Some(kind) = self.queues {
            let name = HeaderName::from_static("x-fal-error-type");
            response.headers_mut().insert(name, axum::http::HeaderValue::from_static(kind));
        }
        response
    }
}

/// Refusals at the door. A scripted number is the HTTP status, a scripted word a model's error.
pub(super) fn refuse(refusal: &Refusal) -> Response {
    let (status, body) = match refusal {
        Refusal::NoKey => (401, json!({"detail": "Authentication is required to access this application"})),
        Refusal::WrongKey => (401, json!({"detail": "Invalid API key"})),
        Refusal::Invalid(text) => (400, json!({"detail": text, "error_type": "bad_request"})),
        Refusal::WrongState(text) => (400, json!({"status": text, "detail": text})),
        Refusal::Moderation => return failed("content_policy_violation", "flagged").respond(),
        Refusal::QueueFull => (429, json!({"detail": "Too many requests"})),
        Refusal::Code(code) => (u16::try_from(*code).unwrap_or(400), json!({"detail": "User is locked"})),
        Refusal::Error(word) => return failed(word, "refused by script").respond(),
        Refusal::NotFound(id) => (404, json!({"status": "NOT_FOUND", "detail": format!("{id} not found")})),
        Refusal::Duplicate(id) => (409, json!({"detail": format!("request {id} exists")})),
    };
    answer(status, body)
}

fn answer(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
}
