//! Errors, translated in one place (`README.md`, section 8): a model's are a list under `detail`, the
//! queue's own a text under `detail` beside `error_type`.

use super::object;
use crate::dialect::PollOutcome;
use crate::http_call::{clean, retry_after_ms};
use crate::wire::Response;
use serde_json::{Map, Value};
use task::{Failure, FailureKind};

/// A model's errors that mean that the content was refused.
const MODERATION: [&str; 2] = ["content_policy_violation", "content_policy_error"];

/// A model's errors that are the vendor's own, not the caller's.
const VENDORS: [&str; 5] = [
    "internal_server_error",
    "generation_timeout",
    "downstream_service_error",
    "downstream_service_unavailable",
    "no_media_generated",
];

/// The queue's error of a request that was stopped.
const CANCELLED: &str = "client_cancelled";

/// An error as the body tells it.
#[derive(Debug, Default)]
struct Told {
    /// The machine's word; `""` when there is none.
    kind: String,
    message: String,
    /// Whether a model said it.
    is_models: bool,
}

/// What an error status means for a request of ours.
pub(super) fn of_response(response: &Response) -> Failure {
    let told = told(response);
    let private = format!("HTTP {}: {}: {}", response.status, told.kind, told.message);
    if told.is_models && is_moderation(&told.kind) {
        return Failure::never(FailureKind::Moderation, said(&told, "the content was refused by moderation"), private);
    }
    let after_ms = retry_after_ms(&response.headers);
    match response.status {
        401..=404 => Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private),
        408 | 409 | 425 | 429 => Failure::later(FailureKind::Refused, after_ms, "the upstream is busy", private),
        500.. => Failure::later(FailureKind::Upstream, after_ms, "the upstream had an internal error", private),
        _ => Failure::never(FailureKind::InvalidInput, said(&told, "the upstream refused the request"), private),
    }
}

/// The verdict that an error in the place of a result is; `None` when the answer may be somebody else's.
pub(super) fn of_result(response: &Response) -> Option<PollOutcome> {
    if matches!(response.status, 401 | 403 | 408 | 429) {
        return None;
    }
    let told = told(response);
    if told.kind.is_empty() && (response.status >= 500 || told.message.is_empty()) {
        return None;
    }
    if !told.is_models {
        return Some(verdict(&told.kind, &told.message));
    }
    let private = format!("HTTP {}: {}: {}", response.status, told.kind, told.message);
    let (kind, usual) = match told.kind.as_str() {
        kind if is_moderation(kind) => (FailureKind::Moderation, "the content was refused by moderation"),
        kind if VENDORS.contains(&kind) || response.status >= 500 => (FailureKind::Upstream, "the upstream failed"),
        _ => (FailureKind::InvalidInput, "the upstream refused the request"),
    };
    Some(PollOutcome::Failed(Failure::never(kind, said(&told, usual), private)))
}

/// The verdict of the queue itself.
pub(super) fn verdict(kind: &str, message: &str) -> PollOutcome {
    if kind == CANCELLED {
        return PollOutcome::Cancelled;
    }
    let told = Told { kind: clean(kind), message: clean(message), is_models: false };
    let private = format!("{}: {}", told.kind, told.message);
    let sort = if is_moderation(kind) {
        FailureKind::Moderation
    } else if kind == "bad_request" {
        FailureKind::InvalidInput
    } else {
        FailureKind::Upstream
    };
    PollOutcome::Failed(Failure::never(sort, said(&told, "the upstream failed without giving a reason"), private))
}

/// An answer that is not what the protocol says.
pub(super) fn nonsense(what: &str) -> Failure {
    Failure::later(FailureKind::Upstream, None, "the upstream's answer could not be read", what)
}

fn is_moderation(kind: &str) -> bool {
    MODERATION.contains(&kind)
}

fn said(told: &Told, usual: &str) -> String {
    if told.message.is_empty() { usual.to_owned() } else { told.message.clone() }
}

fn told(response: &Response) -> Told {
    let body = object(response).unwrap_or_default();
    let header = response.headers.get("x-fal-error-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match body.get("detail") {
        Some(Value::Array(list)) => models(list),
        Some(Value::String(text)) => {
            Told { kind: clean(text_of(&body, "error_type", header)), message: clean(text), is_models: false }
        }
        _ => Told { kind: clean(text_of(&body, "error_type", header)), ..Told::default() },
    }
}

fn text_of<'a>(body: &'a Map<String, Value>, name: &str, usual: &'a str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or(usual)
}

/// The refusal of content counts before all others; else the first error does.
fn models(list: &[Value]) -> Told {
    let kind = |error: &Value| error.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let worst = list.iter().find(|error| is_moderation(&kind(error))).or_else(|| list.first());
    let Some(error) = worst else { return Told { is_models: true, ..Told::default() } };
    let message = error.get("msg").and_then(Value::as_str).unwrap_or_default();
    Told { kind: clean(&kind(error)), message: clean(message), is_models: true }
}
