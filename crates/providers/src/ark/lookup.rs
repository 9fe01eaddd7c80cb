//! Finding a lost submission: the list, matched on the echo of our client id (section 8).

use super::submit::ECHO;
use super::{PAGE_MAX, RETENTION_MS, TASKS, callback, errors, id_of, poll, text};
use crate::dialect::{Account, LookupOutcome};
use crate::http_call::{bearer, json, plain};
use crate::wire::{Request, Response};
use errors::Told;
use http::Method;
use serde_json::{Map, Value};
use task::{ClientId, Failure, Operation};

/// How far the vendor's clock and ours may be apart.
const CLOCK_MARGIN_MS: i64 = 60_000;

/// Asks for the newest page.
pub(super) fn request(account: Account<'_>) -> Request {
    plain(Method::GET, format!("{TASKS}?page_num=1&page_size={PAGE_MAX}"), bearer(account.key))
}

/// Looks for `client` in it. Absence is proved only by a page that reaches back to before the submission,
/// within the vendor's memory, and whose tasks echo what was sent with them.
pub(super) fn read(
    account: Account<'_>,
    client: ClientId,
    submitted_ms: i64,
    response: &Response,
) -> Result<LookupOutcome, Failure> {
    if response.status == 404 {
        return Err(errors::of_response(response));
    }
    let tasks = poll::tasks(response)?;
    let body = json(response);
    let Some(body) = body.as_ref().filter(|body| body.get("items").is_some()) else {
        return Err(errors::failure(Told::Nonsense("the answer to a look-up is no list")));
    };
    // A resubmission sends the same id, so two may match: the one that got furthest is ours.
    let matching = tasks.iter().filter(|task| callback::client_of(task) == Some(client));
    if let Some(id) = matching.max_by_key(|task| rank(task)).and_then(id_of) {
        return Ok(LookupOutcome::Found(Operation { id: id.to_owned(), memo: Value::Null }));
    }
    let unsure = |why: &str| Ok(LookupOutcome::Unsure(why.to_owned()));
    if account.now_ms.saturating_sub(submitted_ms) > RETENTION_MS - CLOCK_MARGIN_MS {
        return unsure("the vendor forgets tasks after 7 days");
    }
    let since_ms = submitted_ms.saturating_sub(CLOCK_MARGIN_MS);
    let total = body.get("total").and_then(Value::as_u64);
    let whole = total.is_some_and(|total| total <= tasks.len() as u64);
    if !whole && !reaches_back(&tasks, since_ms) {
        return unsure("the page does not reach back to the submission");
    }
    let silent =
        |task: &Map<String, Value>| text(task, ECHO).is_none() && created_ms(task).is_none_or(|ms| ms >= since_ms);
    if tasks.iter().any(silent) {
        return unsure("a task of that time echoes no id, and may be the one");
    }
    Ok(LookupOutcome::Absent)
}

/// Whether the page runs from newest to oldest, and further back than `since_ms`.
fn reaches_back(tasks: &[Map<String, Value>], since_ms: i64) -> bool {
    let times: Option<Vec<i64>> = tasks.iter().map(created_ms).collect();
    times.is_some_and(|times| times.is_sorted_by(|a, b| a >= b) && times.last().is_some_and(|ms| *ms < since_ms))
}

fn created_ms(task: &Map<String, Value>) -> Option<i64> {
    task.get("created_at")?.as_i64()?.checked_mul(1_000)
}

fn rank(task: &Map<String, Value>) -> u8 {
    match text(task, "status").unwrap_or_default() {
        "succeeded" => 2,
        "failed" | "cancelled" | "expired" => 0,
        _ => 1,
    }
}
