//! One lane at work.

use super::finisher::{self, Finisher, Outcomes};
use super::handoff::{Handoff, Work};
use super::measure::InFlight;
use super::{LaneSettings, backend, claimer, lease};
use crate::scheduler::{Claim, Finish, Lane, Scheduler};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long a handler may take to reach an await point after a hard stop. One that takes longer may
/// still be doing something, so its claims are left to their leases.
const ABORT_GRACE: Duration = Duration::from_secs(2);

/// What the claimer, apalis's worker and the finisher of one lane share.
#[derive(Debug)]
pub(super) struct LaneRun {
    pub(super) scheduler: Arc<dyn Scheduler>,
    pub(super) settings: LaneSettings,
    /// Nothing more is claimed.
    pub(super) stop: CancellationToken,
    /// Handlers are dropped.
    pub(super) kill: CancellationToken,
    /// One for each handler that may be in flight.
    pub(super) places: Arc<Semaphore>,
    pub(super) handoff: Handoff,
    pub(super) finisher: Finisher,
    outcomes: Mutex<Option<mpsc::Receiver<Outcomes>>>,
}

impl LaneRun {
    /// A lane that waits to be run.
    pub(super) fn new(
        scheduler: Arc<dyn Scheduler>,
        settings: LaneSettings,
        stop: CancellationToken,
        kill: CancellationToken,
    ) -> Self {
        let (finisher, outcomes) = Finisher::new();
        let places = Arc::new(Semaphore::new(settings.concurrency.min(Semaphore::MAX_PERMITS)));
        let outcomes = Mutex::new(Some(outcomes));
        Self { scheduler, settings, stop, kill, places, handoff: Handoff::default(), finisher, outcomes }
    }

    /// Works the lane until it is stopped. An error says how it ended unasked.
    pub(super) async fn run(self: Arc<Self>) -> Result<(), String> {
        let lane = self.settings.lane;
        let Some(outcomes) = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Err("it was started twice".into());
        };
        let finishing = finisher::finish_all(self.scheduler.clone(), lane, outcomes, self.stop.clone());
        let _finishing = AbortOnDropHandle::new(tokio::spawn(finishing));
        let shared = self.clone();
        let claiming = tokio::spawn(async move { claimer::claim_until_stopped(&shared).await });
        let mut claiming = AbortOnDropHandle::new(claiming);
        let working = backend::work_until_stopped(self.clone());
        tokio::pin!(working);
        tokio::select! {
            ended = &mut working => match ended {
                Ok(()) if self.stop.is_cancelled() => claiming.await.map_err(|error| error.to_string()),
                Ok(()) => Err("the workers left".into()),
                Err(reason) => Err(reason),
            },
            ended = &mut claiming => match ended {
                Ok(()) => working.await,
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// Runs the handler on a batch and ends the leases. Never fails: what goes wrong is left to the leases.
    pub(super) async fn serve(&self, work: Work) {
        let Work { batch, place } = work;
        let lane = self.settings.lane;
        let _in_flight = InFlight::enter(lane);
        let channel = batch.channel.clone();
        let (keeper, mut desk) = lease::open(&batch.claims, self.settings.lease_ms);
        let handler = self.settings.handler.clone();
        // A task of its own, because apalis polls all handlers of a worker on one: a handler that
        // computes for long would hold up the others, and a panic would take them along.
        let handling = tokio::spawn(async move { handler.handle(batch, keeper).await });
        let mut handling = AbortOnDropHandle::new(handling);
        let ended = tokio::select! {
            biased;
            ended = desk.attend(&*self.scheduler, lane, &mut handling) => ended,
            () = self.kill.cancelled() => {
                handling.abort();
                let Ok(ended) = tokio::time::timeout(ABORT_GRACE, handling).await else {
                    tracing::warn!(%lane, channel, "a handler does not stop; its claims are left to their leases");
                    return;
                };
                ended
            }
        };
        let outcomes = match ended {
            Ok(outcomes) => desk.newest(outcomes),
            Err(error) => left_by(lane, &channel, &error, || desk.give_back()),
        };
        self.finisher.finish(outcomes).await;
        drop(place);
    }
}

/// What becomes of the claims of a handler that returned nothing.
fn left_by(
    lane: Lane,
    channel: &str,
    error: &JoinError,
    give_back: impl FnOnce() -> Vec<(Claim, Finish)>,
) -> Vec<(Claim, Finish)> {
    if error.is_panic() {
        // Not given back: the same batch would panic again at once. The lease is its pause.
        tracing::error!(%lane, channel, "a handler panicked; its claims come back when their leases end");
        return Vec::new();
    }
    give_back()
}
