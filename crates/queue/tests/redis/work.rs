//! Workers as a process runs them, and a check that everything was done.

use crate::suite::id;
use async_trait::async_trait;
use queue::{Batch, Claim, Entry, Finish, Handler, Lane, LaneSettings, LeaseKeeper, RunError, Scheduler, run};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use task::TaskId;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// After this a case hangs. Nothing is measured by it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long a lease lasts here. What a lost answer had leased comes back after it.
pub const LEASE_MS: i64 = 3_000;

/// Notes what was handled.
#[derive(Debug)]
pub struct Tally {
    seen: Mutex<HashMap<TaskId, usize>>,
    distinct: watch::Sender<usize>,
}

#[async_trait]
impl Handler for Tally {
    async fn handle(&self, batch: Batch, _: LeaseKeeper) -> Vec<(Claim, Finish)> {
        let mut seen = self.seen.lock().expect("no panic");
        for claim in &batch.claims {
            *seen.entry(claim.id).or_default() += 1;
        }
        self.distinct.send_replace(seen.len());
        batch.claims.into_iter().map(|claim| (claim, Finish::Done)).collect()
    }
}

impl Tally {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { seen: Mutex::default(), distinct: watch::Sender::new(0) })
    }

    /// Waits until this many ids were handled.
    pub async fn reaches(&self, many: usize) {
        let mut distinct = self.distinct.subscribe();
        // The answer holds a lock on the number: it is not to be kept.
        let has_come = tokio::time::timeout(PATIENCE, distinct.wait_for(|distinct| *distinct >= many)).await.is_ok();
        let so_far = *self.distinct.borrow();
        assert!(has_come, "{so_far} of {many} were handled, and no more came");
    }

    /// How often the id that was handled most was.
    pub fn most(&self) -> usize {
        self.seen.lock().expect("no panic").values().copied().max().unwrap_or(0)
    }
}

/// A running process's workers.
pub struct Work {
    soft: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
}

impl Work {
    pub fn start(queue: Arc<dyn Scheduler>, lane: Lane, handler: Arc<dyn Handler>) -> Self {
        let soft = CancellationToken::new();
        let settings = LaneSettings { lane, concurrency: 8, batch: 10, lease_ms: LEASE_MS, handler };
        let running = tokio::spawn(run(queue, vec![settings], soft.clone(), CancellationToken::new()));
        Self { soft, running }
    }

    /// Stops, and checks that the workers ran until now.
    pub async fn stop(self) {
        assert!(!self.running.is_finished(), "the workers ended by themselves");
        self.soft.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.running).await.expect("stops");
        assert_eq!(ended.expect("no panic"), Ok(()));
    }
}

/// Entries that are long due, spread over channels.
pub fn entries(ids: std::ops::Range<u64>, channels: u64) -> Vec<Entry> {
    ids.map(|number| Entry { id: id(number), channel: format!("channel-{}", number % channels), due_ms: 1_000 })
        .collect()
}

/// Adds as the sweep does: again until it worked.
pub async fn add_until_done(queue: &dyn Scheduler, lane: Lane, entries: &[Entry]) {
    until("added", async || queue.add(lane, entries).await.ok()).await;
}

/// Asks until there is an answer, with a pause that lets others work.
pub async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{what} never"))
}

/// Waits until nothing is left on a lane.
pub async fn is_empty(queue: &dyn Scheduler, lane: Lane) {
    until("empty", async || {
        let counts = queue.counts(lane).await.ok()?;
        (counts.scheduled + counts.due + counts.leased == 0).then_some(())
    })
    .await;
}
