//! Asking how tasks are: one by `fetch`, several by `list-by-condition` (sections 4 and 5).

use super::answer::Answer;
use super::errors::{self, Told};
use super::options::{Flavour, Options};
use super::upstream_task::UpstreamTask;
use super::{details, outputs, request};
use crate::dialect::{Account, PollItem, PollOutcome};
use crate::json_tree::JsonTree;
use crate::wire::{Request, Response};
use serde_json::{Map, Value};
use std::collections::HashMap;
use task::{Failure, FailureKind, Kind, Phase};

/// Asks for these operations.
pub(super) fn request(account: Account<'_>, items: &[PollItem<'_>]) -> Request {
    if let [item] = items {
        return request::get(account, request::task_path(&item.operation.id, "fetch"));
    }
    let ids: Vec<&str> = items.iter().map(|item| item.operation.id.as_str()).collect();
    let mut body = JsonTree::object();
    body.put("ids", ids);
    request::post(account, "/mj/task/list-by-condition".to_owned(), body.into_pieces(), false)
}

/// One outcome for each item, in their order. What the answer leaves out is missing.
pub(super) fn read(
    account: Account<'_>,
    items: &[PollItem<'_>],
    response: &Response,
) -> Result<Vec<PollOutcome>, Failure> {
    let flavour = Options::read(account.options).flavour;
    let tasks = tasks(response)?;
    let mut by_id: HashMap<String, UpstreamTask<'_>> = HashMap::new();
    for task in tasks.iter().map(UpstreamTask) {
        if let Some(id) = task.id() {
            by_id.entry(id).or_insert(task);
        }
    }
    if let [item] = items
        && !tasks.is_empty()
        && !by_id.contains_key(&item.operation.id)
    {
        return Err(errors::failure(Told::Nonsense { what: "fetch answered with another task" }));
    }
    let outcome = |item: &PollItem<'_>| match by_id.get(&item.operation.id) {
        Some(task) => outcome(*task, item.kind, flavour),
        None => PollOutcome::Missing,
    };
    Ok(items.iter().map(outcome).collect())
}

/// The task objects of an answer: none for an empty body, `null` or "not found", one for an object.
pub(super) fn tasks(response: &Response) -> Result<Vec<Map<String, Value>>, Failure> {
    let status = response.status;
    if status == 404 && Answer::read(&response.body).is_some_and(|answer| answer.code == 3) {
        return Ok(Vec::new());
    }
    if !(200..300).contains(&status) {
        return Err(errors::failure(Told::Status { status, headers: &response.headers }));
    }
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    match serde_json::from_slice(&response.body) {
        Ok(Value::Null) => Ok(Vec::new()),
        Ok(Value::Array(items)) => Ok(items.into_iter().filter_map(object).collect()),
        Ok(Value::Object(task)) if task.contains_key("id") => Ok(vec![task]),
        Ok(Value::Object(_)) => not_a_task(response),
        _ => Err(errors::failure(Told::Nonsense { what: "the answer to a poll is no JSON of the protocol" })),
    }
}

fn not_a_task(response: &Response) -> Result<Vec<Map<String, Value>>, Failure> {
    match Answer::read(&response.body) {
        Some(answer) if answer.code == 3 => Ok(Vec::new()),
        Some(answer) => Err(answer.failure()),
        None => Err(errors::failure(Told::Nonsense { what: "the answer to a poll holds no task" })),
    }
}

fn object(item: Value) -> Option<Map<String, Value>> {
    match item {
        Value::Object(task) => Some(task),
        _ => None,
    }
}

/// How much of a word that no sheet knows is passed on.
const UNKNOWN_WORD_MAX_CHARS: usize = 40;

fn outcome(task: UpstreamTask<'_>, kind: Kind, flavour: Flavour) -> PollOutcome {
    match task.status().as_str() {
        "SUCCESS" => success(task, kind, flavour),
        "FAILURE" => {
            let text = task.text("failReason").unwrap_or_default();
            PollOutcome::Failed(errors::failure(Told::Verdict { text }))
        }
        "MODAL" => PollOutcome::NeedsInput(details::read(task, kind, flavour)),
        "CANCEL" | "CANCELLED" | "CANCELED" => PollOutcome::Cancelled,
        "" | "NOT_START" | "SUBMITTED" => pending(task, Phase::Waiting, None),
        // A word that no sheet knows is still running, as far as anybody can tell.
        "IN_PROGRESS" => pending(task, Phase::Working, None),
        unknown => pending(task, Phase::Working, Some(unknown.chars().take(UNKNOWN_WORD_MAX_CHARS).collect())),
    }
}

fn pending(task: UpstreamTask<'_>, phase: Phase, unknown_word: Option<String>) -> PollOutcome {
    PollOutcome::Pending { phase, percent: task.percent(), poll_after_ms: None, unknown_word }
}

/// A success that gave neither file nor words is none.
fn success(task: UpstreamTask<'_>, kind: Kind, flavour: Flavour) -> PollOutcome {
    let outputs = outputs::read(task);
    let details = details::read(task, kind, flavour);
    if outputs.is_empty() && details.texts.is_empty() {
        let public = "the upstream finished without a result";
        return PollOutcome::Failed(Failure::never(FailureKind::Upstream, public, "SUCCESS without a link or text"));
    }
    PollOutcome::Done { outputs, details }
}
