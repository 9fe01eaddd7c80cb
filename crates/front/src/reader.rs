//! Reads of single tasks, joined: what arrives while a query is under way shares the next one. An idle
//! service adds no delay, a busy one makes few queries of many polls.

use ledger::{Ledger, LedgerError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use task::{Task, TaskId};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The most ids of one query.
pub const READ_BATCH: usize = 500;

/// The most queries under way at the same time.
pub const READERS_MAX: usize = 4;

/// While a query is under way, so many reads wait for the next one before it gets company: a query of many
/// ids costs little more than one of few.
pub const READS_SHARED: usize = 100;

/// A query that takes longer than this is left to itself: the next read begins another one beside it.
pub const QUERY_SLOW: Duration = Duration::from_millis(25);

/// The most reads that wait; more are refused as if the ledger were away.
pub const READS_WAITING_MAX: usize = 50_000;

type Answer = Result<Option<Arc<Task>>, ReadError>;

/// The ledger could not be asked, or holds something that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Away; a retry may help.
    #[error("the ledger is away")]
    Away,
    /// A mistake of ours; the log has it.
    #[error("the ledger failed")]
    Broken,
}

impl From<&LedgerError> for ReadError {
    fn from(error: &LedgerError) -> Self {
        match error {
            LedgerError::Away(_) | LedgerError::Unknown(_) => Self::Away,
            _ => Self::Broken,
        }
    }
}

impl From<ReadError> for contracts::Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Away => Self::unavailable("the service is temporarily unavailable, please try again"),
            ReadError::Broken => Self::internal(),
        }
    }
}

/// Reads tasks; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    ledger: Ledger,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<(TaskId, oneshot::Sender<Answer>)>,
    readers: usize,
    /// When the newest query began.
    began: Option<Instant>,
}

impl Queue {
    /// Whether another reader has to take what waits.
    fn needs_reader(&self) -> bool {
        let is_slow = self.began.is_none_or(|began| began.elapsed() > QUERY_SLOW);
        self.readers == 0 || (self.readers < READERS_MAX && (self.waiting.len() > READS_SHARED || is_slow))
    }
}

impl Reader {
    /// A reader of this ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, queue: Arc::default() }
    }

    /// One task, with what this process knows of its progress.
    pub async fn task(&self, id: TaskId) -> Answer {
        let (sender, receiver) = oneshot::channel();
        if self.enqueue(id, sender)? {
            tokio::spawn(Turn { ledger: self.ledger.clone(), queue: self.queue.clone(), left: false }.run());
        }
        receiver.await.unwrap_or(Err(ReadError::Away))
    }

    /// Several tasks in whatever order; unknown ids are left out.
    pub async fn tasks(&self, ids: &[TaskId]) -> Result<Vec<Arc<Task>>, ReadError> {
        read(&self.ledger, ids).await
    }

    fn enqueue(&self, id: TaskId, sender: oneshot::Sender<Answer>) -> Result<bool, ReadError> {
        let mut queue = lock(&self.queue);
        if queue.waiting.len() >= READS_WAITING_MAX {
            return Err(ReadError::Away);
        }
        queue.waiting.push((id, sender));
        let start = queue.needs_reader();
        queue.readers += usize::from(start);
        Ok(start)
    }
}

/// One of the readers at work; gives its place back even if it is dropped halfway.
struct Turn {
    ledger: Ledger,
    queue: Arc<Mutex<Queue>>,
    /// Whether the place has been given back.
    left: bool,
}

impl Turn {
    async fn run(mut self) {
        while let Some(batch) = self.next_batch() {
            self.answer(batch).await;
        }
    }

    /// What waits, or `None` and the place given back: both under one lock, so that a read which comes
    /// at this moment finds either a reader that will see it or a free place.
    fn next_batch(&mut self) -> Option<Vec<(TaskId, oneshot::Sender<Answer>)>> {
        let mut queue = lock(&self.queue);
        let most = queue.waiting.len().min(READ_BATCH);
        if most > 0 {
            queue.began = Some(Instant::now());
            return Some(queue.waiting.drain(..most).collect());
        }
        queue.readers = queue.readers.saturating_sub(1);
        self.left = true;
        None
    }

    async fn answer(&self, mut batch: Vec<(TaskId, oneshot::Sender<Answer>)>) {
        batch.sort_unstable_by_key(|(id, _)| *id);
        let mut ids: Vec<TaskId> = batch.iter().map(|(id, _)| *id).collect();
        ids.dedup();
        let found = read(&self.ledger, &ids)
            .await
            .map(|tasks| tasks.into_iter().map(|task| (task.id, task)).collect::<HashMap<_, _>>());
        for (id, sender) in batch {
            let answer = match &found {
                Ok(tasks) if !tasks.contains_key(&id) && self.ledger.is_unreadable(id) => Err(ReadError::Broken),
                Ok(tasks) => Ok(tasks.get(&id).cloned()),
                Err(error) => Err(error.clone()),
            };
            // A caller that hung up needs no answer.
            let _ = sender.send(answer);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.left {
            let mut queue = lock(&self.queue);
            queue.readers = queue.readers.saturating_sub(1);
        }
    }
}

async fn read(ledger: &Ledger, ids: &[TaskId]) -> Result<Vec<Arc<Task>>, ReadError> {
    let mut all = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(READ_BATCH) {
        let tasks = ledger.tasks(chunk).await.map_err(|error| {
            tracing::warn!(%error, count = chunk.len(), "reading tasks failed");
            ReadError::from(&error)
        })?;
        all.extend(tasks.into_iter().map(|task| Arc::new(with_progress(ledger, task))));
    }
    Ok(all)
}

/// Raises a task's progress to what this process knows, which may be newer than the row.
pub fn with_progress(ledger: &Ledger, mut task: Task) -> Task {
    if let Some(percent) = ledger.known_progress(task.id) {
        task.raise_progress(percent);
    }
    task
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
