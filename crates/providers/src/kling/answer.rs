//! The `{code, message, request_id, data}` envelope of both generations. `code` decides, also with HTTP 200.

use super::errors::{self, Told};
use super::upstream_task::{self, UpstreamTask};
use crate::http_call::json;
use crate::wire::Response;
use serde_json::Value;
use task::Failure;

/// An envelope.
#[derive(Debug)]
pub(super) struct Answer {
    /// The number that decides; 0 is good.
    pub code: i64,
    /// `message`, `""` when none.
    pub text: String,
    /// `data`, null when none.
    pub data: Value,
}

impl Answer {
    /// Reads an envelope; `None` when the body is none.
    pub(super) fn read(response: &Response) -> Option<Self> {
        let Some(Value::Object(mut body)) = json(response) else { return None };
        let code = match body.get("code")? {
            Value::Number(number) => number.as_i64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let text = body.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Self { code, text, data: body.remove("data").unwrap_or(Value::Null) })
    }

    /// What its code means as an error.
    pub(super) fn failure(&self, response: &Response) -> Failure {
        errors::failure(Told::Code { code: self.code, text: &self.text, headers: &response.headers })
    }
}

/// The tasks of an answer to a question: none for a task that the vendor does not know, one for an object.
/// `Err` speaks of the question, never of a task.
pub(super) fn tasks(response: &Response) -> Result<Vec<UpstreamTask>, Failure> {
    let status = response.status;
    let by_status = || errors::failure(Told::Status { status, headers: &response.headers });
    let nonsense = |what| Err(errors::failure(Told::Nonsense { what }));
    // A 5xx may be of anything in between, whatever its body says.
    let Some(answer) = Answer::read(response).filter(|_| status < 500) else {
        return if (200..300).contains(&status) { nonsense("the answer holds no code") } else { Err(by_status()) };
    };
    if errors::is_unknown_task(answer.code, &answer.text) {
        return Ok(Vec::new());
    }
    if answer.code != 0 {
        return Err(answer.failure(response));
    }
    if !(200..300).contains(&status) {
        return Err(by_status());
    }
    match &answer.data {
        Value::Null => Ok(Vec::new()),
        Value::Object(object) => match upstream_task::read(object) {
            Some(task) => Ok(vec![task]),
            None => nonsense("the answer holds no task"),
        },
        Value::Array(items) => Ok(items.iter().filter_map(|item| upstream_task::read(item.as_object()?)).collect()),
        _ => nonsense("the answer's data is no task"),
    }
}
