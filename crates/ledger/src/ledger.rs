//! The ledger itself: open, close, and what its verbs share. The verbs are in one file per entity.

use crate::committer::WriteCounts;
use crate::engine::Database;
use crate::error::LedgerError;
use crate::migrate;
use crate::progress::Progress;
use crate::sealed::Keyring;
use crate::statement::{Cell, Statement};
use crate::unit::{Reply, Unit};
use crate::unreadable::Unreadable;
use crate::writer::Writer;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use task::Entropy;

/// How long [`Ledger::check`] waits for an answer.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// How to open a ledger.
#[derive(Clone)]
pub struct Options {
    /// `sqlite:PATH` or `postgres://…`. May hold a password: never logged.
    pub url: String,
    /// What credentials are encrypted with.
    pub keyring: Keyring,
    /// Chance, for ids and nonces.
    pub entropy: Arc<dyn Entropy>,
    /// Most connections at a time, at least 2. SQLite: those that read, beside the one that writes.
    pub max_connections: u32,
}

/// The truth. Cheap to clone; all clones share pools and writers.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    keyring: Keyring,
    entropy: Arc<dyn Entropy>,
    writer: Writer,
    progress: Progress,
    unreadable: Unreadable,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("engine", &self.inner.database.engine).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Connects; does not migrate. Must be called on a Tokio runtime; so must the verbs.
    pub async fn open(options: Options) -> Result<Self, LedgerError> {
        let database = Database::open(&options.url, options.max_connections).await?;
        let writer = Writer::new(&database, &options.entropy);
        let Options { keyring, entropy, .. } = options;
        let (progress, unreadable) = Default::default();
        let inner = Inner { database, keyring, entropy, writer, progress, unreadable };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Applies the embedded migrations that are missing; tells how many ran. Two processes may call it
    /// at once: the second waits and finds nothing to do.
    pub async fn migrate(&self) -> Result<usize, LedgerError> {
        migrate::run(&self.inner.database).await
    }

    /// How many migrations [`Ledger::migrate`] would apply.
    pub async fn pending_migrations(&self) -> Result<usize, LedgerError> {
        migrate::pending(&self.inner.database).await
    }

    /// Whether the database answers within 2 s.
    pub async fn check(&self) -> Result<(), LedgerError> {
        tokio::time::timeout(CHECK_LIMIT, self.inner.database.ping())
            .await
            .unwrap_or_else(|_| Err(LedgerError::Away("no answer within 2 s".into())))
    }

    /// Finishes the writes that were taken in, then closes every connection. Verbs fail from now on.
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.database.close().await;
    }

    /// How many units this process has written and how many commits that took.
    pub fn write_counts(&self) -> WriteCounts {
        self.inner.writer.counts()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.inner.database
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.inner.keyring
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.inner.entropy.as_ref()
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.inner.progress
    }

    pub(crate) fn unreadable(&self) -> &Unreadable {
        &self.inner.unreadable
    }

    pub(crate) async fn write(&self, unit: Unit) -> Result<Reply, LedgerError> {
        self.inner.writer.write(unit).await
    }

    /// A statement of fixed text for this ledger's engine.
    pub(crate) fn fixed(&self, sql: &'static str, cells: Vec<Cell>) -> Statement {
        Statement::fixed(self.inner.database.engine, sql, cells)
    }

    /// The beginning of a statement that grows.
    pub(crate) fn statement(&self, sql: &str) -> Statement {
        Statement::start(self.inner.database.engine, sql)
    }
}
