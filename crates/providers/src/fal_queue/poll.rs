//! `GET …/requests/{id}/status` (`README.md`, section 3); a finished request is then asked for its result.

use super::{errors, object, options, request_path};
use crate::dialect::{Account, PollOutcome, Turn};
use crate::http_call::plain;
use crate::wire::Response;
use http::Method;
use serde_json::{Value, json};
use task::{Failure, Operation, Phase};

/// Reads the status.
pub(super) fn read(
    account: Account<'_>,
    operation: &Operation,
    response: &Response,
) -> Result<Turn<Vec<PollOutcome>>, Failure> {
    let end = |outcome| Ok(Turn::End(vec![outcome]));
    if response.status == 404 {
        return end(PollOutcome::Missing);
    }
    if !(200..300).contains(&response.status) {
        return Err(errors::of_response(response));
    }
    let status = object(response).unwrap_or_default();
    let Some(word) = status.get("status").and_then(Value::as_str) else {
        return Err(errors::nonsense("no status"));
    };
    let pending =
        |phase, unknown_word| PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word };
    match word {
        "IN_QUEUE" => end(pending(Phase::Waiting, None)),
        "IN_PROGRESS" => end(pending(Phase::Working, None)),
        "COMPLETED" => {
            let request = plain(Method::GET, request_path(operation), options::headers(account));
            let told = |name: &str| status.get(name).and_then(Value::as_str).unwrap_or_default();
            Ok(Turn::Next(request, json!({ "error": told("error"), "error_type": told("error_type") })))
        }
        other => end(pending(Phase::Working, Some(other.to_owned()))),
    }
}
