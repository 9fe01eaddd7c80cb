//! `Call::Cancel`: stops a task. Free while it is queued; later only where the vendor can.

use crate::api::Api;
use crate::asked::Asked;
use crate::errand::{self, ERRAND_LIMIT};
use crate::views::{self, Seen};
use crate::{reply, ring, waiting};
use axum::response::Response;
use contracts::{Problem, callback};
use ledger::{Change, ErrandKind, ErrandResult, LedgerError, NewEvent};
use serde_json::json;
use std::sync::Arc;
use task::{State, Step, Task};
use tokio::time::Instant;

/// How often a stop is tried again when the task changed in between.
const TRIES_MAX: usize = 5;

/// Stops the task that the request names; 409 in plain words when it can't be stopped.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let seen = views::named(api, asked).await?;
    let stopped = stop(api, asked, seen).await?;
    let link = |key: &str| api.front.link(key);
    let view = stopped.view(&link, api);
    Ok(reply::about(asked.family, view.face(), &asked.family.cancelled(&view)))
}

/// Stops a task, or the one that it was handed over to, and gives it as it is then.
pub async fn stop(api: &Api, asked: &Asked, mut seen: Seen) -> Result<Seen, Problem> {
    for _ in 0..TRIES_MAX {
        match seen.latest().state {
            State::Queued => {
                if let Some(stopped) = stop_queued(api, seen.latest()).await? {
                    return Ok(seen.with_latest(Arc::new(stopped)));
                }
            }
            State::Running | State::AwaitingInput => return forward(api, asked, &seen).await,
            State::Submitting | State::Uncertain => {
                let message =
                    "the task is being handed to the provider right now and can't be stopped; try again shortly";
                return Err(Problem::not_cancellable(message));
            }
            State::Archiving => {
                return Err(Problem::not_cancellable("the task has its result already and can't be stopped any more"));
            }
            // The child that took it over is gone.
            State::HandedOver => return Err(Problem::not_cancellable("the task can't be stopped any more")),
            State::Succeeded | State::Failed | State::Cancelled => {
                return Err(Problem::not_cancellable(format!("the task has ended already: {}", seen.latest().state)));
            }
        }
        seen = views::one(api, asked, &seen.task.id.to_string()).await?;
    }
    Err(Problem::not_cancellable("the task keeps changing; try again"))
}

/// `None` when somebody else changed the task first.
async fn stop_queued(api: &Api, before: &Task) -> Result<Option<Task>, Problem> {
    let now_ms = api.now_ms();
    let Ok(after) = before.after(Step::Cancel, now_ms) else { return Ok(None) };
    let link = |key: &str| api.front.link(key);
    let callback = callback::due(Some(before), &after, &link);
    let callback_host = callback.as_ref().map(|callback| callback.host.clone());
    let event = NewEvent { step: Step::Cancel.name(), note: json!({ "by": "caller" }) };
    let change = Change { before: before.clone(), after: after.clone(), event, attempt: None, callback };
    match api.front.ledger.commit(vec![change]).await {
        Ok(()) => {
            ring::cancelled(api, after.id, callback_host, now_ms);
            Ok(Some(after))
        }
        // Unknown: the row tells when it is read again.
        Err(LedgerError::Stale | LedgerError::Unknown(_)) => stopped_meanwhile(api, &after).await,
        Err(error) => Err(reply::ledger_problem(&error)),
    }
}

/// Whether the row shows the very change that was asked for (a commit whose answer was lost).
async fn stopped_meanwhile(api: &Api, wanted: &Task) -> Result<Option<Task>, Problem> {
    let row = api.front.ledger.task(wanted.id).await.map_err(|error| reply::ledger_problem(&error))?;
    Ok(row.filter(|row| row.state == State::Cancelled && row.version == wanted.version))
}

/// Asks the vendor to stop it, where its protocol can, and waits for the end.
async fn forward(api: &Api, asked: &Asked, seen: &Seen) -> Result<Seen, Problem> {
    let task = seen.latest();
    let deadline = Instant::now() + ERRAND_LIMIT;
    if !can_stop(api, task) {
        return Err(Problem::not_cancellable("the task is running, and its provider has no way to stop it"));
    }
    match errand::ask(api, task, ErrandKind::Cancel, deadline).await? {
        Some(ErrandResult::Done(_)) => {}
        Some(ErrandResult::TooLate(reason) | ErrandResult::Failed(reason)) => {
            return Err(Problem::not_cancellable(format!("the provider did not stop the task: {reason}")));
        }
        Some(ErrandResult::None) | None => {
            return Err(Problem::not_cancellable(
                "the provider has not confirmed that the task stops; ask for its status",
            ));
        }
    }
    // The provider stops it; the next poll makes that an end.
    waiting::until_over(api, task.id, deadline.saturating_duration_since(Instant::now())).await;
    let seen = views::one(api, asked, &seen.task.id.to_string()).await?;
    match seen.latest().state {
        State::Succeeded | State::Archiving => {
            Err(Problem::not_cancellable("the task had its result before the provider could stop it"))
        }
        _ => Ok(seen),
    }
}

fn can_stop(api: &Api, task: &Task) -> bool {
    let channel = api.front.channels.get(&task.channel);
    let can =
        channel.and_then(|channel| Some(providers::find(&channel.dialect)?.capabilities(&channel.options).cancel));
    task.operation.is_some() && can.unwrap_or(false)
}
