//! Moving a queued task to another channel: when its own is gone, paused, full, or sent it away.

use crate::advance::{AdvanceError, Move};
use crate::core::Core;
use providers::routing;
use queue::Lane;
use serde_json::json;
use task::{Channel, State, Step, Task};

/// Which other channels will do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// One that could take it at once.
    WithRoom,
    /// Any that has not been tried, one with room first: merely busy or paused ones end a wait some day.
    NotTried(&'a [String]),
}

impl Core {
    /// Moves a queued task to the best other channel that will do; `false` when there is none.
    /// Never a follow-up: it belongs to its parent's account.
    pub(crate) async fn move_elsewhere(&self, task: &Task, target: Target<'_>) -> Result<bool, AdvanceError> {
        if task.state != State::Queued || task.spec.kind.needs_parent() {
            return Ok(false);
        }
        let channels = self.channels.all();
        let found = routing::candidates(&channels, task.spec.kind, &task.model);
        let mut busy = None;
        for candidate in found.iter().filter(|c| c.channel.name != task.channel) {
            if matches!(target, Target::NotTried(tried) if tried.contains(&candidate.channel.name)) {
                continue;
            }
            if !candidate.channel.paused && self.has_room(&candidate.channel.name, candidate.channel.limits.slots).await
            {
                return self.move_to(task, candidate.channel).await;
            }
            busy = busy.or(Some(candidate.channel));
        }
        match (target, busy) {
            (Target::NotTried(_), Some(channel)) => self.move_to(task, channel).await,
            _ => Ok(false),
        }
    }

    async fn move_to(&self, task: &Task, channel: &Channel) -> Result<bool, AdvanceError> {
        let upstream_model = channel.upstream_model(&task.model).unwrap_or_else(|| task.model.clone());
        let step = Step::Move { channel: channel.name.clone(), upstream_model };
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
