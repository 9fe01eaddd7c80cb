//! Moving a queued task to another channel: when its own is gone, paused, full, or sent it away.

use crate::advance::{AdvanceError, Move};
use crate::core::Core;
use providers::routing;
use queue::Lane;
use serde_json::json;
use task::{State, Step, Task};

impl Core {
    /// Moves a queued task to the best other channel that is open for it; `false` when there is none.
    /// Never a follow-up: it belongs to its parent's account.
    pub(crate) async fn move_elsewhere(&self, task: &Task) -> Result<bool, AdvanceError> {
        if task.state != State::Queued || task.spec.kind.needs_parent() {
            return Ok(false);
        }
        let channels = self.channels.all();
        let found = routing::candidates(&channels, task.spec.kind, &task.model);
        for candidate in found.iter().filter(|c| !c.channel.paused && c.channel.name != task.channel) {
            if !self.has_room(&candidate.channel.name, candidate.channel.limits.slots).await {
                continue;
            }
            let upstream_model = candidate.channel.upstream_model(&task.model).unwrap_or_else(|| task.model.clone());
            let step = Step::Move { channel: candidate.channel.name.clone(), upstream_model };
            let moved = self.advance(Move::new(task, step, json!({ "from": task.channel }))).await?;
            self.leave_slot(&task.channel, task.id).await;
            self.replace_bell(&moved).await;
            return Ok(true);
        }
        Ok(false)
    }

    async fn has_room(&self, channel: &str, slots: i64) -> bool {
        match self.scheduler.gate(channel).await {
            Ok(gate) => !gate.paused && (slots == 0 || gate.slots_taken + gate.waiting < slots),
            Err(_) => false,
        }
    }

    async fn replace_bell(&self, task: &Task) {
        if let Err(error) = self.scheduler.remove(Lane::Submit, &[task.id]).await {
            tracing::warn!(task = %task.id, %error, "old bell not taken down; the submit stage will see the move");
        }
        self.add(Lane::Submit, task.id, &task.channel, self.clock.now_ms()).await;
    }
}
