//! A queue that can be emptied (a fresh one takes its place) and that can be away, and that looks into
//! the ledger at every bell: ledger first, bell second (`DESIGN.md` section 4, 1).

use async_trait::async_trait;
use ledger::{CallbackState, Ledger};
use queue::{
    Batch, Changes, Claim, Entry, Finish, Lane, LaneCounts, Limits, MemoryScheduler, QueueError, Scheduler, SubmitGate,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use task::{Clock, State, TaskId};

/// Passes everything on to the scheduler of the moment.
#[derive(Debug)]
pub struct SwapScheduler {
    clock: Arc<dyn Clock>,
    inner: RwLock<Arc<MemoryScheduler>>,
    away: AtomicBool,
    ledger: Mutex<Option<Ledger>>,
    early: Mutex<Vec<String>>,
    ringing: AtomicUsize,
}

impl SwapScheduler {
    /// An empty one, as after its first start.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let inner = RwLock::new(MemoryScheduler::new(clock.clone()));
        Arc::new(Self {
            clock,
            inner,
            away: AtomicBool::new(false),
            ledger: Mutex::default(),
            early: Mutex::default(),
            ringing: AtomicUsize::new(0),
        })
    }

    /// Forgets everything: entries, leases, slots, limits and the epoch.
    pub fn empty(&self) {
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = MemoryScheduler::new(self.clock.clone());
    }

    /// Whether every call fails from now on.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Whether it is away.
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    /// The ledger that bells are held against; none: they are not.
    pub fn hold_against(&self, ledger: Option<Ledger>) {
        *self.ledger.lock().unwrap_or_else(PoisonError::into_inner) = ledger;
    }

    /// Bells that were rung before the ledger knew why.
    pub fn early_bells(&self) -> Vec<String> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a bell is being held against the ledger right now.
    pub fn is_ringing(&self) -> bool {
        self.ringing.load(Ordering::SeqCst) > 0
    }

    /// Notes a bell that the ledger's rows do not call for.
    async fn look_up(&self, lane: Lane, id: TaskId) {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(ledger) = ledger else { return };
        let row = ledger.task(id).await.expect("the ledger is there");
        let state = row.as_ref().map(|task| task.state);
        let known = match (lane, state) {
            (_, None) => false,
            (Lane::Submit, Some(state)) => state == State::Queued || state.is_terminal(),
            // Errands and orphans ring it in other states as well; for a submission under way, only the upstream
            // that has named its operation does.
            (Lane::Poll, Some(State::Submitting)) => {
                let is_named = ledger.hinted_operation(id).await.expect("the ledger is there").is_some();
                is_named || !ledger.orphans_of(id).await.expect("the ledger is there").is_empty()
            }
            (Lane::Poll, Some(_)) => true,
            (Lane::Archive, Some(state)) => state == State::Archiving,
            (Lane::Notify, Some(_)) => {
                let rows = ledger.callbacks(id).await.expect("the ledger is there");
                rows.iter().any(|row| row.state == CallbackState::Pending)
            }
        };
        if !known {
            let text = format!("{lane} was rung for {id}, which is {state:?}");
            self.early.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }

    fn now(&self) -> Arc<MemoryScheduler> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn here(&self) -> Result<Arc<MemoryScheduler>, QueueError> {
        if self.is_away() { Err(QueueError("played".to_owned())) } else { Ok(self.now()) }
    }
}

#[async_trait]
impl Scheduler for SwapScheduler {
    async fn add(&self, lane: Lane, entries: &[Entry]) -> Result<(), QueueError> {
        let inner = self.here()?;
        self.ringing.fetch_add(1, Ordering::SeqCst);
        for entry in entries {
            self.look_up(lane, entry.id).await;
        }
        let added = inner.add(lane, entries).await;
        self.ringing.fetch_sub(1, Ordering::SeqCst);
        added
    }

    async fn add_absent(&self, lane: Lane, entries: &[Entry]) -> Result<usize, QueueError> {
        self.here()?.add_absent(lane, entries).await
    }

    async fn claim(&self, lane: Lane, max: usize, batch: usize, lease_ms: i64) -> Result<Vec<Batch>, QueueError> {
        self.here()?.claim(lane, max, batch, lease_ms).await
    }

    async fn claim_batches(
        &self,
        lane: Lane,
        batches: usize,
        batch: usize,
        lease_ms: i64,
    ) -> Result<Vec<Batch>, QueueError> {
        self.here()?.claim_batches(lane, batches, batch, lease_ms).await
    }

    async fn finish(&self, lane: Lane, claims: &[(Claim, Finish)]) -> Result<Vec<bool>, QueueError> {
        self.here()?.finish(lane, claims).await
    }

    async fn extend(&self, lane: Lane, claim: &Claim, lease_ms: i64) -> Result<Option<Claim>, QueueError> {
        self.here()?.extend(lane, claim, lease_ms).await
    }

    async fn hint(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError> {
        self.here()?.hint(lane, ids).await
    }

    async fn remove(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError> {
        self.here()?.remove(lane, ids).await
    }

    async fn leave_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError> {
        self.here()?.leave_slots(channel, ids).await
    }

    async fn join_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError> {
        self.here()?.join_slots(channel, ids).await
    }

    async fn slot_members(&self, channel: &str) -> Result<Vec<TaskId>, QueueError> {
        self.here()?.slot_members(channel).await
    }

    async fn set_paused(&self, channel: &str, paused: bool) -> Result<(), QueueError> {
        self.here()?.set_paused(channel, paused).await
    }

    async fn set_limits(&self, channel: &str, limits: Limits) -> Result<(), QueueError> {
        self.here()?.set_limits(channel, limits).await
    }

    async fn gate(&self, channel: &str) -> Result<SubmitGate, QueueError> {
        self.here()?.gate(channel).await
    }

    async fn counts(&self, lane: Lane) -> Result<LaneCounts, QueueError> {
        self.here()?.counts(lane).await
    }

    async fn oldest_due_ms(&self, lane: Lane) -> Result<Option<i64>, QueueError> {
        self.here()?.oldest_due_ms(lane).await
    }

    async fn is_filled(&self) -> Result<bool, QueueError> {
        self.here()?.is_filled().await
    }

    async fn set_filled(&self) -> Result<(), QueueError> {
        self.here()?.set_filled().await
    }

    async fn announce(&self, ids: &[TaskId]) {
        if !self.is_away() {
            self.now().announce(ids).await;
        }
    }

    fn changes(&self) -> Changes {
        self.now().changes()
    }

    async fn ready(&self, lane: Lane) {
        self.now().ready(lane).await;
    }
}
