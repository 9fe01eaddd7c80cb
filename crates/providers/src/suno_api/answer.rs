//! The `{code, message, data}` envelope (section 1.2), and what it says of a submission.

use super::errors::{self, Told};
use super::upstream_task::word_of;
use crate::dialect::SubmitOutcome;
use crate::wire::Response;
use serde_json::{Map, Value};
use task::{Failure, Operation};

/// The longest id that is taken for one; the source uses UUIDs.
const ID_MAX_CHARS: usize = 255;

/// An envelope.
#[derive(Debug)]
pub(super) struct Answer(Map<String, Value>);

impl Answer {
    /// Reads an envelope; `None` when the body is none.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(body)) if body.contains_key("code") => Some(Self(body)),
            _ => None,
        }
    }

    /// Whether it says that all went well: `"success"`; some descendants write a number.
    pub(super) fn is_success(&self) -> bool {
        matches!(self.code().as_str(), "success" | "1" | "200")
    }

    /// The code in lower case, numbers as text; `""` when it is neither.
    pub(super) fn code(&self) -> String {
        self.0.get("code").and_then(word_of).unwrap_or_default().to_ascii_lowercase()
    }

    /// `message`, `""` when none.
    pub(super) fn text(&self) -> &str {
        self.0.get("message").and_then(Value::as_str).unwrap_or_default()
    }

    /// `data`, null when none.
    pub(super) fn into_data(mut self) -> Value {
        self.0.remove("data").unwrap_or_default()
    }

    /// The task id that a submission is answered with: `data` itself, or in it.
    fn task_id(&self) -> Option<String> {
        let data = self.0.get("data")?;
        let id = word_of(data).or_else(|| data.get("task_id").and_then(word_of))?;
        (id.chars().count() <= ID_MAX_CHARS).then_some(id)
    }

    /// What its code and text mean as an error that came with this HTTP status.
    pub(super) fn failure(&self, response: &Response) -> Failure {
        let (code, text) = (self.code(), self.text());
        errors::failure(Told::Code { status: response.status, headers: &response.headers, code: &code, text })
    }
}

/// Reads the answer to a submission. A 5xx, and the server's own `internal_error`, may come after Suno has
/// taken the song: neither yes nor no.
pub(super) fn read(response: &Response) -> SubmitOutcome {
    let status = response.status;
    if status >= 500 || status == 408 {
        return SubmitOutcome::Unclear(format!("HTTP {status}"));
    }
    let is_2xx = (200..300).contains(&status);
    match Answer::read(&response.body) {
        Some(answer) if is_2xx && answer.is_success() => accepted(&answer),
        Some(answer) if is_2xx && !errors::is_refusal(&answer.code()) => {
            SubmitOutcome::Unclear(format!("HTTP {status} with code {}", crate::http_call::clean(&answer.code())))
        }
        Some(answer) => SubmitOutcome::Refused(answer.failure(response)),
        None if is_2xx => SubmitOutcome::Unclear(format!("HTTP {status} without a code")),
        None => SubmitOutcome::Refused(errors::failure(Told::Status { status, headers: &response.headers })),
    }
}

fn accepted(answer: &Answer) -> SubmitOutcome {
    let Some(id) = answer.task_id() else {
        return SubmitOutcome::Unclear("success without an id".to_owned());
    };
    SubmitOutcome::Accepted {
        operation: Operation { id, memo: Value::Null },
        poll_after_ms: None,
        warnings: Vec::new(),
    }
}
