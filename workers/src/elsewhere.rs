//! Moving a queued task to another channel: when its own is gone, paused, full, or sent it away.

use crate::advance::{AdvanceError, Move};
use crate::core::Core;
use ledger::LedgerError;
use providers::routing::{self, Candidate};
use queue::Lane;
use serde_json::json;
use task::{State, Step, Task};

/// What an attempt came to on a channel that said "elsewhere": never again there.
pub(crate) const SENT_AWAY: &str = "sent_away";

/// Whether a parent that a task can do without is of use to it: its own caller's, on the same account, known
/// there and not gone wrong.
pub(crate) fn may_go_along(task: &Task, parent: &Task) -> bool {
    let went_wrong = matches!(parent.state, State::Failed | State::Cancelled);
    parent.token == task.token && parent.channel == task.channel && parent.operation.is_some() && !went_wrong
}

/// Which other channels will do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// One that could take it at once.
    WithRoom,
    /// Any, one with room first: merely busy or paused ones end a wait some day.
    Any,
}

impl Core {
    /// Moves a queued task to the best other channel that will do and has not sent it away; `false` when
    /// there is none. Never a follow-up: it belongs to its parent's account; nor anything else that has a
    /// parent there, while the channel is.
    pub(crate) async fn move_elsewhere(&self, task: &Task, target: Target) -> Result<bool, AdvanceError> {
        if task.state != State::Queued || self.belongs_here(task).await? {
            return Ok(false);
        }
        let refusing = self.sent_away_by(task).await?;
        let channels = self.channels.all();
        let found = routing::candidates(&channels, task.spec.kind, &task.model);
        let mut busy = None;
        for candidate in found.iter().filter(|c| c.channel.name != task.channel) {
            if refusing.contains(&candidate.channel.name) {
                continue;
            }
            let Some(step) = step_to(task, *candidate) else { continue };
            if !candidate.channel.paused && self.has_room(&candidate.channel.name, candidate.channel.limits.slots).await
            {
                return self.move_by(task, step).await;
            }
            busy = busy.or(Some(step));
        }
        match (target, busy) {
            (Target::Any, Some(step)) => self.move_by(task, step).await,
            _ => Ok(false),
        }
    }

    /// Whether the task has to stay with its channel: a follow-up always, another task with a parent for as
    /// long as the parent can be used, which is on its own channel alone.
    async fn belongs_here(&self, task: &Task) -> Result<bool, LedgerError> {
        if task.spec.kind.needs_parent() {
            return Ok(true);
        }
        let Some(parent) = task.spec.parent else { return Ok(false) };
        if self.channels.get(&task.channel).is_none_or(|channel| channel.removed) {
            return Ok(false);
        }
        Ok(self.ledger.task(parent).await?.is_some_and(|parent| may_go_along(task, &parent)))
    }

    /// The channels that sent the task away. One that was merely busy when it was tried is none of them.
    async fn sent_away_by(&self, task: &Task) -> Result<Vec<String>, LedgerError> {
        if task.attempts == 0 {
            return Ok(Vec::new());
        }
        let attempts = self.ledger.attempts(task.id).await?;
        let sent_away = attempts.into_iter().filter(|attempt| attempt.outcome.as_deref() == Some(SENT_AWAY));
        Ok(sent_away.map(|attempt| attempt.channel).collect())
    }

    async fn move_by(&self, task: &Task, step: Step) -> Result<bool, AdvanceError> {
        let moved = self.advance(Move::new(task, step, json!({ "from": task.channel }))).await?;
        self.leave_slot(&task.channel, task.id).await;
        self.replace_bell(&moved).await;
        Ok(true)
    }

    async fn has_room(&self, channel: &str, slots: i64) -> bool {
        match self.scheduler.gate(channel).await {
            Ok(gate) => !gate.paused && (slots == 0 || gate.slots_taken + gate.waiting < slots),
            Err(_) => false,
        }
    }

    /// Hangs the task's submit bell where its channel is: an older one may ring elsewhere.
    pub(crate) async fn replace_bell(&self, task: &Task) {
        if let Err(error) = self.scheduler.remove(Lane::Submit, &[task.id]).await {
            tracing::warn!(task = %task.id, %error, "old bell not taken down; the submit stage will see the move");
        }
        self.add(Lane::Submit, task.id, &task.channel, self.clock.now_ms()).await;
    }
}

/// The move to a channel, fitted anew to what its vendor takes; `None` when the vendor could never take it.
fn step_to(task: &Task, candidate: Candidate<'_>) -> Option<Step> {
    let Candidate { channel, dialect } = candidate;
    if candidate.refusal(&task.model, &task.spec).is_some() {
        return None;
    }
    let upstream_model = channel.upstream_model(&task.model)?;
    let fit = dialect.fit(&channel.options, &upstream_model, &task.spec);
    Some(Step::Move { channel: channel.name.clone(), upstream_model, fitted: fit.fitted, warnings: fit.warnings })
}
