//! Clocks, handlers and troubled schedulers for tests of the workers.

pub mod faulty;

use async_trait::async_trait;
use queue::{
    Batch, Claim, Entry, Finish, Handler, Lane, LaneSettings, LeaseKeeper, MemoryScheduler, RunError, Scheduler,
};
use std::sync::Arc;
use task::clock::SeededEntropy;
use task::{Clock, TaskId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

pub const LEASE_MS: i64 = 60_000;

/// Goes with tokio's time, which a test holds still.
#[derive(Debug)]
pub struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now_ms(&self) -> i64 {
        1_790_000_000_000 + i64::try_from(self.0.elapsed().as_millis()).expect("a short test")
    }
}

/// A filled scheduler and the time it goes by.
pub struct World {
    pub queue: Arc<MemoryScheduler>,
    pub clock: Arc<TokioClock>,
}

impl World {
    pub async fn new() -> Self {
        let clock = Arc::new(TokioClock(Instant::now()));
        let queue = MemoryScheduler::new(clock.clone());
        queue.set_filled().await.expect("filled");
        Self { queue, clock }
    }

    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Adds one entry of channel `a`, due `in_ms` from now.
    pub async fn add(&self, lane: Lane, id: TaskId, in_ms: i64) {
        self.add_to(lane, id, "a", in_ms).await;
    }

    pub async fn add_to(&self, lane: Lane, id: TaskId, channel: &str, in_ms: i64) {
        let entry = Entry { id, channel: channel.into(), due_ms: self.now_ms() + in_ms };
        self.queue.add(lane, &[entry]).await.expect("added");
    }

    pub async fn leased(&self, lane: Lane) -> i64 {
        self.queue.counts(lane).await.expect("counted").leased
    }

    pub async fn entries(&self, lane: Lane) -> i64 {
        let counts = self.queue.counts(lane).await.expect("counted");
        counts.scheduled + counts.due + counts.leased
    }
}

/// The id with a number.
pub fn id(number: u64) -> TaskId {
    TaskId::new(number.cast_signed(), &SeededEntropy::new(number))
}

/// A handler made of a function from one claim to what becomes of it.
pub struct Each<F>(pub F);

#[async_trait]
impl<F, Fut> Handler for Each<F>
where
    F: Fn(Claim) -> Fut + Send + Sync,
    Fut: Future<Output = Finish> + Send,
{
    async fn handle(&self, batch: Batch, _lease: LeaseKeeper) -> Vec<(Claim, Finish)> {
        let mut outcomes = Vec::new();
        for claim in batch.claims {
            outcomes.push((claim.clone(), (self.0)(claim).await));
        }
        outcomes
    }
}

/// A handler that says which ids it was given and is done with them at once.
pub fn telling() -> (Arc<dyn Handler>, mpsc::UnboundedReceiver<TaskId>) {
    let (tell, told) = mpsc::unbounded_channel();
    let handler = Each(move |claim: Claim| {
        let tell = tell.clone();
        async move {
            tell.send(claim.id).expect("the test listens");
            Finish::Done
        }
    });
    (Arc::new(handler), told)
}

pub fn settings(lane: Lane, concurrency: usize, batch: usize, handler: Arc<dyn Handler>) -> LaneSettings {
    LaneSettings { lane, concurrency, batch, lease_ms: LEASE_MS, handler }
}

/// Workers under way, and the two ways to stop them.
pub struct Running {
    pub soft: CancellationToken,
    pub hard: CancellationToken,
    ended: JoinHandle<Result<(), RunError>>,
}

impl Running {
    pub fn start(scheduler: Arc<dyn Scheduler>, lanes: Vec<LaneSettings>) -> Self {
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        let ended = tokio::spawn(queue::run(scheduler, lanes, soft.clone(), hard.clone()));
        Self { soft, hard, ended }
    }

    pub fn has_ended(&self) -> bool {
        self.ended.is_finished()
    }

    pub async fn end(self) -> Result<(), RunError> {
        self.ended.await.expect("run did not panic")
    }

    pub async fn stop(self) {
        self.soft.cancel();
        self.end().await.expect("a clean stop");
    }
}

/// Lets the (held) time pass.
pub async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
