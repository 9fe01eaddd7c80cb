//! Volcengine Ark's content generation tasks from the vendor's side (`upstream/seedance.md`).

mod content;
mod expiry;
mod fields;
mod flags;
mod measures;
mod model;
mod routes;
mod show;
mod wish;

use crate::job::{Desk, Job, Letter, Moment, Protocol, Refusal, Seen, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, http::StatusCode};
use serde_json::{Value, json};

/// The protocol.
#[derive(Debug)]
pub(crate) struct Ark;

impl Protocol for Ark {
    fn name(&self) -> &'static str {
        "ark"
    }

    fn base(&self) -> &'static str {
        "/ark"
    }

    fn channel_path(&self) -> &'static str {
        "/api/v3"
    }

    fn routes(&self) -> Router<Desk> {
        routes::routes()
    }

    fn id(&self, number: i64, print: u64) -> String {
        format!("cgt-{number}-{:05x}", print & 0xf_ffff)
    }

    /// HTTP status and a code in words (section 9). A text that begins with a field's name tells it in
    /// `param` too.
    fn refuse(&self, refusal: &Refusal) -> Response {
        let (status, code, message) = match refusal {
            Refusal::NoKey | Refusal::WrongKey => (401, "AuthenticationError", "the API key is not valid".to_owned()),
            Refusal::Invalid(text) if text.ends_with(fields::MISSING) => (400, "MissingParameter", text.clone()),
            Refusal::Invalid(text) => (400, "InvalidParameter", text.clone()),
            Refusal::Moderation => (
                400,
                "InputTextSensitiveContentDetected",
                "the input text may contain sensitive information".to_owned(),
            ),
            Refusal::QueueFull => (429, "ServerOverloaded", "too many requests, try again later".to_owned()),
            Refusal::Code(code) => (u16::try_from(*code).unwrap_or(400), "InvalidParameter", format!("code {code}")),
            Refusal::Error(word) => (status_of(word), word.as_str(), "refused by script".to_owned()),
            // The sheet leaves open what these two are called.
            Refusal::NotFound(id) => (404, "ResourceNotFound", format!("the task {id} is not found")),
            Refusal::Duplicate(text) | Refusal::WrongState(text) => (409, "InvalidAction", text.clone()),
        };
        let param = match (refusal, message.split_once(' ')) {
            (Refusal::Invalid(_), Some((first, _))) if first != "the" => Value::from(first),
            _ => Value::from(""),
        };
        let status = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 400);
        let status = status.unwrap_or(StatusCode::BAD_REQUEST);
        let kind = status.canonical_reason().unwrap_or_default().replace(' ', "");
        let error = json!({"code": code, "message": message, "param": param, "type": kind});
        (status, Json(json!({"error": error}))).into_response()
    }

    fn told(&self) -> &'static [Moment] {
        &[Moment::Sent, Moment::Started, Moment::Over]
    }

    fn also_told(&self, job: &Job) -> Option<i64> {
        expiry::expires_ms(job)
    }

    /// Equal to the answer of a poll. A cancel is not told, nor what comes after the expiry (section 7).
    fn letter(&self, desk: &Desk, seen: &Seen, _delivery: &str) -> Option<Letter> {
        let expired_before = expiry::expires_ms(&seen.job).is_some_and(|at_ms| seen.at.now_ms > at_ms);
        let is_told = seen.at.state != State::Cancelled && !expired_before;
        is_told.then(|| Letter::plain(&show::task(desk, seen)))
    }
}

/// The HTTP status of an error code (section 9).
fn status_of(code: &str) -> u16 {
    match code {
        "AuthenticationError" => 401,
        "AccountOverdueError" | "AccessDenied" => 403,
        "InvalidEndpointOrModel.NotFound" | "ModelNotOpen" => 404,
        "ModelAccountRpmRateLimitExceeded"
        | "APIAccountRpmRateLimitExceeded"
        | "AccountRateLimitExceeded"
        | "RequestBurstTooFast"
        | "ServerOverloaded"
        | "ModelLoadingError"
        | "InflightBatchsizeExceeded"
        | "QuotaExceeded"
        | "SetLimitExceeded" => 429,
        "InternalServiceError" => 500,
        code if code.starts_with("RateLimitExceeded") => 429,
        _ => 400,
    }
}
