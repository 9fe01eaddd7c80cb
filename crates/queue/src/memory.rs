//! The scheduler in process: ordered sets under one lock. Nothing outlives the process; the sweep
//! fills it from the ledger at start.

mod bucket;
mod gate;
mod lane;
mod shelves;
mod state;

use crate::scheduler::{
    Batch, Changes, Claim, Entry, Finish, Lane, LaneCounts, Limits, QueueError, Scheduler, SubmitGate,
};
use async_trait::async_trait;
use state::{Portion, State};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use task::{Clock, TaskId};
use tokio::sync::{Notify, broadcast};

/// The most ids that one claim hands out, whatever is asked for.
const CLAIM_MAX: usize = 500;

/// How many hints a slow listener may lag behind before it loses the oldest.
const CHANGES_CAPACITY: usize = 4_096;

/// The longest sleep before the clock is read again: it may have been set.
const CLOCK_RECHECK_MS: i64 = 1_000;

/// A scheduler for one process. Every step but `counts` and `oldest_due_ms` takes O(log n) for each id.
#[derive(Debug)]
pub struct MemoryScheduler {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// One for each lane, rung when something on it can be claimed earlier than was known before.
    bells: [Notify; 4],
    changes: broadcast::Sender<TaskId>,
}

impl MemoryScheduler {
    /// An empty scheduler, not filled yet, that goes by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let (changes, _) = broadcast::channel(CHANGES_CAPACITY);
        Arc::new(Self { clock, state: Mutex::default(), bells: Default::default(), changes })
    }

    /// The state. No step leaves it half done, so a panic of another holder says nothing about it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one step, then wakes the lanes on which something can now be claimed earlier.
    fn change<T>(&self, step: impl FnOnce(&mut State, i64) -> T) -> T {
        let now_ms = self.clock.now_ms();
        let mut state = self.state();
        let before = Lane::ALL.map(|lane| state.opens_ms(lane));
        let done = step(&mut state, now_ms);
        let after = Lane::ALL.map(|lane| state.opens_ms(lane));
        drop(state);
        for lane in Lane::ALL {
            if after[lane as usize] < before[lane as usize] {
                self.bells[lane as usize].notify_waiters();
            }
        }
        done
    }

    fn hand_out(&self, lane: Lane, portion: Portion) -> Vec<Batch> {
        let portion = Portion { ids: portion.ids.min(CLAIM_MAX), batch: portion.batch.max(1), ..portion };
        self.change(|state, now_ms| state.claim(lane, portion, now_ms))
    }
}

#[async_trait]
impl Scheduler for MemoryScheduler {
    async fn add(&self, lane: Lane, entries: &[Entry]) -> Result<(), QueueError> {
        self.change(|state, now_ms| {
            for entry in entries {
                state.add(lane, entry, now_ms);
            }
        });
        Ok(())
    }

    async fn add_absent(&self, lane: Lane, entries: &[Entry]) -> Result<usize, QueueError> {
        Ok(self.change(|state, now_ms| entries.iter().filter(|entry| state.add_absent(lane, entry, now_ms)).count()))
    }

    async fn claim(&self, lane: Lane, max: usize, batch: usize, lease_ms: i64) -> Result<Vec<Batch>, QueueError> {
        Ok(self.hand_out(lane, Portion { ids: max, batches: max, batch, lease_ms }))
    }

    async fn claim_batches(
        &self,
        lane: Lane,
        batches: usize,
        batch: usize,
        lease_ms: i64,
    ) -> Result<Vec<Batch>, QueueError> {
        Ok(self.hand_out(lane, Portion { ids: CLAIM_MAX, batches, batch, lease_ms }))
    }

    async fn finish(&self, lane: Lane, claims: &[(Claim, Finish)]) -> Result<Vec<bool>, QueueError> {
        Ok(self.change(|state, now_ms| {
            claims.iter().map(|(claim, finish)| state.finish(lane, claim, *finish, now_ms)).collect()
        }))
    }

    async fn extend(&self, lane: Lane, claim: &Claim, lease_ms: i64) -> Result<Option<Claim>, QueueError> {
        Ok(self.change(|state, now_ms| state.extend(lane, claim, lease_ms, now_ms)))
    }

    async fn hint(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError> {
        self.change(|state, now_ms| ids.iter().for_each(|id| state.hint(lane, *id, now_ms)));
        Ok(())
    }

    async fn remove(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError> {
        self.change(|state, now_ms| ids.iter().for_each(|id| state.remove(lane, *id, now_ms)));
        Ok(())
    }

    async fn leave_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError> {
        self.change(|state, now_ms| state.leave_slots(channel, ids, now_ms));
        Ok(())
    }

    async fn join_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError> {
        self.change(|state, now_ms| state.join_slots(channel, ids, now_ms));
        Ok(())
    }

    async fn slot_members(&self, channel: &str) -> Result<Vec<TaskId>, QueueError> {
        Ok(self.state().gate(channel).map(gate::Gate::members).unwrap_or_default())
    }

    async fn set_paused(&self, channel: &str, paused: bool) -> Result<(), QueueError> {
        self.change(|state, now_ms| state.set_paused(channel, paused, now_ms));
        Ok(())
    }

    async fn set_limits(&self, channel: &str, limits: Limits) -> Result<(), QueueError> {
        self.change(|state, now_ms| state.set_limits(channel, limits, now_ms));
        Ok(())
    }

    async fn gate(&self, channel: &str) -> Result<SubmitGate, QueueError> {
        let state = self.state();
        let waiting = state.lane(Lane::Submit).shelves(channel).map_or(0, shelves::Shelves::len);
        let gate = state.gate(channel);
        Ok(SubmitGate {
            waiting: i64::try_from(waiting).unwrap_or(i64::MAX),
            slots_taken: gate.map_or(0, gate::Gate::slots_taken),
            paused: gate.is_some_and(|gate| gate.paused),
        })
    }

    async fn counts(&self, lane: Lane) -> Result<LaneCounts, QueueError> {
        let now_ms = self.clock.now_ms();
        Ok(self.state().lane(lane).counts(now_ms))
    }

    async fn oldest_due_ms(&self, lane: Lane) -> Result<Option<i64>, QueueError> {
        let now_ms = self.clock.now_ms();
        Ok(self.state().lane(lane).oldest_due_ms(now_ms))
    }

    async fn is_filled(&self) -> Result<bool, QueueError> {
        Ok(self.state().filled)
    }

    async fn set_filled(&self) -> Result<(), QueueError> {
        self.change(|state, _| state.filled = true);
        Ok(())
    }

    async fn announce(&self, ids: &[TaskId]) {
        for id in ids {
            // Nobody listening is no failure: it is only a hint.
            let _ = self.changes.send(*id);
        }
    }

    fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    async fn ready(&self, lane: Lane) {
        loop {
            // Hears every ring from here on, polled or not; so what comes in after the look is heard.
            let bell = self.bells[lane as usize].notified();
            let opens_ms = self.state().opens_ms(lane);
            let wait_ms = opens_ms.saturating_sub(self.clock.now_ms());
            if wait_ms <= 0 {
                return;
            }
            let wait = Duration::from_millis(wait_ms.min(CLOCK_RECHECK_MS).cast_unsigned());
            tokio::select! {
                () = bell => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
