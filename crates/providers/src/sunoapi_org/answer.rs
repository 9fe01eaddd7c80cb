//! The `{code, msg, data}` envelope (sections 2.2 and 2.5), and what it says of a submission. Errors may come
//! with HTTP 200, so the code decides.

use super::errors::{self, Told};
use super::submit;
use crate::dialect::{Submission, SubmitOutcome};
use crate::wire::Response;
use serde_json::{Map, Value};
use task::{Failure, Operation};

/// The longest id that is taken for one; the vendor uses 32 digits.
const ID_MAX_CHARS: usize = 255;

/// An envelope.
#[derive(Debug)]
pub(super) struct Answer {
    /// The number that decides.
    pub code: i64,
    /// `data`, null when none.
    pub data: Value,
    text: String,
}

impl Answer {
    /// Reads an envelope; `None` when the body is none.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let Ok(Value::Object(mut body)) = serde_json::from_slice::<Value>(body) else {
            return None;
        };
        let code = match body.get("code")? {
            Value::Number(number) => number.as_i64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let text = text_in(&body);
        Some(Self { code, data: body.remove("data").unwrap_or_default(), text })
    }

    /// What its code means as an error.
    pub(super) fn failure(&self, response: &Response) -> Failure {
        errors::failure(Told::Code { code: self.code, headers: &response.headers, text: &self.text })
    }

    /// Whether it says that there is no such record.
    pub(super) fn says_missing(&self) -> bool {
        let text = self.text.to_lowercase();
        let told = ["not found", "not exist", "is null", "no record"].iter().any(|words| text.contains(words));
        matches!(self.code, 400 | 404 | 422) && told
    }
}

fn text_in(body: &Map<String, Value>) -> String {
    let told = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    told("msg").or_else(|| told("message")).unwrap_or_default().to_owned()
}

/// What an answer without an envelope means.
pub(super) fn bare_failure(response: &Response) -> Failure {
    errors::failure(Told::Code { code: i64::from(response.status), headers: &response.headers, text: "" })
}

/// Reads the answer to a submission. A 5xx, as the code or as the HTTP status, may come after the song was
/// taken: neither yes nor no.
pub(super) fn read(submission: &Submission<'_>, response: &Response) -> SubmitOutcome {
    let status = response.status;
    if status >= 500 || status == 408 {
        return SubmitOutcome::Unclear(format!("HTTP {status}"));
    }
    let is_2xx = (200..300).contains(&status);
    match Answer::read(&response.body) {
        Some(answer) if is_2xx && answer.code == 200 => accepted(submission, &answer),
        Some(answer) if (400..500).contains(&answer.code) && answer.code != 408 => {
            SubmitOutcome::Refused(answer.failure(response))
        }
        Some(answer) => SubmitOutcome::Unclear(format!("HTTP {status} with code {}", answer.code)),
        None if is_2xx => SubmitOutcome::Unclear(format!("HTTP {status} without a code")),
        None => SubmitOutcome::Refused(bare_failure(response)),
    }
}

fn accepted(submission: &Submission<'_>, answer: &Answer) -> SubmitOutcome {
    let id = answer.data.get("taskId").and_then(Value::as_str).map(str::trim);
    let Some(id) = id.filter(|id| !id.is_empty() && id.chars().count() <= ID_MAX_CHARS) else {
        return SubmitOutcome::Unclear("code 200 without an id".to_owned());
    };
    SubmitOutcome::Accepted {
        operation: Operation { id: id.to_owned(), memo: Value::Null },
        poll_after_ms: None,
        warnings: submit::fitted_to_parent(submission),
    }
}
