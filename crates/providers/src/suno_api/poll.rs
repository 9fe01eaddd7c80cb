//! Asking how tasks are (section 1.3): always by the batch call, whose answer is a list of whole tasks and
//! leaves out what the server does not know. A batch names one action, so tasks of several take one request
//! for each action; what came before the last is kept in the memo.

use super::answer::Answer;
use super::clips;
use super::errors::{self, Told};
use super::options::Options;
use super::upstream_task::UpstreamTask;
use crate::dialect::{Account, PollItem, PollOutcome, Turn};
use crate::http_call::{bearer, post_json};
use crate::json_tree::JsonTree;
use crate::wire::{Request, Response};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use task::{Details, Failure, FailureKind, Kind, Phase};

/// How much of a word that no sheet knows is passed on.
const UNKNOWN_WORD_MAX_CHARS: usize = 40;

/// Asks for the operations of the first action among these.
pub(super) fn first_request(account: Account<'_>, items: &[PollItem<'_>]) -> Request {
    request(account, items, actions(items).first().copied().unwrap_or("MUSIC"))
}

fn request(account: Account<'_>, items: &[PollItem<'_>], action: &str) -> Request {
    let asked = items.iter().filter(|item| action_of(item.kind) == action);
    let ids: Vec<&str> = asked.map(|item| item.operation.id.as_str()).collect();
    let mut body = JsonTree::object();
    body.put("ids", ids).put("action", action);
    post_json("/suno/fetch", bearer(account.key), body.into_pieces(), false)
}

/// The server files a task under the word that it was submitted with.
fn action_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Lyrics => "LYRICS",
        Kind::Concat => "CONCAT",
        _ => "MUSIC",
    }
}

/// The actions of these items, each once, in the order of the first item of each.
fn actions(items: &[PollItem<'_>]) -> Vec<&'static str> {
    let mut actions = Vec::new();
    for action in items.iter().map(|item| action_of(item.kind)) {
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    actions
}

/// One outcome for each item, in their order, once every action has been asked for.
pub(super) fn read(
    account: Account<'_>,
    items: &[PollItem<'_>],
    memo: &Value,
    response: &Response,
) -> Result<Turn<Vec<PollOutcome>>, Failure> {
    let turn = memo.get("turn").and_then(Value::as_u64).and_then(|turn| usize::try_from(turn).ok()).unwrap_or(0);
    let mut tasks = memo.get("tasks").and_then(Value::as_array).cloned().unwrap_or_default();
    tasks.extend(tasks_in(response)?);
    if let Some(action) = actions(items).get(turn + 1) {
        return Ok(Turn::Next(request(account, items, action), json!({ "turn": turn + 1, "tasks": tasks })));
    }
    outcomes(account, items, &tasks).map(Turn::End)
}

fn tasks_in(response: &Response) -> Result<Vec<Value>, Failure> {
    let status = response.status;
    let told_nothing = || errors::failure(Told::Status { status, headers: &response.headers });
    let answer = Answer::read(&response.body);
    if !(200..300).contains(&status) {
        return Err(answer.map_or_else(told_nothing, |answer| answer.failure(response)));
    }
    let Some(answer) = answer else {
        return Err(errors::failure(Told::Nonsense { what: "the answer to a poll is no JSON of the protocol" }));
    };
    if !answer.is_success() {
        return Err(answer.failure(response));
    }
    match answer.into_data() {
        Value::Null => Ok(Vec::new()),
        Value::Array(tasks) => Ok(tasks),
        task @ Value::Object(_) => Ok(vec![task]),
        _ => Err(errors::failure(Told::Nonsense { what: "the answer to a poll holds no tasks" })),
    }
}

fn outcomes(account: Account<'_>, items: &[PollItem<'_>], tasks: &[Value]) -> Result<Vec<PollOutcome>, Failure> {
    let wav = Options::read(account.options).wav;
    let mut by_id: HashMap<String, UpstreamTask<'_>> = HashMap::new();
    for task in tasks.iter().filter_map(Value::as_object).map(UpstreamTask) {
        if let Some(id) = task.id() {
            by_id.entry(id).or_insert(task);
        }
    }
    // An answer that knows none of what was asked, and something else instead, proves nothing missing.
    let answered = |item: &PollItem<'_>| by_id.contains_key(&item.operation.id);
    if !tasks.is_empty() && !items.iter().any(answered) {
        return Err(errors::failure(Told::Nonsense { what: "the answer to a poll is about other tasks" }));
    }
    let outcome = |item: &PollItem<'_>| match by_id.get(&item.operation.id) {
        Some(task) => outcome(*task, item.kind, wav),
        None => PollOutcome::Missing,
    };
    Ok(items.iter().map(outcome).collect())
}

fn outcome(task: UpstreamTask<'_>, kind: Kind, wav: bool) -> PollOutcome {
    match task.status().as_str() {
        "" | "NOT_START" | "SUBMITTED" | "QUEUED" => pending(task, Phase::Waiting, None),
        "IN_PROGRESS" => pending(task, Phase::Working, None),
        // The server calls a task failed as soon as one clip of two has failed, and counts UNKNOWN as done:
        // what is finished all the same is taken.
        "SUCCESS" | "FAILURE" | "UNKNOWN" if kind == Kind::Lyrics => lyrics(task),
        "SUCCESS" | "FAILURE" | "UNKNOWN" => songs(task, wav),
        // A word that no sheet knows is still running, as far as anybody can tell.
        unknown => pending(task, Phase::Working, Some(unknown.chars().take(UNKNOWN_WORD_MAX_CHARS).collect())),
    }
}

fn pending(task: UpstreamTask<'_>, phase: Phase, unknown_word: Option<String>) -> PollOutcome {
    PollOutcome::Pending { phase, percent: task.percent(), poll_after_ms: None, unknown_word }
}

fn songs(task: UpstreamTask<'_>, wav: bool) -> PollOutcome {
    let data = task.data();
    let clips::Finished { clips, outputs } = clips::finished(&data, wav);
    if !outputs.is_empty() {
        return PollOutcome::Done { outputs, details: Details { clips, extras: Map::new(), ..Details::default() } };
    }
    if task.status() == "SUCCESS" && data.iter().any(|clip| clips::is_unfinished(*clip)) {
        return pending(task, Phase::Working, None);
    }
    failed(task)
}

fn lyrics(task: UpstreamTask<'_>) -> PollOutcome {
    let data = task.data();
    let written: Vec<_> = data.iter().filter(|words| !words.text("text").trim().is_empty()).collect();
    let Some(first) = written.first().filter(|_| task.status() == "SUCCESS") else {
        return failed(task);
    };
    let title = Some(first.text("title").to_owned()).filter(|title| !title.is_empty());
    let texts = written.iter().map(|words| words.text("text").to_owned()).collect();
    PollOutcome::Done { outputs: Vec::new(), details: Details { title, texts, ..Details::default() } }
}

/// The reason that the task tells, else the first that a clip tells.
fn failed(task: UpstreamTask<'_>) -> PollOutcome {
    let data = task.data();
    let told = |name: &str| data.iter().map(|clip| clip.text(name)).find(|text| !text.is_empty()).unwrap_or_default();
    let reason = Some(task.fail_reason()).filter(|text| !text.is_empty()).unwrap_or_else(|| told("error_message"));
    let kind = told("error_type");
    if task.status() == "SUCCESS" && reason.is_empty() && kind.is_empty() {
        let public = "the upstream finished without a result";
        return PollOutcome::Failed(Failure::never(FailureKind::Upstream, public, "SUCCESS without a clip or text"));
    }
    PollOutcome::Failed(errors::failure(Told::Verdict { kind, text: reason }))
}
