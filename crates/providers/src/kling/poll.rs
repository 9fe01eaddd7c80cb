//! Asking how tasks are. Legacy tasks are asked for one by one, each by its own path: the list pages have no
//! filter, and a page without a task in it proves nothing, so they would save no question. The new generation
//! takes many ids at once (`upstream/kling.md` sections 3 to 5).

use super::endpoint::{self, FILM_PATHS, TASKS};
use super::errors::{self, Told};
use super::upstream_task::UpstreamTask;
use super::{answer, credential};
use crate::dialect::{Account, PollItem, PollOutcome, Turn};
use crate::http_call::{plain, segment};
use crate::wire::{Request, Response};
use http::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use task::{Failure, FailureKind, Operation, Phase};

/// How much of a word that no sheet knows is passed on.
const UNKNOWN_WORD_MAX_CHARS: usize = 40;

/// Asks for these operations. Legacy ones among several are left out, which reads as missing, so that the
/// core asks for them singly.
pub(super) fn request(account: Account<'_>, items: &[PollItem<'_>]) -> Request {
    let ids: Vec<&str> =
        items.iter().filter(|item| query(account, item) == TASKS).map(|item| item.operation.id.as_str()).collect();
    match items.first() {
        Some(first) if ids.is_empty() => one(account, query(account, first), &first.operation.id),
        _ => many(account, "task_ids", &ids),
    }
}

fn query<'a>(account: Account<'_>, item: &PollItem<'a>) -> &'a str {
    endpoint::query(account.options, &item.operation.memo, item.kind)
}

/// Asks for one task by its path and any of its ids.
pub(super) fn one(account: Account<'_>, path: &str, id: &str) -> Request {
    plain(Method::GET, format!("{path}/{}", segment(id)), credential::headers(account))
}

/// Asks for tasks of the new generation, by `task_ids` or `external_task_ids`.
pub(super) fn many(account: Account<'_>, by: &str, ids: &[&str]) -> Request {
    let ids: Vec<String> = ids.iter().map(|id| segment(id)).collect();
    plain(Method::GET, format!("{TASKS}?{by}={}", ids.join(",")), credential::headers(account))
}

/// One outcome for each item, in their order. What the answer leaves out is missing. A film of which only the
/// id is known may be behind any of the film paths, so these are tried one after another.
pub(super) fn read(
    account: Account<'_>,
    items: &[PollItem<'_>],
    memo: &Value,
    response: &Response,
) -> Result<Turn<Vec<PollOutcome>>, Failure> {
    let tasks = answer::tasks(response)?;
    if tasks.is_empty()
        && let [item] = items
        && let Some(turn) = next_path(account, item, memo)
    {
        return Ok(turn);
    }
    let mut by_id: HashMap<&str, &UpstreamTask> = HashMap::new();
    for task in &tasks {
        by_id.entry(&task.id).or_insert(task);
    }
    if let [item] = items
        && !tasks.is_empty()
        && !by_id.contains_key(item.operation.id.as_str())
    {
        return Err(errors::failure(Told::Nonsense { what: "the answer is about another task" }));
    }
    let outcome = |item: &PollItem<'_>| match by_id.get(item.operation.id.as_str()) {
        Some(task) => outcome(task),
        None => PollOutcome::Missing,
    };
    Ok(Turn::End(items.iter().map(outcome).collect()))
}

fn next_path(account: Account<'_>, item: &PollItem<'_>, memo: &Value) -> Option<Turn<Vec<PollOutcome>>> {
    let Operation { id, memo: known } = item.operation;
    if known.get("query").is_some() || !FILM_PATHS.contains(&query(account, item)) {
        return None;
    }
    let tried = memo.get("tried").and_then(Value::as_u64).and_then(|tried| usize::try_from(tried).ok()).unwrap_or(1);
    let path = FILM_PATHS.get(tried)?;
    Some(Turn::Next(one(account, path, id), json!({ "tried": tried + 1 })))
}

/// The words of both generations, and of both spellings of success.
fn outcome(task: &UpstreamTask) -> PollOutcome {
    match task.word.as_str() {
        "succeed" | "succeeded" => success(task),
        "failed" => PollOutcome::Failed(errors::failure(Told::Verdict { text: &task.text })),
        "" | "submitted" => pending(Phase::Waiting, None),
        "processing" => pending(Phase::Working, None),
        // A word that no sheet knows is still running, as far as anybody can tell.
        unknown => pending(Phase::Working, Some(unknown.chars().take(UNKNOWN_WORD_MAX_CHARS).collect())),
    }
}

fn pending(phase: Phase, unknown_word: Option<String>) -> PollOutcome {
    PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word }
}

/// A success that gave no file is none.
fn success(task: &UpstreamTask) -> PollOutcome {
    if task.outputs.is_empty() {
        let public = "the upstream finished without a result";
        return PollOutcome::Failed(Failure::never(FailureKind::Upstream, public, "success without a link"));
    }
    PollOutcome::Done { outputs: task.outputs.clone(), details: task.details.clone() }
}
