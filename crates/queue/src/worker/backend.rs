//! The apalis side: a backend that yields claimed batches, a service that runs the handler on one, and
//! the monitor over both.
//!
//! The backend has no store behind it, never fails and never ends by itself, so that apalis's worker
//! only ever stops when it is told to. It is written on the three poll methods and not on apalis's
//! persistence layer, which fetches, acknowledges and beats strictly one after another: while that
//! waits for new work it acknowledges nothing.

use super::handoff::Work;
use super::lane::LaneRun;
use apalis::prelude::{Monitor, Task, WorkerBuilder, WorkerContext};
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;
use tower::layer::util::Identity;

/// The pause before a worker's first restart; each further one waits as much longer.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause before a restart.
const LONGEST_RESTART_PAUSE: Duration = Duration::from_secs(5);

/// Numbers the workers of this process, so that no two starts share a name.
static STARTS: AtomicU64 = AtomicU64::new(0);

/// Runs apalis's monitor over a lane until the stop flag is up and the last handler has ended. An error
/// says how the monitor ended.
pub(super) async fn work_until_stopped(lane: Arc<LaneRun>) -> Result<(), String> {
    let stop = lane.stop.clone();
    let restarting = stop.clone();
    let monitor = Monitor::new()
        .should_restart(move |worker, error| {
            tracing::error!(worker = worker.name(), restarts = worker.restarts(), %error, "a worker failed");
            !restarting.is_cancelled()
        })
        .register(move |restarts| {
            let start = STARTS.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}-{}-{start}", lane.settings.lane, std::process::id());
            WorkerBuilder::new(name)
                .backend(ClaimedBatches::new(lane.clone(), restarts))
                .build(HandlerService(lane.clone()))
        });
    let context = monitor.context();
    let running = monitor.run();
    tokio::pin!(running);
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = stop.cancelled() => {
            context.shutdown().map_err(|error| error.to_string())?;
            running.await
        }
    };
    ended.map_err(|error| error.to_string())
}

/// Yields what the claimer hands over.
struct ClaimedBatches {
    lane: Arc<LaneRun>,
    /// A restarted worker's pause, until it is over.
    pause: Option<BoxFuture<'static, ()>>,
}

impl ClaimedBatches {
    fn new(lane: Arc<LaneRun>, restarts: usize) -> Self {
        let pause = (restarts > 0).then(|| {
            let times = u32::try_from(restarts).unwrap_or(u32::MAX);
            let pause = RESTART_PAUSE.saturating_mul(times).min(LONGEST_RESTART_PAUSE);
            async move { tokio::time::sleep(pause).await }.boxed()
        });
        Self { lane, pause }
    }
}

impl Backend for ClaimedBatches {
    type Task = Task<Work>;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.poll_unpin(cx));
            self.pause = None;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Task<Work>, Infallible>>> {
        self.lane.handoff.poll_take(cx).map(|work| Some(Ok(Task::new(work))))
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        // The claimer gives back what was not started.
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for ClaimedBatches {
    type Args = Work;
    type Id = ();
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &Self::Config {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

/// Runs the lane's handler on a batch. Always ready, because each batch comes with its place.
struct HandlerService(Arc<LaneRun>);

impl Service<Task<Work>> for HandlerService {
    type Response = ();
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<(), Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, task: Task<Work>) -> Self::Future {
        let lane = self.0.clone();
        async move {
            lane.serve(task.args).await;
            Ok(())
        }
        .boxed()
    }
}
