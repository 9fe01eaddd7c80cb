//! What every scheduler must do, told as cases over a rig. One test binary for each implementation
//! makes the rig, or none where the case can't run, and says `conformance!(its_rig)`.

pub mod entries;
pub mod gates;
pub mod leases;
pub mod order;
pub mod walk;

use async_trait::async_trait;
use queue::{Batch, Claim, Entry, Finish, Lane, Limits, Scheduler};
use std::sync::Arc;
use task::TaskId;
use task::clock::SeededEntropy;

/// A lease that no case outlives by accident.
pub const LEASE_MS: i64 = 60_000;

/// An empty scheduler and its time.
#[async_trait]
pub trait Rig: Send + Sync {
    /// The scheduler under test: empty, and not filled yet.
    fn scheduler(&self) -> Arc<dyn Scheduler>;
    /// The scheduler's time.
    fn now_ms(&self) -> i64;
    /// Moves the scheduler's time on.
    async fn advance(&self, ms: i64);
}

/// The rig of a case, with what most cases do with it.
pub struct World {
    pub queue: Arc<dyn Scheduler>,
    rig: Box<dyn Rig>,
}

impl World {
    /// A world whose scheduler is filled.
    pub async fn new(rig: Box<dyn Rig>) -> Self {
        let world = Self::unfilled(rig);
        world.queue.set_filled().await.expect("filled");
        world
    }

    pub fn unfilled(rig: Box<dyn Rig>) -> Self {
        Self { queue: rig.scheduler(), rig }
    }

    pub fn now_ms(&self) -> i64 {
        self.rig.now_ms()
    }

    pub async fn advance(&self, ms: i64) {
        self.rig.advance(ms).await;
    }

    /// Adds one entry that is due `in_ms` from now (in the past if negative).
    pub async fn add(&self, lane: Lane, id: TaskId, channel: &str, in_ms: i64) {
        let entry = self.entry(id, channel, in_ms);
        self.queue.add(lane, &[entry]).await.expect("added");
    }

    pub fn entry(&self, id: TaskId, channel: &str, in_ms: i64) -> Entry {
        Entry { id, channel: channel.into(), due_ms: self.now_ms() + in_ms }
    }

    pub async fn claim(&self, lane: Lane, max: usize, batch: usize) -> Vec<Batch> {
        self.queue.claim(lane, max, batch, LEASE_MS).await.expect("claimed")
    }

    /// Claims singly and tells which ids came, in order.
    pub async fn claim_ids(&self, lane: Lane, max: usize) -> Vec<TaskId> {
        ids_of(&self.claim(lane, max, 1).await)
    }

    /// Claims the only thing that there is to claim.
    pub async fn claim_one(&self, lane: Lane) -> Claim {
        let claims = claims_of(self.claim(lane, 10, 10).await);
        let [claim] = claims.as_slice() else { panic!("one claim, not {claims:?}") };
        claim.clone()
    }

    pub async fn finish(&self, lane: Lane, claim: &Claim, finish: Finish) -> bool {
        self.queue.finish(lane, &[(claim.clone(), finish)]).await.expect("finished")[0]
    }

    pub async fn finish_all(&self, lane: Lane, claims: Vec<Claim>, finish: Finish) -> Vec<bool> {
        let outcomes: Vec<_> = claims.into_iter().map(|claim| (claim, finish)).collect();
        self.queue.finish(lane, &outcomes).await.expect("finished")
    }

    pub async fn limit(&self, channel: &str, slots: i64, rate_per_min: i64, burst: i64) {
        self.queue.set_limits(channel, Limits { slots, rate_per_min, burst }).await.expect("limits set");
    }

    /// Tasks that hold a slot of the channel.
    pub async fn slots_taken(&self, channel: &str) -> i64 {
        self.queue.gate(channel).await.expect("gate").slots_taken
    }
}

/// The id with a number: a higher number sorts later.
pub fn id(number: u64) -> TaskId {
    TaskId::new(number.cast_signed(), &SeededEntropy::new(number))
}

pub fn claims_of(batches: Vec<Batch>) -> Vec<Claim> {
    batches.into_iter().flat_map(|batch| batch.claims).collect()
}

pub fn ids_of(batches: &[Batch]) -> Vec<TaskId> {
    batches.iter().flat_map(|batch| &batch.claims).map(|claim| claim.id).collect()
}

/// Each case is a test of the rig that `$rig` makes: a function `async fn() -> Box<dyn Rig>` beside it.
#[macro_export]
macro_rules! conformance {
    ($rig:ident) => {
        $crate::conformance!(@cases $rig, entries:
            adding_twice_is_harmless, the_earlier_due_time_wins, a_scheduled_entry_takes_the_new_channel,
            adding_keeps_a_lease, a_bell_during_a_lease_is_remembered, add_absent_adds_only_what_is_missing, a_hint_lowers_only_scheduled_entries,
            removing_takes_an_entry_off, lanes_are_apart, nothing_is_claimed_before_it_is_filled,
            counts_tell_scheduled_due_and_leased, the_oldest_due_entry_is_known, announcements_reach_listeners);
        $crate::conformance!(@cases $rig, order:
            entries_come_in_due_order, nothing_comes_before_it_is_due, a_claim_tells_when_it_was_due,
            a_batch_is_of_one_channel, a_poll_batch_is_filled_ahead_of_time, other_lanes_are_not_filled_ahead_of_time,
            a_claim_keeps_to_what_was_asked_for, batches_keep_to_what_was_asked_for, no_channel_starves,
            a_late_channel_waits_one_round, many_claimers_share_without_overlap, eight_thousand_due_at_once, a_hundred_thousand_due_at_once);
        $crate::conformance!(@cases $rig, leases:
            a_leased_entry_is_nobody_elses, a_lease_that_ends_gives_the_id_again, a_stale_finish_is_refused,
            a_late_finish_counts_while_nobody_else_has_it, a_finish_can_mean_again, a_claim_can_be_given_back,
            finishing_many_tells_each, an_extended_lease_lasts_longer, a_lost_lease_is_not_extended,
            an_extended_claim_can_be_finished, a_removed_entry_is_lost_to_its_holder);
        $crate::conformance!(@cases $rig, gates:
            a_paused_channel_stays_silent, a_pause_stops_submissions_only, slots_are_never_exceeded,
            a_slot_that_comes_free_lets_one_more_in, a_task_with_a_slot_needs_no_room,
            of_several_added_together_only_holders_need_no_room,
            slots_can_be_joined_without_a_claim, lowering_the_limit_throws_nobody_out, lanes_but_submit_take_no_slots,
            giving_back_frees_the_slot_that_the_claim_took, giving_back_leaves_a_slot_that_was_held_before,
            the_bucket_is_never_exceeded, the_bucket_holds_its_burst_and_no_more, giving_back_gives_the_token_back,
            a_full_channel_does_not_stop_others, the_gate_tells_what_stands_before);
        $crate::conformance!(@cases $rig, walk: a_long_walk_breaks_no_rule);
    };
    (@cases $rig:ident, $module:ident: $($case:ident),+ $(,)?) => {
        mod $module {
            $(#[tokio::test]
            async fn $case() {
                let Some(rig) = super::$rig().await else { return };
                $crate::suite::$module::$case(rig).await;
            })+
        }
    };
}
