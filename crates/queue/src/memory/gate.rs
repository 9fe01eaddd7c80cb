//! What stands between a channel and its next submission: pause, slots, tokens.

use super::bucket::Bucket;
use crate::scheduler::Limits;
use std::collections::HashSet;
use task::TaskId;

/// One channel's gate on the submit lane.
#[derive(Debug, Default)]
pub(super) struct Gate {
    limits: Limits,
    bucket: Bucket,
    slots: HashSet<TaskId>,
    /// Whether the operator has stopped it.
    pub(super) paused: bool,
}

impl Gate {
    /// Takes over new limits.
    pub(super) fn set_limits(&mut self, limits: Limits, now_ms: i64) {
        self.limits = limits;
        self.bucket.set(limits, now_ms);
    }

    /// Whether a task that holds no slot yet may take one.
    pub(super) fn has_room(&self) -> bool {
        self.limits.slots <= 0 || self.slots_taken() < self.limits.slots
    }

    /// How many slots are taken; more than the limit after it was lowered.
    pub(super) fn slots_taken(&self) -> i64 {
        i64::try_from(self.slots.len()).unwrap_or(i64::MAX)
    }

    /// Whether this task holds a slot.
    pub(super) fn holds(&self, id: TaskId) -> bool {
        self.slots.contains(&id)
    }

    /// Gives the task a slot, limit or not; tells whether it had none before.
    pub(super) fn join(&mut self, id: TaskId) -> bool {
        self.slots.insert(id)
    }

    /// Takes the task's slot away; tells whether it had one.
    pub(super) fn leave(&mut self, id: TaskId) -> bool {
        self.slots.remove(&id)
    }

    /// Who holds the slots.
    pub(super) fn members(&self) -> Vec<TaskId> {
        self.slots.iter().copied().collect()
    }

    /// Takes a token if there is one.
    pub(super) fn take_token(&mut self, now_ms: i64) -> bool {
        self.bucket.take(now_ms)
    }

    /// Puts back a token that was not used.
    pub(super) fn put_token_back(&mut self) {
        self.bucket.put_back();
    }

    /// When a token is there, now or later.
    pub(super) fn token_ms(&mut self, now_ms: i64) -> i64 {
        self.bucket.opens_ms(now_ms)
    }

    /// Whether forgetting it changes nothing.
    pub(super) fn is_plain(&self) -> bool {
        !self.paused && self.slots.is_empty() && self.limits.slots <= 0 && self.limits.rate_per_min <= 0
    }
}
