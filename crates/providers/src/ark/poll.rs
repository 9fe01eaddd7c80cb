//! Asking how tasks are: one by its id, several by a list (sections 3 and 4).

use super::{TASKS, details, errors, id_of, task_path, text};
use crate::dialect::{Account, PollItem, PollOutcome};
use crate::http_call::{bearer, json, plain, segment};
use crate::wire::{Request, Response};
use errors::Told;
use http::Method;
use serde_json::{Map, Value};
use task::{Failure, FailureKind, Phase};

/// How much of a word that no sheet knows is passed on.
const UNKNOWN_WORD_MAX_CHARS: usize = 40;

/// Asks for these operations.
pub(super) fn request(account: Account<'_>, items: &[PollItem<'_>]) -> Request {
    let path = match items {
        [item] => task_path(&item.operation.id),
        _ => {
            let ids = items.iter().map(|item| format!("&filter.task_ids={}", segment(&item.operation.id)));
            format!("{TASKS}?page_num=1&page_size={}{}", items.len().max(1), ids.collect::<String>())
        }
    };
    plain(Method::GET, path, bearer(account.key))
}

/// One outcome for each item, in their order. What a list leaves out is missing; the core then asks for
/// it by itself, and a 404 with the vendor's own words says it again.
pub(super) fn read(items: &[PollItem<'_>], response: &Response) -> Result<Vec<PollOutcome>, Failure> {
    let tasks = tasks(response)?;
    let find = |item: &PollItem<'_>| tasks.iter().find(|task| id_of(task) == Some(item.operation.id.as_str()));
    if let ([item], false) = (items, tasks.is_empty())
        && find(item).is_none()
    {
        return Err(errors::failure(Told::Nonsense("the answer to a poll is another task")));
    }
    Ok(items.iter().map(|item| find(item).map_or(PollOutcome::Missing, outcome)).collect())
}

/// The task objects of an answer; none for a task that the vendor does not know.
pub(super) fn tasks(response: &Response) -> Result<Vec<Map<String, Value>>, Failure> {
    let body = json(response);
    if response.status == 404 && body.as_ref().is_some_and(|body| body.get("error").is_some_and(Value::is_object)) {
        return Ok(Vec::new());
    }
    if !(200..300).contains(&response.status) {
        return Err(errors::of_response(response));
    }
    match body {
        Some(Value::Object(mut body)) => match body.remove("items") {
            Some(Value::Array(items)) => Ok(items.into_iter().filter_map(object).collect()),
            // An empty page may come as null.
            Some(Value::Null) => Ok(Vec::new()),
            None if body.contains_key("id") => Ok(vec![body]),
            _ => Err(errors::failure(Told::Nonsense("the answer to a poll holds no task"))),
        },
        _ => Err(errors::failure(Told::Nonsense("the answer to a poll is no JSON of the protocol"))),
    }
}

fn object(item: Value) -> Option<Map<String, Value>> {
    match item {
        Value::Object(task) => Some(task),
        _ => None,
    }
}

fn outcome(task: &Map<String, Value>) -> PollOutcome {
    let word = text(task, "status").unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "" | "queued" => pending(Phase::Waiting, None),
        "running" => pending(Phase::Working, None),
        "succeeded" => success(task),
        "failed" => {
            let (code, message) = errors::code_and_message(task.get("error"));
            PollOutcome::Failed(errors::failure(Told::Verdict { code, message }))
        }
        "expired" => {
            let public = "the upstream gave up: the task took longer than execution_expires_after allows";
            PollOutcome::Failed(Failure::never(FailureKind::Expired, public, "expired upstream"))
        }
        "cancelled" | "canceled" => PollOutcome::Cancelled,
        // A word that no sheet knows is still running, as far as anybody can tell.
        _ => pending(Phase::Working, Some(word.chars().take(UNKNOWN_WORD_MAX_CHARS).collect())),
    }
}

fn pending(phase: Phase, unknown_word: Option<String>) -> PollOutcome {
    PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word }
}

/// A success without a film is none.
fn success(task: &Map<String, Value>) -> PollOutcome {
    let outputs = details::outputs(task);
    if outputs.iter().any(|output| output.role == task::Role::Video) {
        return PollOutcome::Done { outputs, details: details::read(task) };
    }
    let public = "the upstream finished without a result";
    PollOutcome::Failed(Failure::never(FailureKind::Upstream, public, "succeeded without a link to a film"))
}
