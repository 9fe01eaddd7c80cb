//! The operator's end of a doubt: the paid request of an uncertain task arrived, or it did not.

use super::error::VerbError;
use super::steer::{changed, commit, load};
use crate::state::Front;
use queue::Lane;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use task::{Failure, FailureKind, Kind, Operation, Requeue, State, Step, Task, TaskId};

/// The longest vendor id that is taken.
const OPERATION_ID_MAX_BYTES: usize = 256;

/// What the operator knows of a doubtful submission, or decides about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It arrived: `{"arrived":{"operation_id":"…"}}`.
    Arrived {
        /// The vendor's id for it.
        operation_id: String,
    },
    /// It did not arrive; the task is submitted again.
    NotArrived,
    /// Nobody can tell: end it and give the reserve back.
    Fail,
    /// Nobody can tell: submit it again and accept that it may be charged twice.
    Resubmit,
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Self::Arrived { .. } => "arrived",
            Self::NotArrived => "not_arrived",
            Self::Fail => "fail",
            Self::Resubmit => "resubmit",
        }
    }
}

/// Ends the doubt about a task and answers it as it stands then.
pub async fn resolve(front: &Front, id: TaskId, verdict: Verdict) -> Result<Value, VerbError> {
    let before = load(front, id).await?;
    if before.state != State::Uncertain {
        return Err(VerbError::Conflict(format!(
            "{id} is {}; only an uncertain task has a doubt to end",
            before.state
        )));
    }
    let now_ms = front.clock.now_ms();
    let step = step(front, &before, &verdict, now_ms).await?;
    let note = json!({ "who": "operator", "verb": "task_resolve", "as": verdict.word() });
    let parent = match &verdict {
        Verdict::Arrived { .. } => asking_parent(front, &before).await?,
        _ => None,
    };
    let mut unit = vec![changed(front, before, step, note.clone(), now_ms)?];
    if let Some(parent) = parent {
        unit.push(changed(front, parent, Step::HandOver { child: id }, note, now_ms)?);
    }
    let after = commit(front, unit, now_ms).await?;
    for task in &after {
        ring(front, task, now_ms).await;
    }
    let task = after.first().ok_or_else(|| VerbError::Internal("a doubt was ended without a task".to_owned()))?;
    tracing::info!(who = "operator", task = %id, verdict = verdict.word(), state = %task.state, "doubt ended");
    Ok(json!({ "task": id, "state": task.state, "version": task.version }))
}

/// The task whose question this one answered, while it still asks: an answer that arrived takes over
/// its operation and its slot, in the same unit.
async fn asking_parent(front: &Front, answer: &Task) -> Result<Option<Task>, VerbError> {
    let Some(id) = answer.spec.parent.filter(|_| answer.spec.kind == Kind::Modal) else { return Ok(None) };
    let parent = front.ledger.task(id).await?;
    Ok(parent.filter(|parent| parent.state == State::AwaitingInput))
}

async fn step(front: &Front, task: &Task, verdict: &Verdict, now_ms: i64) -> Result<Step, VerbError> {
    match verdict {
        Verdict::Arrived { operation_id } => {
            check_operation(front, task, operation_id).await?;
            let operation = Operation { id: operation_id.clone(), memo: Value::Null };
            Ok(Step::Accept { operation, warnings: Vec::new() })
        }
        Verdict::NotArrived | Verdict::Resubmit => Ok(Step::Requeue { why: Requeue::Resubmit, due_ms: now_ms }),
        Verdict::Fail => Ok(Step::Fail(Failure::never(
            FailureKind::Uncertain,
            "it could not be told whether the request reached the provider",
            "failed by the operator while uncertain",
        ))),
    }
}

/// Refuses an id that can't be one, or that is another task's: two tasks must never share an operation,
/// but for an answer that goes on with its parent's (`upstream/midjourney.md`, `/mj/submit/modal`).
async fn check_operation(front: &Front, task: &Task, operation_id: &str) -> Result<(), VerbError> {
    let sound = operation_id.chars().all(|c| !c.is_control() && !c.is_whitespace());
    if operation_id.is_empty() || operation_id.len() > OPERATION_ID_MAX_BYTES || !sound {
        return Err(VerbError::invalid("operation_id", "the vendor's id: 1 to 256 bytes without spaces"));
    }
    let found = front.ledger.find_operation(&task.channel, operation_id).await?;
    let goes_on = task.spec.kind == Kind::Modal && found.is_some() && found == task.spec.parent;
    match found {
        Some(other) if other != task.id && !goes_on => {
            Err(VerbError::Conflict(format!("operation {operation_id} belongs to {other} already")))
        }
        _ => Ok(()),
    }
}

/// Moves the queue's entries to where the task is now. What fails here the sweep does later.
async fn ring(front: &Front, task: &Task, now_ms: i64) {
    let entry = queue::Entry { id: task.id, channel: task.channel.clone(), due_ms: now_ms };
    let scheduler = &front.scheduler;
    let result = match task.state {
        State::Running => scheduler.add(Lane::Poll, &[entry]).await,
        State::Queued => {
            let left = scheduler.leave_slots(&task.channel, &[task.id]).await;
            left.and(scheduler.add(Lane::Submit, &[entry]).await)
        }
        _ => scheduler.leave_slots(&task.channel, &[task.id]).await,
    };
    if let Err(error) = result {
        tracing::warn!(task = %task.id, %error, "could not ring after a doubt was ended; the sweep will");
    }
}
