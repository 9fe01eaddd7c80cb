//! Steering one task: load it, move it one step, retry it.

use super::error::VerbError;
use crate::placing::Place;
use crate::state::Front;
use crate::submission;
use ledger::{Change, NewEvent, Opened, Opening};
use queue::{Entry, Lane};
use serde_json::{Value, json};
use task::{Details, Kind, NewCallback, State, Step, Task, TaskId};
use tracing::{Instrument, Span};

/// The task, with the freshest progress that this process knows.
pub async fn load(front: &Front, id: TaskId) -> Result<Task, VerbError> {
    let task = front.ledger.task(id).await?;
    task.ok_or_else(|| VerbError::NotFound(format!("there is no task {id}")))
}

/// Moves a task by one step, with the operator's note in its event and the callback that the change
/// calls for, and tells whoever waits for it.
pub async fn change(front: &Front, before: Task, step: Step, note: Value, now_ms: i64) -> Result<Task, VerbError> {
    let unit = vec![changed(front, before, step, note, now_ms)?];
    let mut after = commit(front, unit, now_ms).await?;
    after.pop().ok_or_else(|| VerbError::Internal("a change that was made has no task".to_owned()))
}

/// The change that takes a task one step on, not yet made.
pub fn changed(front: &Front, before: Task, step: Step, note: Value, now_ms: i64) -> Result<Change, VerbError> {
    let name = step.name();
    let after = before.after(step, now_ms).map_err(|illegal| VerbError::Conflict(illegal.to_string()))?;
    let callback = contracts::callback::due(Some(&before), &after, &|key| front.link(key));
    Ok(Change { before, after, event: NewEvent { step: name, note }, attempt: None, callback })
}

/// Makes several changes, or none of them, and tells whoever waits for the tasks. Gives them as they
/// stand then, in the same order.
pub async fn commit(front: &Front, unit: Vec<Change>, now_ms: i64) -> Result<Vec<Task>, VerbError> {
    let made: Vec<_> = unit.iter().map(|change| (change.after.clone(), change.callback.clone())).collect();
    front.ledger.commit(unit).await?;
    for (after, callback) in &made {
        front.scheduler.announce(&[after.id]).await;
        ring_callback(front, after.id, callback.as_ref(), now_ms).await;
    }
    Ok(made.into_iter().map(|(after, _)| after).collect())
}

async fn ring_callback(front: &Front, id: TaskId, callback: Option<&NewCallback>, now_ms: i64) {
    let Some(callback) = callback else { return };
    ring(front, Lane::Notify, Entry { id, channel: callback.host.clone(), due_ms: now_ms }).await;
}

async fn ring(front: &Front, lane: Lane, entry: Entry) {
    let id = entry.id;
    if let Err(error) = front.scheduler.add(lane, &[entry]).await {
        tracing::warn!(task = %id, %lane, %error, "could not ring; the sweep will");
    }
}

/// Opens a new task like an ended one. The old one stays as it is.
pub async fn retry(front: &Front, id: TaskId) -> Result<Value, VerbError> {
    let old = load(front, id).await?;
    if !matches!(old.state, State::Failed | State::Cancelled) {
        return Err(VerbError::Conflict(format!("{id} is {}; only a failed or cancelled task is retried", old.state)));
    }
    if old.spec.kind == Kind::Modal {
        // It would answer a question that its parent asks no more.
        return Err(VerbError::Conflict(format!(
            "{id} answered another task's question; press the button again instead"
        )));
    }
    let span = submission::retry_span(&old);
    reopen(front, &old).instrument(span).await
}

async fn reopen(front: &Front, old: &Task) -> Result<Value, VerbError> {
    let (id, now_ms) = (old.id, front.clock.now_ms());
    let place = route(front, old).await?;
    let new = reopened(front, old, place, now_ms);
    submission::note_task(front, &new, Some(old));
    let callback = contracts::callback::due(None, &new, &|key| front.link(key));
    let opening = Opening {
        reserve: new.reserved,
        callback: callback.clone(),
        idempotency: None,
        only_child_of: None,
        task: Box::new(new.clone()),
    };
    match front.ledger.open_task(opening).await? {
        Opened::New => {}
        other => return Err(VerbError::Internal(format!("a fresh task was not opened as new: {other:?}"))),
    }
    ring(front, Lane::Submit, Entry { id: new.id, channel: new.channel.clone(), due_ms: now_ms }).await;
    ring_callback(front, new.id, callback.as_ref(), now_ms).await;
    tracing::info!(who = "operator", task = %new.id, retry_of = %id, channel = new.channel, "task retried");
    Ok(json!({ "task": new.id, "retry_of": id, "state": new.state, "channel": new.channel }))
}

/// Where the new task goes: one with a parent to the parent's channel, everything else wherever it could
/// have gone the first time.
async fn route(front: &Front, old: &Task) -> Result<Place, VerbError> {
    let channels = front.ledger.channels().await?;
    let mut found = providers::routing::candidates(&channels, old.spec.kind, &old.model);
    found.retain(|candidate| candidate.refusal(&old.model, &old.spec).is_none());
    let same = found.iter().find(|candidate| candidate.channel.name == old.channel).copied();
    let candidate = if old.spec.kind.needs_parent() || (old.spec.parent.is_some() && same.is_some()) {
        same
    } else {
        let mut chance = [0u8; 8];
        front.entropy.fill(&mut chance);
        providers::routing::pick(&found, u64::from_le_bytes(chance))
    };
    candidate.and_then(|candidate| Place::at(candidate, &old.model, &old.spec)).ok_or_else(|| {
        VerbError::Conflict(format!("no channel serves {} ({}) any more", old.model, old.spec.kind.as_str()))
    })
}

/// The old task's order as a task that nothing has happened to yet. A parent that could be done without
/// is left behind on another channel: its handle means nothing there.
fn reopened(front: &Front, old: &Task, place: Place, now_ms: i64) -> Task {
    let id = TaskId::new(now_ms, front.entropy.as_ref());
    let mut spec = old.spec.clone();
    if place.channel != old.channel {
        spec.parent = None;
    }
    Task {
        family: old.family.clone(),
        action: old.action.clone(),
        model: old.model.clone(),
        channel: place.channel,
        upstream_model: place.upstream_model,
        details: Details { fitted: place.fit.fitted, ..Details::default() },
        warnings: place.fit.warnings,
        callback_url: old.callback_url.clone(),
        external_id: old.external_id.clone(),
        retry_of: Some(old.id),
        trace: front.traces.traceparent(&Span::current()).or_else(|| old.trace.clone()),
        deadline_ms: now_ms + front.settings.task_deadline_ms,
        reserved: front.settings.price,
        ..Task::queued(id, old.token, spec, now_ms)
    }
}
