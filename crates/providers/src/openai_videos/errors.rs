//! Vendor errors, translated in one place (`upstream/sora.md`, section 9).

use crate::http_call::{clean, json, retry_after_ms};
use crate::wire::Response;
use serde_json::Value;
use task::{Failure, FailureKind};

/// Codes that mean that the content was refused.
const MODERATION: [&str; 5] =
    ["moderation_blocked", "content_policy_violation", "sentinel_block", "content_filter", "moderation_failed"];

/// Codes of a 429 that no waiting helps: the account has nothing left (trap 2).
const SPENT: [&str; 3] = ["insufficient_quota", "billing_hard_limit_reached", "quota_exceeded"];

/// What an answer with an error status means.
pub(super) fn of_response(response: &Response) -> Failure {
    let body = json(response).unwrap_or_default();
    let error = body.get("error").unwrap_or(&body);
    failure(Some(response.status), error, retry_after_ms(&response.headers))
}

/// Why a video failed.
pub(super) fn of_verdict(error: Option<&Value>) -> Failure {
    failure(None, error.unwrap_or(&Value::Null), None)
}

/// An answer that is not what the protocol says.
pub(super) fn nonsense(what: &str) -> Failure {
    Failure::later(FailureKind::Upstream, None, "the upstream's answer could not be read", what)
}

fn failure(status: Option<u16>, error: &Value, retry_after_ms: Option<i64>) -> Failure {
    let text = |name: &str| clean(error.get(name).and_then(Value::as_str).unwrap_or_default());
    let (code, kind, message) = (text("code"), text("type"), text("message"));
    let private = format!("HTTP {}: {code} {kind}: {message}", status.unwrap_or(200));
    let or = |usual: &str| if message.is_empty() { usual.to_owned() } else { message.clone() };
    let account = || Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private.clone());
    if MODERATION.contains(&code.as_str()) {
        return Failure::never(FailureKind::Moderation, or("the content was refused by moderation"), private);
    }
    if SPENT.contains(&code.as_str()) || SPENT.contains(&kind.as_str()) {
        return account();
    }
    match status {
        None => Failure::never(FailureKind::Upstream, or("the upstream failed without giving a reason"), private),
        Some(401..=403) => account(),
        Some(404) if code == "model_not_found" => account(),
        Some(408 | 409 | 425 | 429) => {
            Failure::later(FailureKind::Refused, retry_after_ms, "the upstream is busy", private)
        }
        Some(500..) => {
            Failure::later(FailureKind::Upstream, retry_after_ms, "the upstream had an internal error", private)
        }
        Some(_) => Failure::never(FailureKind::InvalidInput, or("the upstream refused the request"), private),
    }
}
