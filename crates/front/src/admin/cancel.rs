//! Stopping a task: free while it is queued, later only where the vendor can.

use super::error::VerbError;
use super::steer::{change, load};
use crate::errand::ERRAND_LIMIT;
use crate::state::Front;
use ledger::{Errand, ErrandKind, ErrandResult};
use queue::{Entry, Lane};
use serde_json::{Value, json};
use std::time::Duration;
use task::{ErrandId, State, Step, Task, TaskId};
use tokio::time::{Instant, sleep};

/// The pause between two looks at an errand. An operator waits for it once in a while: no hint is needed.
const LOOK_PERIOD: Duration = Duration::from_millis(250);

/// Stops a task, or tells in plain words why it can't be stopped.
pub async fn cancel(front: &Front, id: TaskId) -> Result<Value, VerbError> {
    let task = load(front, id).await?;
    let conflict = |text: &str| Err(VerbError::Conflict(format!("{id} {text}")));
    match task.state {
        State::Queued => stop_queued(front, task).await,
        State::Running | State::AwaitingInput => forward(front, task).await,
        State::Submitting => conflict("is being handed to the provider right now; try again shortly"),
        State::Uncertain => conflict("is uncertain; end the doubt with task resolve"),
        State::Archiving => conflict("has its result already"),
        State::HandedOver => conflict("was taken over by another task; stop that one"),
        State::Succeeded | State::Failed | State::Cancelled => conflict("has ended already"),
    }
}

async fn stop_queued(front: &Front, task: Task) -> Result<Value, VerbError> {
    let note = json!({ "by": "operator", "who": "operator", "verb": "task_cancel" });
    let after = change(front, task, Step::Cancel, note, front.clock.now_ms()).await?;
    if let Err(error) = front.scheduler.remove(Lane::Submit, &[after.id]).await {
        // A worker that finds it there sees that it has ended.
        tracing::debug!(task = %after.id, %error, "a cancelled task stays on the submit lane");
    }
    tracing::info!(who = "operator", task = %after.id, "task cancelled");
    Ok(json!({ "task": after.id, "state": after.state }))
}

/// Asks the vendor to stop it. The answer tells the state then: the next poll makes the stop an end.
async fn forward(front: &Front, task: Task) -> Result<Value, VerbError> {
    let id = task.id;
    if !can_stop(front, &task) {
        return Err(VerbError::Conflict(format!("{id} is running, and its provider has no way to stop it")));
    }
    let errand = ask(front, &task).await?;
    tracing::info!(who = "operator", task = %id, "the provider is asked to stop a task");
    match wait(front, errand).await? {
        Some(ErrandResult::Done(_)) => {
            let state = load(front, id).await?.state;
            Ok(json!({ "task": id, "state": state, "stopped_by_provider": true }))
        }
        Some(ErrandResult::TooLate(reason) | ErrandResult::Failed(reason)) => {
            Err(VerbError::Conflict(format!("the provider did not stop {id}: {reason}")))
        }
        Some(ErrandResult::None) | None => {
            Err(VerbError::Conflict(format!("the provider has not confirmed that {id} stops; look at it again")))
        }
    }
}

fn can_stop(front: &Front, task: &Task) -> bool {
    let channel = front.channels.get(&task.channel);
    let can = channel.and_then(|c| Some(providers::find(&c.dialect)?.capabilities(&c.options).cancel));
    task.operation.is_some() && can.unwrap_or(false)
}

/// Opens an errand, or joins the open one.
async fn ask(front: &Front, task: &Task) -> Result<ErrandId, VerbError> {
    let now_ms = front.clock.now_ms();
    let open = front.ledger.open_errands(&[task.id]).await?;
    let id = match open.into_iter().find(|errand| errand.kind == ErrandKind::Cancel) {
        Some(errand) => errand.id,
        None => {
            let id = ErrandId::new(now_ms, front.entropy.as_ref());
            let errand = Errand { id, task: task.id, kind: ErrandKind::Cancel, created_ms: now_ms, result: None };
            front.ledger.open_errand(&errand).await?;
            id
        }
    };
    let entry = Entry { id: task.id, channel: task.channel.clone(), due_ms: now_ms };
    let added = front.scheduler.add(Lane::Poll, &[entry]).await;
    if let Err(error) = added.and(front.scheduler.hint(Lane::Poll, &[task.id]).await) {
        tracing::warn!(task = %task.id, %error, "could not ring for a stop; the sweep will");
    }
    Ok(id)
}

async fn wait(front: &Front, id: ErrandId) -> Result<Option<ErrandResult>, VerbError> {
    let deadline = Instant::now() + ERRAND_LIMIT;
    loop {
        if let Some(result) = front.ledger.errand(id).await?.and_then(|errand| errand.result) {
            return Ok(Some(result));
        }
        if Instant::now() >= deadline || front.draining.is_cancelled() {
            return Ok(None);
        }
        sleep(LOOK_PERIOD).await;
    }
}
