//! Refusals: a number of the vendor's, and the HTTP status that goes with it (section 10).

use crate::job::Refusal;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Codes and the HTTP status each is sent with.
const STATUSES: &[(i64, u16)] = &[
    (1000, 401),
    (1001, 401),
    (1002, 401),
    (1003, 401),
    (1004, 401),
    (1100, 429),
    (1101, 429),
    (1102, 429),
    (1103, 403),
    (1200, 400),
    (1201, 400),
    (1202, 404),
    (1203, 404),
    (1300, 400),
    (1301, 400),
    (1302, 429),
    (1303, 429),
    (1304, 429),
    (5000, 500),
    (5001, 503),
    (5002, 504),
];

/// A token that is too old.
pub(super) const EXPIRED: Refusal = Refusal::Code(1004);

/// A token whose time has not come.
pub(super) const NOT_YET: Refusal = Refusal::Code(1003);

/// A model or path that is not there.
pub(super) const NO_MODEL: Refusal = Refusal::Code(1203);

/// The answer. A scripted number comes with its own status; the same number as a scripted word
/// (`error=1303`) comes in HTTP 200, as the vendor may do too (section 2.7).
pub(super) fn respond(refusal: &Refusal) -> Response {
    let (code, message) = match refusal {
        Refusal::NoKey => (1001, "Authorization is empty".to_owned()),
        Refusal::WrongKey => (1002, "Authorization is invalid".to_owned()),
        Refusal::Invalid(text) | Refusal::WrongState(text) => (1201, text.clone()),
        Refusal::Moderation => (1301, "Failure to pass the risk control system".to_owned()),
        Refusal::QueueFull => (1303, "parallel task over resource pack limit".to_owned()),
        Refusal::Code(code) => (*code, format!("refused with code {code}")),
        Refusal::Error(word) => {
            let code = word.parse().unwrap_or(1201);
            return answer(StatusCode::OK, code, word);
        }
        Refusal::NotFound(id) => (1203, format!("no task {id}")),
        Refusal::Duplicate(id) => (1201, format!("external_task_id is used by task {id}")),
    };
    let known = STATUSES.iter().find(|(known, _)| *known == code).map(|(_, status)| *status);
    let status = known.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    answer(status, code, &message)
}

fn answer(status: StatusCode, code: i64, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message, "request_id": "req-refused"}))).into_response()
}
