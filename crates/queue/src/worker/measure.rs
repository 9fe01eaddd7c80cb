//! The lanes' metrics.

use crate::scheduler::{Batch, Lane};
use metrics::{counter, gauge, histogram};

/// Counts claims, and how late they were by the scheduler's clock when it handed them out.
#[expect(clippy::cast_precision_loss, reason = "a lateness that needs more than 52 bits of milliseconds is no figure")]
pub(super) fn claimed(lane: Lane, lease_ms: i64, batches: &[Batch]) {
    let lateness = histogram!("queue_lateness_ms", "lane" => lane.as_str());
    for claim in batches.iter().flat_map(|batch| &batch.claims) {
        let claimed_ms = claim.lease_until_ms.saturating_sub(lease_ms);
        // Polls may be claimed a little early to fill a batch: that is not late.
        lateness.record(claimed_ms.saturating_sub(claim.due_ms).max(0) as f64);
    }
    let claims: usize = batches.iter().map(|batch| batch.claims.len()).sum();
    counter!("queue_claimed_total", "lane" => lane.as_str()).increment(claims as u64);
}

/// Counts finished claims; those whose lease was not the newest any more apart.
pub(super) fn finished(lane: Lane, held: &[bool]) {
    let fresh = held.iter().filter(|held| **held).count();
    counter!("queue_finished_total", "lane" => lane.as_str()).increment(fresh as u64);
    counter!("queue_stale_finish_total", "lane" => lane.as_str()).increment((held.len() - fresh) as u64);
}

/// A handler in flight, counted for as long as this value lives.
#[derive(Debug)]
pub(super) struct InFlight(Lane);

impl InFlight {
    /// One more.
    pub(super) fn enter(lane: Lane) -> Self {
        gauge!("queue_in_flight", "lane" => lane.as_str()).increment(1.0);
        Self(lane)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("queue_in_flight", "lane" => self.0.as_str()).decrement(1.0);
    }
}
