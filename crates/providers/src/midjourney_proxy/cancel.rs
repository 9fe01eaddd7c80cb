//! Stopping a task (section 6): `trueai` only.

use super::answer::Answer;
use super::errors::{self, Told};
use super::options::{Flavour, Options};
use super::request;
use crate::dialect::{Account, CancelOutcome};
use crate::http_call::clean;
use crate::wire::{Request, Response};
use http::Method;
use task::{Failure, Operation};

/// Asks to stop it.
pub(super) fn request(account: Account<'_>, operation: &Operation) -> Option<Request> {
    if Options::read(account.options).flavour == Flavour::NoviceZk {
        return None;
    }
    let get = request::get(account, request::task_path(&operation.id, "cancel"));
    Some(Request { method: Method::POST, ..get })
}

/// Reads the answer. Builds differ in what a success says, so a plain 2xx is enough.
pub(super) fn read(response: &Response) -> Result<CancelOutcome, Failure> {
    let (status, answer) = (response.status, Answer::read(&response.body));
    match answer {
        Some(answer) if matches!(status, 200..300) && answer.code == 1 => Ok(CancelOutcome::Stopped),
        Some(answer) if matches!(status, 200..300 | 400 | 404 | 409) && matches!(answer.code, 3 | 4 | 21) => {
            let text = clean(answer.text());
            let usual = "the upstream can't stop it any more";
            Ok(CancelOutcome::TooLate(if text.is_empty() { usual.to_owned() } else { text }))
        }
        Some(answer) if matches!(status, 200..300) => Err(answer.failure()),
        None if matches!(status, 200..300) && is_plain(&response.body) => Ok(CancelOutcome::Stopped),
        None if matches!(status, 200..300) => {
            Err(errors::failure(Told::Nonsense { what: "the answer to a cancel could not be read" }))
        }
        _ => Err(errors::failure(Told::Status { status, headers: &response.headers })),
    }
}

/// Nothing, `true`, or an object without a code.
fn is_plain(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    match serde_json::from_slice(body) {
        Ok(serde_json::Value::Bool(stopped)) => stopped,
        Ok(serde_json::Value::Object(object)) => {
            object.get("success").and_then(serde_json::Value::as_bool).unwrap_or(true)
        }
        Ok(serde_json::Value::Null) => true,
        _ => body.is_empty(),
    }
}
