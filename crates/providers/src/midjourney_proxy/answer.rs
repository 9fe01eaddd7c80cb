//! The proxy's `{code, description, result, properties}` envelope, and what it says of a submission.

use super::errors::{self, Told};
use super::submit;
use super::upstream_task::word_of;
use crate::dialect::{Submission, SubmitOutcome};
use crate::wire::Response;
use serde_json::{Map, Value};
use task::{Failure, Operation};

/// The longest id that is taken for one; the proxies use 16 digits.
const ID_MAX_CHARS: usize = 255;

/// An envelope.
#[derive(Debug)]
pub(super) struct Answer {
    /// The number that decides.
    pub code: i64,
    /// `result`, when it is a text or a whole number.
    pub result: Option<String>,
    body: Map<String, Value>,
}

impl Answer {
    /// Reads an envelope; `None` when the body is none.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return None;
        };
        let code = match body.get("code")? {
            Value::Number(number) => number.as_i64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let result = body.get("result").and_then(word_of);
        Some(Self { code, result, body })
    }

    /// `description`, `""` when none.
    pub(super) fn text(&self) -> &str {
        self.body.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.body.get("properties")?.get(name)?.as_str()
    }

    /// What its code means as an error.
    pub(super) fn failure(&self) -> Failure {
        let banned_word = self.property("bannedWord");
        errors::failure(Told::Code { code: self.code, text: self.text(), banned_word })
    }
}

/// Reads the answer to a submission. Only words of the proxy itself count as a yes or a no; a 5xx
/// may come from something in between, after the submission has passed it.
pub(super) fn read(submission: &Submission<'_>, response: &Response) -> SubmitOutcome {
    let status = response.status;
    if status >= 500 || status == 408 {
        return SubmitOutcome::Unclear(format!("HTTP {status}"));
    }
    let success = (200..300).contains(&status);
    let answer = Answer::read(&response.body);
    match answer {
        _ if matches!(status, 401 | 403 | 429) => refused_by_status(response),
        Some(answer) if success && matches!(answer.code, 1 | 21 | 22) => accepted(submission, &answer),
        Some(answer) if errors::is_refusal(answer.code) => SubmitOutcome::Refused(answer.failure()),
        Some(answer) => SubmitOutcome::Unclear(format!("HTTP {status} with code {}", answer.code)),
        None if success => SubmitOutcome::Unclear(format!("HTTP {status} without a code")),
        None => refused_by_status(response),
    }
}

fn refused_by_status(response: &Response) -> SubmitOutcome {
    let told = Told::Status { status: response.status, headers: &response.headers };
    SubmitOutcome::Refused(errors::failure(told))
}

fn accepted(submission: &Submission<'_>, answer: &Answer) -> SubmitOutcome {
    let Some(id) = answer.result.clone().filter(|id| id.chars().count() <= ID_MAX_CHARS) else {
        return SubmitOutcome::Unclear(format!("code {} without an id", answer.code));
    };
    let memo = if answer.code == 21 { existing_memo(answer) } else { Value::Null };
    SubmitOutcome::Accepted {
        operation: Operation { id, memo },
        poll_after_ms: None,
        warnings: submit::warnings(submission),
    }
}

/// Code 21: the proxy names a task that it had before (an upscale done already), or one that waits
/// for a modal. The next poll tells which.
fn existing_memo(answer: &Answer) -> Value {
    let mut memo = Map::from_iter([("existing".to_owned(), Value::Bool(true))]);
    if let Some(status) = answer.property("status") {
        memo.insert("status".to_owned(), Value::from(status));
    }
    Value::Object(memo)
}
