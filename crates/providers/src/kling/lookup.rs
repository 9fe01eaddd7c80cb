//! Finding a lost submission: our client id goes up as `external_task_id`, and questions take it in place of
//! the vendor's own (`upstream/kling.md` section 9).

use super::endpoint::{FILM_PATHS, TASKS};
use super::options::{Generation, Options};
use super::upstream_task::UpstreamTask;
use super::{answer, poll};
use crate::dialect::{Account, LookupOutcome};
use crate::wire::{Request, Response};
use serde_json::Value;
use task::{ClientId, Failure, Operation};

/// Asks by the path in `memo`; without one, by the likeliest.
pub(super) fn request(account: Account<'_>, client: ClientId, memo: &Value) -> Request {
    let usual = match Options::read(account.options).generation {
        Generation::New => TASKS,
        Generation::Legacy => FILM_PATHS[0],
    };
    let query = memo.get("query").and_then(Value::as_str).unwrap_or(usual);
    let client = client.to_string();
    if query == TASKS {
        poll::many(account, "external_task_ids", &[&client])
    } else {
        poll::one(account, query, &client)
    }
}

/// What the answer says. Ids are unique per account, so that a clear "no" is a proof; and a second submission
/// under the same id would be refused, not run twice.
pub(super) fn read(client: ClientId, response: &Response) -> Result<LookupOutcome, Failure> {
    let tasks = answer::tasks(response)?;
    let client = client.to_string();
    if let Some(task) = tasks.iter().find(|task| task.external_id.as_deref() == Some(&client)) {
        return Ok(LookupOutcome::Found(Operation { id: task.id.clone(), memo: Value::Null }));
    }
    Ok(match tasks.is_empty() {
        true => LookupOutcome::Absent,
        false => LookupOutcome::Unsure("the answer names another external_task_id, or none".to_owned()),
    })
}

/// Whether an answer is about one task alone, and that one carries our client id.
pub(super) fn carries_client(client: ClientId, response: &Response) -> bool {
    let carries = |task: &UpstreamTask| task.external_id.as_deref() == Some(&client.to_string());
    matches!(answer::tasks(response).as_deref(), Ok([task]) if carries(task))
}
