//! Refusals and failures as Google tells them (sections A3, A7 and B).

use crate::job::{Refusal, State};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// The status word of each HTTP status.
const WORDS: [(u16, &str); 10] = [
    (400, "INVALID_ARGUMENT"),
    (400, "FAILED_PRECONDITION"),
    (401, "UNAUTHENTICATED"),
    (403, "PERMISSION_DENIED"),
    (404, "NOT_FOUND"),
    (409, "ALREADY_EXISTS"),
    (429, "RESOURCE_EXHAUSTED"),
    (500, "INTERNAL"),
    (503, "UNAVAILABLE"),
    (504, "DEADLINE_EXCEEDED"),
];

/// `google.rpc.Code` of a failure that nobody can explain.
const INTERNAL: i64 = 13;

/// What a prompt is refused with: the code is that of every bad request, only the words tell.
const FLAGGED: &str = "The prompt could not be submitted. It contains words that violate Google's Responsible AI practices. \
                       Try rephrasing the prompt.";

/// A refusal.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    let (status, word, message) = match refusal {
        Refusal::NoKey => (403, "PERMISSION_DENIED", "The request has no established identity.".to_owned()),
        Refusal::WrongKey => (401, "UNAUTHENTICATED", "The request had invalid credentials.".to_owned()),
        Refusal::Invalid(text) => (400, "INVALID_ARGUMENT", text.clone()),
        Refusal::WrongState(text) => (400, "FAILED_PRECONDITION", text.clone()),
        Refusal::Moderation => (400, "INVALID_ARGUMENT", FLAGGED.to_owned()),
        Refusal::QueueFull => (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted.".to_owned()),
        Refusal::Code(code) => by_number(*code),
        Refusal::Error(word) => by_word(word),
        Refusal::NotFound(name) => (404, "NOT_FOUND", format!("{name} is not found.")),
        Refusal::Duplicate(name) => (409, "ALREADY_EXISTS", format!("{name} exists.")),
    };
    let mut error = json!({"code": status, "message": message, "status": word});
    if status == 429 {
        error["details"] = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}]);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(json!({"error": error}))).into_response()
}

/// The `error` of an operation that failed.
pub(crate) fn fault_of(state: &State) -> Option<Value> {
    match state {
        State::Failed { code, reason } => {
            let code = code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(INTERNAL);
            Some(json!({"code": code, "message": reason}))
        }
        State::Cancelled => Some(json!({"code": 1, "message": "The operation was cancelled."})),
        State::Waiting { .. } | State::Working { .. } | State::Done | State::Moderated { .. } => None,
    }
}

/// The counters of a result that a moderator kept back wholly.
pub(crate) fn filter_of(state: &State, samples: u64) -> Option<Map<String, Value>> {
    let State::Moderated { reason } = state else { return None };
    let reasons = json!([format!("{reason} Support codes: 58061214")]);
    Some(Map::from_iter([
        ("raiMediaFilteredCount".to_owned(), samples.into()),
        ("raiMediaFilteredReasons".to_owned(), reasons),
    ]))
}

fn by_number(code: i64) -> (u16, &'static str, String) {
    let known = WORDS.into_iter().find(|(status, _)| i64::from(*status) == code);
    let (status, word) = known.unwrap_or(WORDS[0]);
    (status, word, format!("code {code}"))
}

fn by_word(word: &str) -> (u16, &str, String) {
    let status = WORDS.into_iter().find(|(_, known)| *known == word).map_or(400, |(status, _)| status);
    (status, word, "refused by script".to_owned())
}
