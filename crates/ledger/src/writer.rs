//! Group commit: units of work from many callers share statements and commits.
//!
//! Callers hand units to a writer and wait for their own result. A writer takes what is waiting, at
//! most 128 rows and never two units that touch the same thing, and runs it as one transaction
//! ([`crate::batch`]). A caller that hangs up cancels nothing.

use crate::batch;
use crate::callback::Arrival;
use crate::change::Change;
use crate::engine::{Database, Engine};
use crate::error::{Fault, LedgerError, Trouble};
use crate::opening::{Opened, Opening};
use crate::statement::{MAX_ROWS, Statement};
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use task::{CallbackId, Entropy, TaskId, TokenId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Writers that run side by side on Postgres, sharded by task id. SQLite has one writer by nature.
const POSTGRES_WRITERS: u64 = 2;
/// Units that may wait for one writer; further callers wait outside.
const QUEUE_UNITS: usize = 1024;
/// Units that a writer looks through for a batch.
const WINDOW_UNITS: usize = 4 * MAX_ROWS;
/// How long a caller waits to hand its unit over.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// How often a unit that met another transaction is run again, by itself.
const TRIES: u32 = 5;

/// One caller's work: all of it or nothing.
pub(crate) enum Unit {
    Open(Box<Opening>),
    Commit(Vec<Change>),
    Deliver(Arrival),
}

/// What a unit's caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Opened(Opened),
    Committed,
}

/// What this process has written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Openings, units of changes and arrivals of callbacks, refused ones included.
    pub units: u64,
    /// Commits that they took.
    pub commits: u64,
}

/// What a unit came to.
type Written = Result<Reply, LedgerError>;

struct Request {
    unit: Unit,
    reply: oneshot::Sender<Written>,
}

/// Something that two units of one batch may not both touch.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Task(TaskId),
    ChildOf(TaskId),
    Scope(TokenId, String),
    Callback(CallbackId),
}

impl Unit {
    fn rows(&self) -> usize {
        match self {
            Self::Open(_) | Self::Deliver(_) => 1,
            Self::Commit(changes) => changes.len(),
        }
    }

    /// The task by which it is given to a writer.
    fn first_task(&self) -> Option<TaskId> {
        match self {
            Self::Open(opening) => Some(opening.task.id),
            Self::Commit(changes) => changes.first().map(|change| change.before.id),
            Self::Deliver(arrival) => Some(arrival.task),
        }
    }

    fn keys(&self) -> Vec<Key> {
        match self {
            Self::Open(opening) => {
                let mut keys = vec![Key::Task(opening.task.id)];
                keys.extend(opening.only_child_of.map(Key::ChildOf));
                keys.extend(opening.idempotency.as_ref().map(|i| Key::Scope(i.token, i.scope.clone())));
                keys
            }
            Self::Commit(changes) => changes.iter().map(|change| Key::Task(change.before.id)).collect(),
            Self::Deliver(arrival) => vec![Key::Callback(arrival.callback)],
        }
    }

    /// What its caller gets when it was done without a look at anything.
    fn done(&self) -> Reply {
        match self {
            Self::Open(_) => Reply::Opened(Opened::New),
            Self::Commit(_) | Self::Deliver(_) => Reply::Committed,
        }
    }
}

/// The writers' end that callers hold.
pub(crate) struct Writer {
    queues: RwLock<Vec<mpsc::Sender<Request>>>,
    running: Mutex<Vec<JoinHandle<()>>>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    units: AtomicU64,
    commits: AtomicU64,
}

impl Writer {
    /// Spawns the writers on the current runtime. They end when the ledger is closed or dropped.
    pub(crate) fn start(database: &Database, entropy: &Arc<dyn Entropy>) -> Self {
        let counters = Arc::new(Counters::default());
        let writers = match database.engine {
            Engine::Sqlite => 1,
            Engine::Postgres => POSTGRES_WRITERS,
        };
        let mut queues = Vec::new();
        let mut running = Vec::new();
        for _ in 0..writers {
            let (sender, receiver) = mpsc::channel(QUEUE_UNITS);
            let committer =
                Committer { database: database.clone(), entropy: Arc::clone(entropy), counters: Arc::clone(&counters) };
            queues.push(sender);
            running.push(tokio::spawn(committer.serve(receiver)));
        }
        Self { queues: RwLock::new(queues), running: Mutex::new(running), counters }
    }

    pub(crate) fn counts(&self) -> WriteCounts {
        WriteCounts {
            units: self.counters.units.load(Ordering::Relaxed),
            commits: self.counters.commits.load(Ordering::Relaxed),
        }
    }

    /// Hands a unit over and waits for its result.
    pub(crate) async fn write(&self, unit: Unit) -> Result<Reply, LedgerError> {
        let closed = || LedgerError::Away("the ledger is closed".into());
        let queue = self.queue_of(&unit).ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        match tokio::time::timeout(SEND_LIMIT, queue.send(Request { unit, reply })).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(closed()),
            Err(_) => return Err(LedgerError::Away("too many writes are waiting".into())),
        }
        drop(queue);
        answer.await.unwrap_or_else(|_| Err(LedgerError::Unknown("the writer ended".into())))
    }

    fn queue_of(&self, unit: &Unit) -> Option<mpsc::Sender<Request>> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        let mut hasher = DefaultHasher::new();
        unit.first_task().hash(&mut hasher);
        let shard = usize::try_from(hasher.finish() % queues.len().max(1) as u64).unwrap_or(0);
        queues.get(shard).cloned()
    }

    /// Takes no more units and waits until those taken in are done.
    pub(crate) async fn close(&self) {
        self.queues.write().unwrap_or_else(PoisonError::into_inner).clear();
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for writer in running {
            if writer.await.is_err() {
                tracing::error!("a ledger writer had ended before its time");
            }
        }
    }
}

/// One writer.
struct Committer {
    database: Database,
    entropy: Arc<dyn Entropy>,
    counters: Arc<Counters>,
}

impl Committer {
    async fn serve(self, mut queue: mpsc::Receiver<Request>) {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match queue.recv().await {
                    Some(request) => waiting.push_back(request),
                    None => return,
                }
            }
            while waiting.len() < WINDOW_UNITS
                && let Ok(request) = queue.try_recv()
            {
                waiting.push_back(request);
            }
            self.commit(take_batch(&mut waiting, self.database.engine)).await;
        }
    }

    /// Runs a batch, together if that works and else one by one, and answers every caller.
    async fn commit(&self, batch: Vec<Request>) {
        let (units, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|r| (r.unit, r.reply)).unzip();
        self.counters.units.fetch_add(units.len() as u64, Ordering::Relaxed);
        let written = match batch::at_once(self.database.engine, self.entropy.as_ref(), &units) {
            Some(Ok(statement)) => self.run_at_once(&units, &statement).await,
            // One that can't be planned is found, and told, when each is run by itself.
            Some(Err(error)) => Err(Trouble::Before(error.into())),
            None => self.transact(&units).await,
        };
        let results = match written {
            Ok(results) => results,
            Err(Trouble::AtCommit(error @ LedgerError::Unknown(_))) => vec![Err(error); units.len()],
            Err(Trouble::Before(fault @ Fault::Lost(_))) => vec![Err(fault.into()); units.len()],
            Err(Trouble::Before(_) | Trouble::AtCommit(_)) => self.commit_singly(&units).await,
        };
        for (reply, result) in replies.into_iter().zip(results) {
            // A caller that hung up wants no answer; its work is done all the same.
            let _ = reply.send(result);
        }
    }

    async fn commit_singly(&self, units: &[Unit]) -> Vec<Written> {
        let mut results = Vec::with_capacity(units.len());
        for unit in units {
            results.push(self.commit_one(unit).await);
        }
        results
    }

    async fn commit_one(&self, unit: &Unit) -> Written {
        let mut last = Fault::Raced("other changes kept coming first".into());
        for _ in 0..TRIES {
            match self.transact(std::slice::from_ref(unit)).await {
                Ok(mut results) => {
                    return results.pop().unwrap_or_else(|| Err(LedgerError::Sql("a unit had no result".into())));
                }
                Err(Trouble::Before(fault @ Fault::Raced(_))) => last = fault,
                Err(Trouble::Before(fault)) => return Err(fault.into()),
                Err(Trouble::AtCommit(error)) => return Err(error),
            }
        }
        Err(last.into())
    }

    /// One statement that commits by itself.
    async fn run_at_once(&self, units: &[Unit], statement: &Statement) -> Result<Vec<Written>, Trouble> {
        let begun = tokio::time::Instant::now();
        task::fail_point!("group_commit.inside");
        self.database.execute_alone(statement).await?;
        self.count(units, begun);
        Ok(units.iter().map(|unit| Ok(unit.done())).collect())
    }

    /// One transaction.
    async fn transact(&self, units: &[Unit]) -> Result<Vec<Written>, Trouble> {
        let begun = tokio::time::Instant::now();
        let mut transaction = self.database.begin().await?;
        let run = batch::run(self.database.engine, &mut transaction, self.entropy.as_ref(), units).await;
        let results = match run {
            Ok(results) => results,
            Err(fault) => {
                if !matches!(fault, Fault::Lost(_)) {
                    self.database.rollback(transaction).await;
                }
                return Err(fault.into());
            }
        };
        task::fail_point!("group_commit.inside");
        self.database.commit(transaction).await.map_err(Trouble::AtCommit)?;
        self.count(units, begun);
        Ok(results)
    }

    fn count(&self, units: &[Unit], begun: tokio::time::Instant) {
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        let rows: usize = units.iter().map(Unit::rows).sum();
        metrics::counter!("ledger_commits_total").increment(1);
        // At most 128 rows, which a float holds exactly.
        metrics::histogram!("ledger_batch_rows").record(u32::try_from(rows).map_or(f64::MAX, f64::from));
        metrics::histogram!("ledger_commit_seconds").record(begun.elapsed().as_secs_f64());
    }
}

/// Takes the next batch: in order of arrival, at most [`MAX_ROWS`] rows, on SQLite a power of two of units,
/// and none that touches what an earlier unit touches, whether that one is in the batch or was left.
fn take_batch(waiting: &mut VecDeque<Request>, engine: Engine) -> Vec<Request> {
    let mut touched = HashSet::new();
    let mut rows = 0;
    let mut chosen = Vec::new();
    for (place, request) in waiting.iter().enumerate() {
        let keys = request.unit.keys();
        let fits = rows + request.unit.rows() <= MAX_ROWS || chosen.is_empty();
        if fits && !keys.iter().any(|key| touched.contains(key)) {
            rows += request.unit.rows();
            chosen.push(place);
        }
        touched.extend(keys);
        if rows >= MAX_ROWS {
            break;
        }
    }
    chosen.truncate(engine.rows_of(chosen.len()));
    let chosen: HashSet<usize> = chosen.into_iter().collect();
    let (batch, rest): (Vec<_>, Vec<_>) =
        std::mem::take(waiting).into_iter().enumerate().partition(|(place, _)| chosen.contains(place));
    waiting.extend(rest.into_iter().map(|(_, request)| request));
    batch.into_iter().map(|(_, request)| request).collect()
}
