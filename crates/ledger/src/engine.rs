//! The two engines behind one set of verbs: pools, sessions and what their SQL can't share.

use crate::connection::{Connection, Row, Target};
use crate::error::{Fault, LedgerError, Trouble};
use crate::pool::{Lease, Pool};
use crate::statement::{Statement, limited, power_of_two_below};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// How often the switch to WAL is tried again while another process has the file.
const WAL_TRIES: u32 = 100;
/// The pause between two of those tries.
const WAL_PAUSE: Duration = Duration::from_millis(50);
/// How often a verb passes over a connection that it found dead. One that does also ends those at rest.
const DEAD_MAX: u32 = 3;

/// Every SQLite connection. FULL: a commit that was answered survives a power cut.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
macro_rules! postgres_session {
    ($($more:literal)?) => {
        concat!(
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
             SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '30s'; \
             SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;",
            $($more)?
        )
    };
}
/// Every Postgres connection. The limits free locks of a process that hangs. All our joins go by key
/// from a short list, where a plan made for a table that was still empty must not read it whole; and no
/// statement is so long that compiling it first would pay.
const POSTGRES_READS: &str = postgres_session!();
/// Those that write besides: what they do goes by key, so that one plan serves for all values, and to
/// plan an update of 30 columns takes longer than to do it.
const POSTGRES_WRITES: &str = postgres_session!(" SET plan_cache_mode = force_generic_plan;");

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// How many of `count` rows one statement writes: on SQLite, whose texts differ with the number of
    /// rows, a power of two.
    pub(crate) fn rows_of(self, count: usize) -> usize {
        match self {
            Self::Sqlite => power_of_two_below(count),
            Self::Postgres => count,
        }
    }

    /// What follows a SELECT that locks its rows, in the order of its ORDER BY. SQLite locks the whole
    /// file when the transaction begins and knows no such words. `NO KEY`, so that foreign keys that
    /// look at the row don't wait.
    pub(crate) fn row_lock(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR NO KEY UPDATE",
        }
    }
}

/// The pools. On SQLite one connection writes and the others read; on Postgres each does half.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) engine: Engine,
    read: Pool,
    write: Pool,
}

/// A transaction that may write. One that is dropped ends with its connection, and nothing of it stays.
#[derive(Debug)]
pub(crate) struct Transaction(Lease);

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Database {
    /// Connects. The URL is `sqlite:PATH` or `postgres://…`.
    pub(crate) async fn open(url: &str, max_connections: u32) -> Result<Self, LedgerError> {
        let max = max_connections.max(2);
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let target = target(Engine::Postgres, url)?;
            let write = Pool::new(target.clone(), POSTGRES_WRITES, max / 2);
            let read = Pool::new(target, POSTGRES_READS, max - max / 2);
            read.lease().await?.give_back();
            return Ok(Self { engine: Engine::Postgres, read, write });
        }
        if !url.starts_with("sqlite:") || url.contains(":memory:") {
            return Err(LedgerError::Invalid(
                "the ledger's URL must begin with sqlite: (a file) or postgres://".into(),
            ));
        }
        let target = target(Engine::Sqlite, url)?;
        let write = Pool::new(target.clone(), SQLITE_SESSION, 1);
        let mut first = write.lease().await?;
        use_wal(&mut first).await?;
        first.give_back();
        Ok(Self { engine: Engine::Sqlite, read: Pool::new(target, SQLITE_SESSION, max), write })
    }

    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once: one that began
    /// by reading could not get it later without losing what it had read.
    pub(crate) async fn begin(&self) -> Result<Transaction, Fault> {
        let sql = match self.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        let mut dead = 0;
        loop {
            let mut lease = self.write.lease().await?;
            match limited(lease.run(sql)).await {
                Ok(()) => return Ok(Transaction(lease)),
                Err(error) if is_dead(&error) && dead < DEAD_MAX => {
                    dead += 1;
                    self.write.forget();
                }
                Err(error) => {
                    spare(lease, &error);
                    return Err(error.into());
                }
            }
        }
    }

    /// Commits. An error of the connection leaves it unknown whether anything was written.
    pub(crate) async fn commit(&self, transaction: Transaction) -> Result<(), LedgerError> {
        let Transaction(mut lease) = transaction;
        let Err(error) = limited(lease.run("COMMIT")).await else {
            lease.give_back();
            return Ok(());
        };
        Err(match Fault::from(error) {
            // SQLite's own verdicts at COMMIT (busy, full) leave the transaction open.
            Fault::Busy(text) if self.engine == Engine::Sqlite => {
                self.rollback(Transaction(lease)).await;
                LedgerError::Away(text)
            }
            Fault::Lost(text) | Fault::Busy(text) => LedgerError::Unknown(text),
            Fault::Raced(text) => LedgerError::Away(text),
            Fault::Refused(error) => error,
        })
    }

    /// Gives a transaction up but keeps its connection, where a drop would end that as well.
    pub(crate) async fn rollback(&self, transaction: Transaction) {
        let Transaction(mut lease) = transaction;
        if limited(lease.run("ROLLBACK")).await.is_ok() {
            lease.give_back();
        }
    }

    /// Reads rows. Connections that turn out to be dead (the server was restarted) are passed over.
    pub(crate) async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, LedgerError> {
        let mut dead = 0;
        loop {
            let mut lease = self.read.lease().await?;
            match statement.fetch_all(&mut lease).await {
                Ok(rows) => {
                    lease.give_back();
                    return Ok(rows);
                }
                Err(error) if is_dead(&error) && dead < DEAD_MAX => {
                    dead += 1;
                    self.read.forget();
                }
                Err(error) => {
                    spare(lease, &error);
                    return Err(error.into());
                }
            }
        }
    }

    /// Reads the first row.
    pub(crate) async fn fetch_first(&self, statement: Statement) -> Result<Option<Row>, LedgerError> {
        Ok(self.fetch_all(statement).await?.into_iter().next())
    }

    /// Runs one writing statement as a transaction of its own.
    pub(crate) async fn execute(&self, statement: Statement) -> Result<u64, LedgerError> {
        if self.engine == Engine::Postgres {
            return Ok(self.execute_alone(&statement).await?);
        }
        let mut transaction = self.begin().await?;
        match statement.execute(&mut transaction).await {
            Ok(written) => self.commit(transaction).await.map(|()| written),
            Err(error) => {
                self.rollback(transaction).await;
                Err(error.into())
            }
        }
    }

    /// The same in one round trip, on Postgres: outside a transaction a statement commits by itself. When
    /// the connection is lost under it, nobody knows whether it did.
    pub(crate) async fn execute_alone(&self, statement: &Statement) -> Result<u64, Trouble> {
        let mut lease = self.write.lease().await.map_err(Fault::from)?;
        match statement.execute(&mut lease).await {
            Ok(written) => {
                lease.give_back();
                Ok(written)
            }
            Err(error) => {
                spare(lease, &error);
                if is_dead(&error) {
                    self.write.forget();
                }
                Err(match Fault::from(error) {
                    Fault::Lost(text) => Trouble::AtCommit(LedgerError::Unknown(text)),
                    fault => Trouble::Before(fault),
                })
            }
        }
    }

    /// Whether the database answers at all.
    pub(crate) async fn ping(&self) -> Result<(), LedgerError> {
        self.fetch_all(Statement::fixed(self.engine, "/* ping */ SELECT 1", vec![])).await.map(drop)
    }
}

/// Gives back the connection of a statement that the engine refused: it is fit for the next one.
fn spare(lease: Lease, error: &sqlx::Error) {
    if matches!(error, sqlx::Error::Database(_)) && !is_dead(error) {
        lease.give_back();
    }
}

/// Whether a connection from the pool was found dead by its first statement. Nothing was done then. A pool that
/// has none to give is another matter.
fn is_dead(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
        // 57P01 to 57P03: ended by an administrator, crashed, starting up.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P0")),
        _ => false,
    }
}

fn target(engine: Engine, url: &str) -> Result<Target, LedgerError> {
    // The parser's own words may quote the URL, and so a password.
    Target::read(engine, url).map_err(|_| LedgerError::Invalid("the ledger's URL can't be parsed".to_owned()))
}

/// Turns the file to write-ahead logging, which stays with it. While another process does the same
/// the engine answers BUSY without waiting, so that we have to.
async fn use_wal(connection: &mut Connection) -> Result<(), LedgerError> {
    for _ in 1..WAL_TRIES {
        match turn_to_wal(connection).await {
            Err(Fault::Busy(_)) => tokio::time::sleep(WAL_PAUSE).await,
            result => return Ok(result?),
        }
    }
    Ok(turn_to_wal(connection).await?)
}

async fn turn_to_wal(connection: &mut Connection) -> Result<(), Fault> {
    Ok(connection.run("PRAGMA journal_mode = WAL").await?)
}
