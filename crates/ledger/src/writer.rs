//! Group commit: units of work from many callers share statements and commits.
//!
//! Callers hand in units and wait for their own result. A writer takes what waits, at most 128 rows and
//! never two units that touch the same thing, and runs it as one transaction ([`crate::committer`]). What
//! comes meanwhile waits for its next one: a batch of many costs little more than one of few. Another writer
//! begins beside it when more waits than one batch takes, or when a unit has waited long, because a
//! commit may hang. A caller that hangs up cancels nothing.

use crate::committer::{Committer, WriteCounts};
use crate::engine::{Database, Engine};
use crate::error::LedgerError;
use crate::statement::MAX_ROWS;
use crate::unit::{Key, Reply, Unit, Written};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use task::Entropy;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

/// The most writers side by side on Postgres. SQLite has one writer by nature.
const POSTGRES_WRITERS: u32 = 2;
/// Units that may wait; further callers wait outside.
const UNITS_MAX: usize = 2048;
/// Units that a writer looks through for a batch.
const WINDOW_UNITS: usize = 4 * MAX_ROWS;
/// How long a caller waits to hand its unit in.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// A unit that has waited for so long gets a writer beside those that hold it up.
const WAIT_MAX: Duration = Duration::from_millis(25);

/// The writers' end that callers hold.
pub(crate) struct Writer {
    desk: Arc<Desk>,
}

/// What writers and callers share.
struct Desk {
    committer: Committer,
    engine: Engine,
    queue: Mutex<Queue>,
    /// Room for units that wait; closed when no more are taken.
    room: Arc<Semaphore>,
    /// One for each writer that may be at work.
    places: Arc<Semaphore>,
    writers_max: u32,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Request>,
    /// What the batches under way touch.
    touched: HashSet<Key>,
}

struct Request {
    unit: Unit,
    keys: Vec<Key>,
    reply: oneshot::Sender<Written>,
    /// Its room among those that wait.
    _room: OwnedSemaphorePermit,
}

impl Writer {
    /// Starts a writer whenever there is something to write, on the runtime of whoever hands it in.
    pub(crate) fn new(database: &Database, entropy: &Arc<dyn Entropy>) -> Self {
        let writers_max = match database.engine {
            Engine::Sqlite => 1,
            Engine::Postgres => POSTGRES_WRITERS,
        };
        let desk = Desk {
            committer: Committer::new(database, entropy),
            engine: database.engine,
            queue: Mutex::default(),
            room: Arc::new(Semaphore::new(UNITS_MAX)),
            places: Arc::new(Semaphore::new(writers_max as usize)),
            writers_max,
        };
        Self { desk: Arc::new(desk) }
    }

    pub(crate) fn counts(&self) -> WriteCounts {
        self.desk.committer.counts()
    }

    /// Hands a unit in and waits for its result.
    pub(crate) async fn write(&self, unit: Unit) -> Result<Reply, LedgerError> {
        let crowded = |_| LedgerError::Away("too many writes are waiting".into());
        let room = timeout(SEND_LIMIT, Arc::clone(&self.desk.room).acquire_owned()).await.map_err(crowded)?;
        let (reply, mut answer) = oneshot::channel();
        let request = Request { keys: unit.keys(), unit, reply, _room: room.map_err(|_| closed())? };
        let ended = |_| Err(LedgerError::Unknown("the writer ended".into()));
        if !self.desk.hand_in(request)? {
            if let Ok(answer) = timeout(WAIT_MAX, &mut answer).await {
                return answer.unwrap_or_else(ended);
            }
            self.desk.start_beside();
        }
        answer.await.unwrap_or_else(ended)
    }

    /// Takes no more units and waits until those taken in are done.
    pub(crate) async fn close(&self) {
        {
            // Under the lock: whoever hands in a unit now either comes before this or is refused.
            let _queue = self.desk.lock();
            self.desk.room.close();
        }
        // A writer leaves only when nothing is left that it could write.
        let _all = self.desk.places.acquire_many(self.desk.writers_max).await;
    }
}

fn closed() -> LedgerError {
    LedgerError::Away("the ledger is closed".into())
}

impl Desk {
    /// Puts a unit in the queue, and starts a writer if none is at work or more waits than one takes. Tells
    /// whether it did.
    fn hand_in(self: &Arc<Self>, request: Request) -> Result<bool, LedgerError> {
        let mut queue = self.lock();
        if self.room.is_closed() {
            return Err(closed());
        }
        queue.waiting.push_back(request);
        Ok((self.is_idle() || queue.waiting.len() > MAX_ROWS) && self.start())
    }

    /// Starts another writer for what has waited long, if that is still there.
    fn start_beside(self: &Arc<Self>) {
        let queue = self.lock();
        if !queue.waiting.is_empty() {
            self.start();
        }
    }

    /// Starts a writer if there may be one more. To be called with the queue locked, so that one that is about
    /// to leave has either seen what waits or given its place back.
    fn start(self: &Arc<Self>) -> bool {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return false };
        tokio::spawn(Turn { desk: Arc::clone(self), place: Some(place), keys: Vec::new() }.run());
        true
    }

    fn is_idle(&self) -> bool {
        self.places.available_permits() == self.writers_max as usize
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A writer at work.
struct Turn {
    desk: Arc<Desk>,
    /// Its place, until it leaves.
    place: Option<OwnedSemaphorePermit>,
    /// What its batch touches.
    keys: Vec<Key>,
}

impl Turn {
    async fn run(mut self) {
        while let Some(batch) = self.next_batch() {
            let (units, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|r| (r.unit, r.reply)).unzip();
            let results = self.desk.committer.commit(&units).await;
            for (reply, result) in replies.into_iter().zip(results) {
                // A caller that hung up wants no answer; its work is done all the same.
                let _ = reply.send(result);
            }
        }
    }

    /// What is to be written next. `None`: nothing that this writer may touch, and its place is given back.
    fn next_batch(&mut self) -> Option<Vec<Request>> {
        let mut queue = self.desk.lock();
        queue.release(&mut self.keys);
        let mut batch = queue.take_batch(self.desk.engine);
        if batch.is_empty() {
            // Under the lock: whoever hands in a unit now finds the place free.
            self.place = None;
            return None;
        }
        self.keys = batch.iter_mut().flat_map(|request| request.keys.drain(..)).collect();
        queue.touched.extend(self.keys.iter().cloned());
        Some(batch)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.place.is_none() {
            return;
        }
        tracing::error!("a ledger writer has ended before its time");
        let mut queue = self.desk.lock();
        queue.release(&mut self.keys);
        self.place = None;
        if self.desk.is_idle() {
            // Nobody is left to write these; their callers are told that it is not known what became of them.
            queue.waiting.clear();
        }
    }
}

impl Queue {
    fn release(&mut self, keys: &mut Vec<Key>) {
        for key in keys.drain(..) {
            self.touched.remove(&key);
        }
    }

    /// Takes the next batch: in order of arrival, at most [`MAX_ROWS`] rows, on SQLite a power of two of units,
    /// and none that touches what a batch under way touches, or an earlier unit, whether that one is in the
    /// batch or was left.
    fn take_batch(&mut self, engine: Engine) -> Vec<Request> {
        let mut touched = HashSet::new();
        let mut rows = 0;
        let mut chosen = Vec::new();
        for (place, request) in self.waiting.iter().take(WINDOW_UNITS).enumerate() {
            let fits = rows + request.unit.rows() <= MAX_ROWS || chosen.is_empty();
            if fits && !request.keys.iter().any(|key| touched.contains(key) || self.touched.contains(key)) {
                rows += request.unit.rows();
                chosen.push(place);
            }
            touched.extend(&request.keys);
            if rows >= MAX_ROWS {
                break;
            }
        }
        chosen.truncate(engine.rows_of(chosen.len()));
        let chosen: HashSet<usize> = chosen.into_iter().collect();
        let (batch, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().enumerate().partition(|(place, _)| chosen.contains(place));
        self.waiting.extend(rest.into_iter().map(|(_, request)| request));
        batch.into_iter().map(|(_, request)| request).collect()
    }
}
