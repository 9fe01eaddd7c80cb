//! Answers: JSON out, and problems in the shape of the family that was asked.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::{Answer, Family, Problem};
use ledger::LedgerError;
use serde_json::{Value, json};
use task::Task;

/// Tells an SDK not to repeat a request (`contract/DECISIONS.md`, SDK retries).
pub const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Headers by name.
pub type Headers = Vec<(&'static str, String)>;

/// An answer of a family.
pub fn answer(answer: &Answer) -> Response {
    match &answer.body {
        Some(body) => bytes(answer.status, json_of(body)),
        None => status_of(answer.status).into_response(),
    }
}

/// An answer that shows this task or accepts it, with the headers that the family has for that.
pub fn about(family: &dyn Family, task: &Task, answer: &Answer) -> Response {
    with_headers(self::answer(answer), family.headers(task))
}

/// The same answer with these headers; a name or value that HTTP can't carry is left out.
pub fn with_headers(mut response: Response, headers: Headers) -> Response {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// JSON with status 200.
pub fn ok(body: &Value) -> Response {
    bytes(200, json_of(body))
}

/// A value's text, written straight to bytes: its `Display` goes through a formatter, piece by piece.
pub fn json_of(body: &Value) -> Vec<u8> {
    // A value holds nothing that JSON can't say.
    serde_json::to_vec(body).unwrap_or_default()
}

/// JSON that is written already; an empty text gives an empty body.
pub fn bytes(status: u16, body: Vec<u8>) -> Response {
    if body.is_empty() {
        return status_of(status).into_response();
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status_of(status), kind, Body::from(body)).into_response()
}

/// A problem, in the family's shape, or (outside any family) as the bare `error` object, with the
/// headers that go with it: `Retry-After`, `Allow`, `x-should-retry`.
pub fn problem(family: Option<&dyn Family>, problem: &Problem, request_id: &str) -> Response {
    let (status, body) = match family {
        Some(family) => family.error(problem, request_id),
        None => (problem.status, json!({ "error": contracts::errors::error_object(problem, request_id) })),
    };
    let mut response = bytes(status, json_of(&body));
    let headers = response.headers_mut();
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allow) = problem.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
        headers.insert(header::ALLOW, allow);
    }
    if problem.status == 409 || problem.task.is_some() {
        headers.insert(X_SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

/// What a caller is told when the ledger fails; the log gets the reason.
pub fn ledger_problem(error: &LedgerError) -> Problem {
    match error {
        LedgerError::InsufficientQuota => Problem::insufficient_quota(),
        LedgerError::Away(_) | LedgerError::Unknown(_) => {
            tracing::warn!(%error, "the ledger could not be asked");
            Problem::unavailable("the service is temporarily unavailable, please try again")
        }
        _ => {
            tracing::error!(%error, "the ledger failed");
            Problem::internal()
        }
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
