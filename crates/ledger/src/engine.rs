//! The two engines behind one set of verbs: pools, sessions and what their SQL can't share.

use crate::error::{Fault, LedgerError};
use crate::statement::{Statement, limited};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor as _, Transaction};
use std::str::FromStr as _;
use std::time::Duration;

/// How long a verb waits for a free connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// A connection that rested longer than this is tried before it is used.
const PING_AFTER: Duration = Duration::from_secs(1);
/// How often the switch to WAL is tried again while another process has the file.
const WAL_TRIES: u32 = 100;
/// The pause between two of those tries.
const WAL_PAUSE: Duration = Duration::from_millis(50);
/// Prepared statements kept for each Postgres connection: every verb in each power of two.
const STATEMENT_CACHE: u32 = 250;

/// Every SQLite connection. FULL: a commit that was answered survives a power cut.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
/// Every Postgres connection. The limits free locks of a process that hangs. All our joins go by key
/// from a short list, where a plan made for a table that was still empty must not read it whole.
const POSTGRES_SESSION: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
     SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '30s'; \
     SET enable_hashjoin = off; SET enable_mergejoin = off;";

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
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

/// The pools. On SQLite one connection writes and the others read; on Postgres it is one pool.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) engine: Engine,
    read: AnyPool,
    write: AnyPool,
    /// How many dead connections a verb passes over: as many as the pool may hold.
    max_dead: u32,
}

impl Database {
    /// Connects. The URL is `sqlite:PATH` or `postgres://…`.
    pub(crate) async fn open(url: &str, max_connections: u32) -> Result<Self, LedgerError> {
        sqlx::any::install_default_drivers();
        let max = max_connections.max(2);
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options =
                connect_options(&with_parameter(url, &format!("statement-cache-capacity={STATEMENT_CACHE}")))?;
            let pool = pool_options(max, POSTGRES_SESSION).connect_with(options).await?;
            return Ok(Self { engine: Engine::Postgres, read: pool.clone(), write: pool, max_dead: max });
        }
        if !url.starts_with("sqlite:") || url.contains(":memory:") {
            return Err(LedgerError::Invalid(
                "the ledger's URL must begin with sqlite: (a file) or postgres://".into(),
            ));
        }
        let options = connect_options(&with_parameter(url, "mode=rwc"))?;
        let write = pool_options(1, SQLITE_SESSION).connect_with(options.clone()).await?;
        use_wal(&write).await?;
        let read = pool_options(max, SQLITE_SESSION).connect_with(options).await?;
        Ok(Self { engine: Engine::Sqlite, read, write, max_dead: 0 })
    }

    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once: one that began
    /// by reading could not get it later without losing what it had read.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, Fault> {
        let mut dead = 0;
        loop {
            let begun = match self.engine {
                Engine::Sqlite => limited(self.write.begin_with("BEGIN IMMEDIATE")).await,
                Engine::Postgres => limited(self.write.begin()).await,
            };
            match begun {
                Err(error) if is_dead(&error) && dead < self.max_dead => dead += 1,
                result => return Ok(result?),
            }
        }
    }

    /// Commits. An error of the connection leaves it unknown whether anything was written.
    pub(crate) async fn commit(&self, transaction: Transaction<'static, Any>) -> Result<(), LedgerError> {
        limited(transaction.commit()).await.map_err(|error| match Fault::from(error) {
            // SQLite's own verdicts at COMMIT (busy, full) leave the transaction open; dropping it rolls back.
            Fault::Busy(text) if self.engine == Engine::Sqlite => LedgerError::Away(text),
            Fault::Lost(text) | Fault::Busy(text) => LedgerError::Unknown(text),
            Fault::Raced(text) => LedgerError::Away(text),
            Fault::Refused(error) => error,
        })
    }

    /// Reads rows. Connections that turn out to be dead (the server was restarted) are passed over.
    pub(crate) async fn fetch_all(&self, statement: Statement) -> Result<Vec<AnyRow>, LedgerError> {
        let mut dead = 0;
        loop {
            let mut connection = self.read.acquire().await?;
            match statement.clone().fetch_all(&mut connection).await {
                Err(error) if is_dead(&error) && dead < self.max_dead => dead += 1,
                result => return Ok(result?),
            }
        }
    }

    /// Reads the first row.
    pub(crate) async fn fetch_first(&self, statement: Statement) -> Result<Option<AnyRow>, LedgerError> {
        Ok(self.fetch_all(statement).await?.into_iter().next())
    }

    /// Runs one writing statement as a transaction of its own.
    pub(crate) async fn execute(&self, statement: Statement) -> Result<u64, LedgerError> {
        let mut transaction = self.begin().await?;
        let written = statement.execute(&mut transaction).await?;
        self.commit(transaction).await?;
        Ok(written)
    }

    /// Whether the database answers at all.
    pub(crate) async fn ping(&self) -> Result<(), LedgerError> {
        self.fetch_all(Statement::fixed(self.engine, "/* ping */ SELECT 1", vec![])).await.map(drop)
    }
}

/// Whether a pooled connection was found dead by its first statement. Nothing was done then. A pool that
/// has none to give is another matter.
fn is_dead(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
        // 57P01 to 57P03: ended by an administrator, crashed, starting up.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P0")),
        _ => false,
    }
}

fn with_parameter(url: &str, parameter: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{parameter}")
}

fn connect_options(url: &str) -> Result<AnyConnectOptions, LedgerError> {
    // The parser's own words may quote the URL, and so a password.
    let options = AnyConnectOptions::from_str(url)
        .map_err(|_| LedgerError::Invalid("the ledger's URL can't be parsed".to_owned()))?;
    Ok(options.disable_statement_logging())
}

fn pool_options(max: u32, session: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(max)
        .acquire_timeout(ACQUIRE_LIMIT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > PING_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(sqlx::raw_sql(session)).await.map(drop) })
        })
}

/// Turns the file to write-ahead logging, which stays with it. While another process does the same
/// the engine answers BUSY without waiting, so that we have to.
async fn use_wal(pool: &AnyPool) -> Result<(), LedgerError> {
    let mut connection = pool.acquire().await?;
    for _ in 1..WAL_TRIES {
        match turn_to_wal(&mut connection).await {
            Err(Fault::Busy(_)) => tokio::time::sleep(WAL_PAUSE).await,
            result => return Ok(result?),
        }
    }
    Ok(turn_to_wal(&mut connection).await?)
}

async fn turn_to_wal(connection: &mut AnyConnection) -> Result<(), Fault> {
    connection.execute(sqlx::raw_sql("PRAGMA journal_mode = WAL")).await?;
    Ok(())
}
