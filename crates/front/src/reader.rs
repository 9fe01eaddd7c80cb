//! Reads of single tasks, joined: what arrives while a query is under way shares the next one. An idle
//! service adds no delay, a busy one makes few queries of many polls.

use ledger::{Ledger, LedgerError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use task::{Task, TaskId};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The most ids of one query.
pub const READ_BATCH: usize = 500;

/// The most queries under way at the same time.
pub const READERS_MAX: usize = 4;

/// While a query is under way, so many reads wait for the next one before it gets company: a query of many
/// ids costs little more than one of few.
pub const READS_SHARED: usize = 100;

/// A read that has waited for so long begins a query of its own beside those that hold it up: one of them may
/// hang.
pub const WAIT_MAX: Duration = Duration::from_millis(25);

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
}

impl Queue {
    /// Takes the place of another reader, if one is needed to take what waits and there may be one.
    fn take_place(&mut self, waits_long: bool) -> bool {
        let is_crowded = self.waiting.len() > READS_SHARED;
        let is_needed = self.readers == 0 || is_crowded || (waits_long && !self.waiting.is_empty());
        let starts = is_needed && self.readers < READERS_MAX;
        self.readers += usize::from(starts);
        starts
    }
}

impl Reader {
    /// A reader of this ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, queue: Arc::default() }
    }

    /// One task, with what this process knows of its progress.
    pub async fn task(&self, id: TaskId) -> Answer {
        let (sender, mut receiver) = oneshot::channel();
        if self.enqueue(id, sender)? {
            self.start();
        } else if let Ok(answer) = timeout(WAIT_MAX, &mut receiver).await {
            return answer.unwrap_or(Err(ReadError::Away));
        } else if lock(&self.queue).take_place(true) {
            self.start();
        }
        receiver.await.unwrap_or(Err(ReadError::Away))
    }

    /// Starts a reader, whose place has been taken.
    fn start(&self) {
        tokio::spawn(Turn { ledger: self.ledger.clone(), queue: self.queue.clone(), left: false }.run());
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
        Ok(queue.take_place(false))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(waiting: usize, readers: usize) -> Queue {
        let read = |_| (TaskId::new(1, &task::clock::SeededEntropy::new(1)), oneshot::channel().0);
        Queue { waiting: (0..waiting).map(read).collect(), readers }
    }

    #[test]
    fn reads_share_a_query_until_they_are_many_or_one_has_waited_long() {
        for (waiting, readers, waits_long, starts) in [
            (1, 0, false, true),
            (READS_SHARED, 1, false, false),
            (READS_SHARED + 1, 1, false, true),
            (1, 1, true, true),
            // Somebody has taken it in meanwhile.
            (0, 1, true, false),
            (READS_SHARED + 1, READERS_MAX, true, false),
        ] {
            let mut queue = queue(waiting, readers);
            assert_eq!(queue.take_place(waits_long), starts, "{waiting} wait, {readers} read, {waits_long}");
            assert_eq!(queue.readers, readers + usize::from(starts));
        }
    }
}
