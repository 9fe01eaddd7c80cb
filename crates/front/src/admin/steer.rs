//! Steering one task: load it, move it one step, retry it.

use super::error::VerbError;
use crate::intake::QUOTA_PER_TASK;
use crate::state::Front;
use ledger::{Change, NewEvent, Opened, Opening};
use queue::{Entry, Lane};
use serde_json::{Value, json};
use task::{Kind, NewCallback, Phase, Shown, State, Step, Task, TaskId};

/// The task, with the freshest progress that this process knows.
pub async fn load(front: &Front, id: TaskId) -> Result<Task, VerbError> {
    let task = front.ledger.task(id).await?;
    task.ok_or_else(|| VerbError::NotFound(format!("there is no task {id}")))
}

/// Moves a task by one step, with the operator's note in its event and the callback that the change
/// calls for, and tells whoever waits for it.
pub async fn change(front: &Front, before: Task, step: Step, note: Value, now_ms: i64) -> Result<Task, VerbError> {
    let name = step.name();
    let after = before.after(step, now_ms).map_err(|illegal| VerbError::Conflict(illegal.to_string()))?;
    let callback = contracts::callback::due(Some(&before), &after, &|key| front.link(key));
    let unit = Change {
        before,
        after: after.clone(),
        event: NewEvent { step: name, note },
        attempt: None,
        callback: callback.clone(),
    };
    front.ledger.commit(vec![unit]).await?;
    front.scheduler.announce(&[after.id]).await;
    ring_callback(front, after.id, callback.as_ref(), now_ms).await;
    Ok(after)
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
    let now_ms = front.clock.now_ms();
    let (channel, upstream_model) = route(front, &old).await?;
    let new = reopened(front, &old, channel, upstream_model, now_ms);
    let callback = contracts::callback::due(None, &new, &|key| front.link(key));
    let opening = Opening {
        reserve: new.reserved,
        callback: callback.clone(),
        idempotency: None,
        only_child_of: None,
        task: new.clone(),
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

/// Where the new task goes: a follow-up to its parent's channel, everything else wherever it could have
/// gone the first time.
async fn route(front: &Front, old: &Task) -> Result<(String, String), VerbError> {
    let channels = front.ledger.channels().await?;
    let found = providers::routing::candidates(&channels, old.spec.kind, &old.model);
    let candidate = if old.spec.kind.needs_parent() {
        found.into_iter().find(|candidate| candidate.channel.name == old.channel)
    } else {
        let mut chance = [0u8; 8];
        front.entropy.fill(&mut chance);
        providers::routing::pick(&found, u64::from_le_bytes(chance))
    };
    let channel = candidate.map(|candidate| candidate.channel).ok_or_else(|| {
        VerbError::Conflict(format!("no channel serves {} ({}) any more", old.model, old.spec.kind.as_str()))
    })?;
    let upstream_model = channel.upstream_model(&old.model).unwrap_or_else(|| old.model.clone());
    Ok((channel.name.clone(), upstream_model))
}

/// The old task's order as a task that nothing has happened to yet.
fn reopened(front: &Front, old: &Task, channel: String, upstream_model: String, now_ms: i64) -> Task {
    Task {
        id: TaskId::new(now_ms, front.entropy.as_ref()),
        version: 1,
        state: State::Queued,
        shown: Shown::Queued,
        phase: Phase::default(),
        progress: 0,
        channel,
        upstream_model,
        attempt: None,
        attempts: 0,
        client: None,
        operation: None,
        details: task::Details::default(),
        outputs: Vec::new(),
        artifacts: Vec::new(),
        failure: None,
        warnings: Vec::new(),
        child: None,
        retry_of: Some(old.id),
        due_ms: Some(now_ms),
        lease_until_ms: None,
        deadline_ms: now_ms + front.settings.task_deadline_ms,
        missing_ms: None,
        created_ms: now_ms,
        started_ms: None,
        finished_ms: None,
        answered_ms: None,
        shown_ms: now_ms,
        updated_ms: now_ms,
        reserved: QUOTA_PER_TASK,
        charged: 0,
        hidden: false,
        trace: None,
        ..old.clone()
    }
}
