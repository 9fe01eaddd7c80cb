//! Calls to a scheduler that can neither hang nor panic through.

use super::{BATCH_MAX, LaneSettings, measure};
use crate::scheduler::{Batch, Claim, Finish, Lane, QueueError, Scheduler};
use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// How long one call may take. Well above a scheduler's own time limits: it is there for the call that
/// never ends. A claim that is given up this way comes back when its lease ends.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// The first pause after a failed call.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause between tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Growing pauses between tries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pauses(Duration);

impl Pauses {
    /// Starts with the shortest one.
    pub(super) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    /// The next pause: twice as long as the one before, up to a second.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

/// Claims up to `batches` batches and counts them.
pub(super) async fn claim(
    scheduler: &dyn Scheduler,
    settings: &LaneSettings,
    batches: usize,
) -> Result<Vec<Batch>, QueueError> {
    let batch = settings.batch.clamp(1, BATCH_MAX);
    let claimed = guarded(scheduler.claim_batches(settings.lane, batches, batch, settings.lease_ms)).await?;
    measure::claimed(settings.lane, settings.lease_ms, &claimed);
    Ok(claimed)
}

/// Ends leases, at most 500 in one call of the scheduler, and counts them.
pub(super) async fn finish(
    scheduler: &dyn Scheduler,
    lane: Lane,
    outcomes: &[(Claim, Finish)],
) -> Result<(), QueueError> {
    for part in outcomes.chunks(BATCH_MAX) {
        let held = guarded(scheduler.finish(lane, part)).await?;
        measure::finished(lane, &held);
    }
    Ok(())
}

/// Renews a lease.
pub(super) async fn extend(
    scheduler: &dyn Scheduler,
    lane: Lane,
    claim: &Claim,
    lease_ms: i64,
) -> Result<Option<Claim>, QueueError> {
    guarded(scheduler.extend(lane, claim, lease_ms)).await
}

async fn guarded<T>(call: impl Future<Output = Result<T, QueueError>>) -> Result<T, QueueError> {
    match tokio::time::timeout(CALL_LIMIT, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(QueueError("the call panicked".into())),
        Err(_) => Err(QueueError(format!("no answer within {} s", CALL_LIMIT.as_secs()))),
    }
}
