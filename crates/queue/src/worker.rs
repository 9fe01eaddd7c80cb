//! Handlers driven by apalis over a scheduler.
//!
//! For each lane: a claimer takes leases for as many batches as there are free places, apalis's worker
//! starts a handler for each, and a finisher ends the leases, many in one call. A scheduler that is
//! away is asked again with growing pauses and never shows as an error to apalis, because an error
//! ends its worker and drops what is in flight.

mod backend;
mod call;
mod claimer;
mod finisher;
mod handoff;
mod lane;
mod lease;
mod measure;

use crate::scheduler::{Batch, Claim, Finish, Lane, Scheduler};
use async_trait::async_trait;
use futures::stream::{FuturesUnordered, Stream, StreamExt};
use lane::LaneRun;
pub use lease::{Lease, LeaseKeeper};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// The most ids in one batch, and the most claims in one `finish` call.
pub const BATCH_MAX: usize = 500;

/// How long a hard stop may take before what is left is abandoned to its leases. More than a handler's
/// grace and the last try to give claims back together.
const HARD_STOP_LIMIT: Duration = Duration::from_secs(10);

/// What a stage does with a batch.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Looks at every claim and tells what becomes of it. A claim that is left out comes back when its
    /// lease ends; so does the whole batch after a panic. A lease that was renewed meanwhile is known
    /// by the claim's id: returning the claim as it was handed in is right.
    ///
    /// After a hard stop the future is dropped at its next await point.
    async fn handle(&self, batch: Batch, lease: LeaseKeeper) -> Vec<(Claim, Finish)>;
}

/// How one lane is worked.
#[derive(Clone)]
pub struct LaneSettings {
    /// Which lane. Settings for the same lane twice make two workers.
    pub lane: Lane,
    /// Handlers in flight at the same time, at least 1.
    pub concurrency: usize,
    /// Ids of one channel that a handler gets at most, 1 to 500.
    pub batch: usize,
    /// How long a lease lasts. Well above the slowest handler that does not renew it.
    pub lease_ms: i64,
    /// Who does the work.
    pub handler: Arc<dyn Handler>,
}

impl fmt::Debug for LaneSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaneSettings")
            .field("lane", &self.lane)
            .field("concurrency", &self.concurrency)
            .field("batch", &self.batch)
            .field("lease_ms", &self.lease_ms)
            .finish_non_exhaustive()
    }
}

/// Why the workers don't run. Always fatal for the process: a process without workers must not look alive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The settings make no sense; trying again does not help.
    #[error("lane settings: {0}")]
    Settings(String),
    /// A lane's workers ended although nobody asked them to. A restart of the process may help.
    #[error("the workers of lane {lane} ended unasked: {reason}")]
    Ended {
        /// Which lane.
        lane: Lane,
        /// What was seen of it.
        reason: String,
    },
}

/// Works the lanes until `soft` or `hard` is cancelled.
///
/// `soft`: nothing more is claimed, handlers finish, then it returns. `hard`: handlers are dropped and
/// their claims given back; it returns within ten seconds, whatever the scheduler does.
pub async fn run(
    scheduler: Arc<dyn Scheduler>,
    lanes: Vec<LaneSettings>,
    soft: CancellationToken,
    hard: CancellationToken,
) -> Result<(), RunError> {
    check(&lanes)?;
    // Children, because a lane that fails stops the others without touching the caller's tokens.
    let (stop, kill) = (soft.child_token(), hard.child_token());
    let mut running: FuturesUnordered<_> = lanes
        .into_iter()
        .map(|settings| {
            let lane = settings.lane;
            let run = Arc::new(LaneRun::new(scheduler.clone(), settings, stop.clone(), kill.clone()));
            let task = AbortOnDropHandle::new(tokio::spawn(run.run()));
            async move { (lane, task.await.unwrap_or_else(|error| Err(error.to_string()))) }
        })
        .collect();
    tokio::select! {
        ended = wait_for_all(&mut running, &stop, &kill) => ended,
        () = overdue(&stop, &kill) => {
            tracing::warn!("workers did not stop in time; their leases will end by themselves");
            Ok(())
        }
    }
}

/// Claims once and handles what it got, one batch after another, on the caller's own stack: the same
/// path as [`run`] without apalis, for the simulation and for tests. Tells how many claims were handled.
///
/// Dropping it leaves the claims leased, as a dead process would. A panic of the handler goes through.
pub async fn step(scheduler: &dyn Scheduler, lane: &LaneSettings) -> usize {
    let batches = match call::claim(scheduler, lane, lane.concurrency.max(1)).await {
        Ok(batches) => batches,
        Err(error) => {
            tracing::warn!(lane = %lane.lane, %error, "nothing claimed");
            return 0;
        }
    };
    let mut handled = 0;
    for batch in batches {
        handled += batch.claims.len();
        let (keeper, mut desk) = lease::open(&batch.claims, lane.lease_ms);
        let handling = lane.handler.handle(batch, keeper);
        let outcomes = desk.attend(scheduler, lane.lane, handling).await;
        let outcomes = desk.newest(outcomes);
        if let Err(error) = call::finish(scheduler, lane.lane, &outcomes).await {
            tracing::warn!(lane = %lane.lane, %error, "not finished; the claims come back when their leases end");
        }
    }
    handled
}

fn check(lanes: &[LaneSettings]) -> Result<(), RunError> {
    if lanes.is_empty() {
        return Err(RunError::Settings("no lane to work".into()));
    }
    for LaneSettings { lane, concurrency, batch, lease_ms, .. } in lanes {
        if *concurrency == 0 {
            return Err(RunError::Settings(format!("{lane}: concurrency must be at least 1")));
        }
        if !(1..=BATCH_MAX).contains(batch) {
            return Err(RunError::Settings(format!("{lane}: batch must be 1 to {BATCH_MAX}, not {batch}")));
        }
        if *lease_ms <= 0 {
            return Err(RunError::Settings(format!("{lane}: a lease must last longer than {lease_ms} ms")));
        }
    }
    Ok(())
}

/// Waits for every lane. The first one that ends unasked takes the others down with it.
async fn wait_for_all(
    running: &mut (impl Stream<Item = (Lane, Result<(), String>)> + Unpin),
    stop: &CancellationToken,
    kill: &CancellationToken,
) -> Result<(), RunError> {
    let mut first_failure = None;
    while let Some((lane, ended)) = running.next().await {
        let Err(reason) = ended else { continue };
        let failure = RunError::Ended { lane, reason };
        tracing::error!(error = %failure, "workers ended unasked");
        stop.cancel();
        kill.cancel();
        first_failure.get_or_insert(failure);
    }
    first_failure.map_or(Ok(()), Err)
}

/// Resolves when a hard stop has taken too long. A hard stop is a soft one too.
async fn overdue(stop: &CancellationToken, kill: &CancellationToken) {
    kill.cancelled().await;
    stop.cancel();
    tokio::time::sleep(HARD_STOP_LIMIT).await;
}
