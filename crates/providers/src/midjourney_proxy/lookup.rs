//! Finding a lost submission: the list, matched on the `state` that we sent (section 9).

use super::errors::{self, Told};
use super::options::{Flavour, Options};
use super::poll;
use super::request;
use super::upstream_task::UpstreamTask;
use crate::dialect::{Account, LookupOutcome};
use crate::wire::{Request, Response};
use serde_json::Value;
use task::{ClientId, Failure, Operation};

/// How many tasks `trueai` lists at most, the newest.
const TRUEAI_LIST: usize = 100;

/// Asks for the list.
pub(super) fn request(account: Account<'_>) -> Request {
    request::get(account, "/mj/task/list".to_owned())
}

/// Looks for `client` in it.
pub(super) fn read(
    account: Account<'_>,
    client: ClientId,
    submitted_ms: i64,
    response: &Response,
) -> Result<LookupOutcome, Failure> {
    let listed = poll::tasks(response)?;
    let is_list = matches!(response.body.trim_ascii_start().first(), Some(b'['));
    if !is_list {
        return Err(errors::failure(Told::Nonsense { what: "the answer to a look-up is no list" }));
    }
    let text = client.to_string();
    let tasks = listed.iter().map(UpstreamTask);
    let matching = tasks.clone().filter(|task| task.text("state") == Some(&text));
    // A resubmission sends the same `state`, so two may match: the one that got furthest is ours.
    if let Some(id) = matching.max_by_key(|task| rank(*task)).and_then(UpstreamTask::id) {
        return Ok(LookupOutcome::Found(Operation { id, memo: Value::Null }));
    }
    let reaches_back = tasks.clone().any(|task| task.submitted_ms().is_some_and(|ms| ms < submitted_ms));
    Ok(match Options::read(account.options).flavour {
        Flavour::TrueAi if listed.len() >= TRUEAI_LIST && !reaches_back => {
            LookupOutcome::Unsure("the list holds only newer tasks".to_owned())
        }
        // Its list lives in memory: only a task from before proves that it did not restart since.
        Flavour::NoviceZk if !reaches_back => {
            LookupOutcome::Unsure("the list holds no older task, so the proxy may have restarted".to_owned())
        }
        _ => LookupOutcome::Absent,
    })
}

fn rank(task: UpstreamTask<'_>) -> u8 {
    match task.status().as_str() {
        "SUCCESS" => 2,
        "FAILURE" | "CANCEL" => 0,
        _ => 1,
    }
}
