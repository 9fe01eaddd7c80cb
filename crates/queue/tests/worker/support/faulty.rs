//! A scheduler in trouble.

use async_trait::async_trait;
use queue::{Batch, Changes, Claim, Entry, Finish, Lane, LaneCounts, Limits, QueueError, Scheduler, SubmitGate};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use task::TaskId;

/// What a call meets.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    None,
    Refuse,
    /// The call goes through after this long.
    Stall(Duration),
    Hang,
    Panic,
    /// Claims hand out all that is due, whatever was asked for.
    HandOutTooMuch,
    /// Claims find nothing, and yet `ready` says that there is something.
    FalseAlarm,
}

/// Passes everything on, if its fault lets it.
#[derive(Debug)]
pub struct Faulty {
    inner: Arc<dyn Scheduler>,
    fault: Mutex<Fault>,
    pub claims: AtomicUsize,
    /// The answer to every finish, in order.
    pub finished: Mutex<Vec<bool>>,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Scheduler>, fault: Fault) -> Arc<Self> {
        Arc::new(Self { inner, fault: Mutex::new(fault), claims: AtomicUsize::new(0), finished: Mutex::default() })
    }

    pub fn set(&self, fault: Fault) {
        *self.fault.lock().expect("not poisoned") = fault;
    }

    fn fault(&self) -> Fault {
        *self.fault.lock().expect("not poisoned")
    }

    async fn meet(&self) -> Result<(), QueueError> {
        match self.fault() {
            Fault::None | Fault::HandOutTooMuch | Fault::FalseAlarm => Ok(()),
            Fault::Refuse => Err(QueueError("connection refused".into())),
            Fault::Stall(how_long) => {
                tokio::time::sleep(how_long).await;
                Ok(())
            }
            Fault::Hang => std::future::pending().await,
            Fault::Panic => panic!("the scheduler panicked, as the test wants"),
        }
    }
}

#[async_trait]
impl Scheduler for Faulty {
    async fn add(&self, lane: Lane, entries: &[Entry]) -> Result<(), QueueError> {
        self.inner.add(lane, entries).await
    }

    async fn add_absent(&self, lane: Lane, entries: &[Entry]) -> Result<usize, QueueError> {
        self.inner.add_absent(lane, entries).await
    }

    async fn claim(&self, lane: Lane, max: usize, batch: usize, lease_ms: i64) -> Result<Vec<Batch>, QueueError> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        self.meet().await?;
        match self.fault() {
            Fault::HandOutTooMuch => self.inner.claim(lane, 500, batch, lease_ms).await,
            Fault::FalseAlarm => Ok(Vec::new()),
            _ => self.inner.claim(lane, max, batch, lease_ms).await,
        }
    }

    async fn finish(&self, lane: Lane, claims: &[(Claim, Finish)]) -> Result<Vec<bool>, QueueError> {
        self.meet().await?;
        let held = self.inner.finish(lane, claims).await?;
        self.finished.lock().expect("not poisoned").extend(&held);
        Ok(held)
    }

    async fn extend(&self, lane: Lane, claim: &Claim, lease_ms: i64) -> Result<Option<Claim>, QueueError> {
        self.meet().await?;
        self.inner.extend(lane, claim, lease_ms).await
    }

    async fn hint(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError> {
        self.inner.hint(lane, ids).await
    }

    async fn remove(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError> {
        self.inner.remove(lane, ids).await
    }

    async fn leave_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError> {
        self.inner.leave_slots(channel, ids).await
    }

    async fn join_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError> {
        self.inner.join_slots(channel, ids).await
    }

    async fn slot_members(&self, channel: &str) -> Result<Vec<TaskId>, QueueError> {
        self.inner.slot_members(channel).await
    }

    async fn set_paused(&self, channel: &str, paused: bool) -> Result<(), QueueError> {
        self.inner.set_paused(channel, paused).await
    }

    async fn set_limits(&self, channel: &str, limits: Limits) -> Result<(), QueueError> {
        self.inner.set_limits(channel, limits).await
    }

    async fn gate(&self, channel: &str) -> Result<SubmitGate, QueueError> {
        self.inner.gate(channel).await
    }

    async fn counts(&self, lane: Lane) -> Result<LaneCounts, QueueError> {
        self.inner.counts(lane).await
    }

    async fn oldest_due_ms(&self, lane: Lane) -> Result<Option<i64>, QueueError> {
        self.inner.oldest_due_ms(lane).await
    }

    async fn is_filled(&self) -> Result<bool, QueueError> {
        self.inner.is_filled().await
    }

    async fn set_filled(&self) -> Result<(), QueueError> {
        self.inner.set_filled().await
    }

    async fn announce(&self, ids: &[TaskId]) {
        self.inner.announce(ids).await;
    }

    fn changes(&self) -> Changes {
        self.inner.changes()
    }

    async fn ready(&self, lane: Lane) {
        match self.fault() {
            Fault::FalseAlarm => {}
            Fault::Hang => std::future::pending().await,
            Fault::Panic => panic!("the scheduler panicked, as the test wants"),
            _ => self.inner.ready(lane).await,
        }
    }
}
