//! Who waits for which task. One walker for the whole process hears of changes, and reads all awaited
//! ids every [`FALLBACK_PERIOD`] in case a hint was lost: one query for all who wait.

use crate::reader::{READ_BATCH, with_progress};
use ledger::Ledger;
use queue::{Changes, Scheduler};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use task::{Task, TaskId};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// How often awaited tasks are read without a hint.
pub const FALLBACK_PERIOD: Duration = Duration::from_millis(500);

type Latest = Option<Arc<Task>>;

/// Hears of changes on behalf of all who wait; cheap to clone.
#[derive(Clone)]
pub struct Watch(Arc<Inner>);

struct Inner {
    ledger: Ledger,
    scheduler: Arc<dyn Scheduler>,
    awaited: Mutex<Awaited>,
}

#[derive(Default)]
struct Awaited {
    by_id: HashMap<TaskId, (usize, watch::Sender<Latest>)>,
    walks: bool,
}

/// One who waits. Dropping it ends the waiting.
pub struct Watcher {
    watch: Watch,
    id: TaskId,
    receiver: watch::Receiver<Latest>,
}

impl Watch {
    /// Nothing is started before somebody waits.
    pub fn new(ledger: Ledger, scheduler: Arc<dyn Scheduler>) -> Self {
        Self(Arc::new(Inner { ledger, scheduler, awaited: Mutex::default() }))
    }

    /// Begins to wait for news of a task. News from before this call is not repeated: read the task
    /// after it.
    pub fn on(&self, id: TaskId) -> Watcher {
        let mut awaited = self.0.lock();
        let (count, sender) = awaited.by_id.entry(id).or_insert_with(|| (0, watch::channel(None).0));
        *count += 1;
        let receiver = sender.subscribe();
        if !awaited.walks {
            awaited.walks = true;
            // Subscribed before this call returns, so that no change after it is missed.
            let changes = self.0.scheduler.changes();
            tokio::spawn(walk(Walking { inner: self.0.clone(), holds_place: true }, changes));
        }
        Watcher { watch: self.clone(), id, receiver }
    }
}

impl Watcher {
    /// The task, as soon as it was read again: after a change, or after the fallback's period. The row
    /// may be the same as before. `None`: it is gone.
    pub async fn next(&mut self) -> Latest {
        if self.receiver.changed().await.is_err() {
            // The sender lives as long as this watcher counts; an error can only mean the process ends.
            return std::future::pending().await;
        }
        self.receiver.borrow_and_update().clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut awaited = self.watch.0.lock();
        if let Some((count, _)) = awaited.by_id.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                awaited.by_id.remove(&self.id);
            }
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Awaited> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn publish(&self, ids: &[TaskId]) {
        for chunk in ids.chunks(READ_BATCH) {
            let tasks = match self.ledger.tasks(chunk).await {
                Ok(tasks) => tasks,
                Err(error) => {
                    // Those who wait go on waiting: the next period asks again.
                    tracing::warn!(%error, "reading awaited tasks failed");
                    return;
                }
            };
            let mut found: HashMap<TaskId, Task> = tasks.into_iter().map(|task| (task.id, task)).collect();
            let awaited = self.lock();
            for id in chunk {
                let latest = found.remove(id).map(|task| Arc::new(with_progress(&self.ledger, task)));
                if let Some((_, sender)) = awaited.by_id.get(id) {
                    sender.send_replace(latest);
                }
            }
        }
    }
}

/// The walker's place; given back even when the walk ends by a panic.
struct Walking {
    inner: Arc<Inner>,
    holds_place: bool,
}

impl Drop for Walking {
    fn drop(&mut self) {
        if self.holds_place {
            self.inner.lock().walks = false;
        }
    }
}

async fn walk(mut walking: Walking, mut changes: Changes) {
    let inner = walking.inner.clone();
    let mut ticks = interval_at(Instant::now() + FALLBACK_PERIOD, FALLBACK_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let ids = awaited_news(&inner, &mut changes, &mut ticks).await;
        inner.publish(&ids).await;
        let mut awaited = inner.lock();
        if awaited.by_id.is_empty() {
            // Under the same lock as the check, so that a newcomer starts the next walk.
            awaited.walks = false;
            walking.holds_place = false;
            return;
        }
    }
}

/// Awaited ids that are worth a read now.
async fn awaited_news(inner: &Inner, changes: &mut Changes, ticks: &mut Interval) -> Vec<TaskId> {
    let hinted = tokio::select! {
        hint = changes.recv() => hint,
        _ = ticks.tick() => Err(RecvError::Lagged(0)),
    };
    let mut news = Vec::new();
    match hinted {
        Ok(id) => news.push(id),
        Err(RecvError::Lagged(_)) => return inner.lock().by_id.keys().copied().collect(),
        Err(RecvError::Closed) => {
            // Nobody announces any more; the period alone goes on.
            ticks.tick().await;
            return inner.lock().by_id.keys().copied().collect();
        }
    }
    loop {
        match changes.try_recv() {
            Ok(id) if news.len() < READ_BATCH => news.push(id),
            Ok(_) | Err(TryRecvError::Lagged(_)) => return inner.lock().by_id.keys().copied().collect(),
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    news.sort_unstable();
    news.dedup();
    let awaited = inner.lock();
    news.retain(|id| awaited.by_id.contains_key(id));
    news
}
