//! A submission: its paid request, and what the answer says.

use super::answer::Answer;
use super::endpoint::{self, Endpoint};
use super::errors::{self, Told};
use super::options::{Generation, Options};
use super::{credential, files, legacy, lookup, new_generation, upstream_task};
use crate::dialect::{LookupOutcome, Submission, SubmitOutcome, Turn};
use crate::http_call::post_json;
use crate::wire::{Request, Response};
use http::HeaderMap;
use serde_json::{Value, json};
use task::{Failure, Operation};

/// The submission's paid request.
pub(super) fn request(submission: &Submission<'_>) -> Result<Request, Failure> {
    credential::check(submission.account)?;
    files::check(submission.spec)?;
    let (path, body) = match Options::read(submission.account.options).generation {
        Generation::New => new_generation::call(submission)?,
        Generation::Legacy => {
            let endpoint = Endpoint::of(submission.spec, submission.upstream_model);
            (endpoint.legacy_path().to_owned(), legacy::body(submission, endpoint)?)
        }
    };
    Ok(post_json(path, credential::headers(submission.account), body.into_pieces(), true))
}

/// Reads the answer. Only words of the vendor itself count as a yes or a no; a 5xx may come from something in
/// between, or from the vendor after it has begun.
pub(super) fn read(submission: &Submission<'_>, memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
    if let Some(refusal) = memo.get("duplicate") {
        return Turn::End(read_duplicate(submission, refusal, response));
    }
    let status = response.status;
    if status >= 500 || status == 408 {
        return Turn::End(SubmitOutcome::Unclear(format!("HTTP {status}")));
    }
    let success = (200..300).contains(&status);
    let by_status = || {
        let told = Told::Status { status, headers: &response.headers };
        SubmitOutcome::Refused(errors::failure(told))
    };
    Turn::End(match Answer::read(response) {
        Some(answer) if answer.code == 0 && success => accepted(submission, &answer),
        Some(answer) if errors::is_duplicate(answer.code, &answer.text) => {
            return ask_for_duplicate(submission, &answer);
        }
        Some(answer) if errors::is_refusal(answer.code) => SubmitOutcome::Refused(answer.failure(response)),
        Some(answer) if success => SubmitOutcome::Unclear(format!("HTTP {status} with code {}", answer.code)),
        None if success => SubmitOutcome::Unclear(format!("HTTP {status} without a code")),
        _ => by_status(),
    })
}

fn accepted(submission: &Submission<'_>, answer: &Answer) -> SubmitOutcome {
    let task = answer.data.as_object().and_then(upstream_task::read);
    match task {
        Some(task) => SubmitOutcome::Accepted {
            operation: Operation { id: task.id, memo: memo(submission) },
            poll_after_ms: None,
            warnings: Vec::new(),
        },
        None => SubmitOutcome::Unclear("code 0 without an id".to_owned()),
    }
}

/// Our client id is taken: an earlier attempt of this very task arrived after all, so it is asked for.
fn ask_for_duplicate(submission: &Submission<'_>, answer: &Answer) -> Turn<SubmitOutcome> {
    let request = lookup::request(submission.account, submission.client, &memo(submission));
    Turn::Next(request, json!({ "duplicate": { "code": answer.code, "text": answer.text } }))
}

fn read_duplicate(submission: &Submission<'_>, refusal: &Value, response: &Response) -> SubmitOutcome {
    match lookup::read(submission.client, response) {
        Ok(LookupOutcome::Found(operation)) => SubmitOutcome::Accepted {
            operation: Operation { memo: memo(submission), ..operation },
            poll_after_ms: None,
            warnings: Vec::new(),
        },
        Ok(LookupOutcome::Absent) => {
            let code = refusal.get("code").and_then(Value::as_i64).unwrap_or_default();
            let text = refusal.get("text").and_then(Value::as_str).unwrap_or_default();
            SubmitOutcome::Refused(errors::failure(Told::Code { code, text, headers: &HeaderMap::new() }))
        }
        Ok(LookupOutcome::Unsure(why)) => SubmitOutcome::Unclear(why),
        Err(failure) => SubmitOutcome::Unclear(failure.private),
    }
}

fn memo(submission: &Submission<'_>) -> Value {
    endpoint::memo(submission.account.options, submission.spec, submission.upstream_model)
}
