//! One batch: as one statement or one transaction, and one by one where that fails.

use crate::batch;
use crate::engine::Database;
use crate::error::{Fault, LedgerError, Trouble};
use crate::statement::Statement;
use crate::unit::{Unit, Written};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use task::Entropy;

/// How often a unit that met another transaction is run again, by itself.
const TRIES: u32 = 5;

/// What this process has written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Openings, units of changes and arrivals of callbacks, refused ones included.
    pub units: u64,
    /// Commits that they took.
    pub commits: u64,
}

#[derive(Default)]
struct Counters {
    units: AtomicU64,
    commits: AtomicU64,
}

/// Writes batches.
pub(crate) struct Committer {
    database: Database,
    entropy: Arc<dyn Entropy>,
    counters: Counters,
}

impl Committer {
    pub(crate) fn new(database: &Database, entropy: &Arc<dyn Entropy>) -> Self {
        Self { database: database.clone(), entropy: Arc::clone(entropy), counters: Counters::default() }
    }

    pub(crate) fn counts(&self) -> WriteCounts {
        WriteCounts {
            units: self.counters.units.load(Ordering::Relaxed),
            commits: self.counters.commits.load(Ordering::Relaxed),
        }
    }

    /// Runs a batch, together if that works and else one by one; gives one result for each unit, in order.
    pub(crate) async fn commit(&self, units: &[Unit]) -> Vec<Written> {
        self.counters.units.fetch_add(units.len() as u64, Ordering::Relaxed);
        let written = match batch::at_once(self.database.engine, self.entropy.as_ref(), units) {
            Some(Ok(statement)) => self.run_at_once(units, &statement).await,
            // One that can't be planned is found, and told, when each is run by itself.
            Some(Err(error)) => Err(Trouble::Before(error.into())),
            None => self.transact(units).await,
        };
        match written {
            Ok(results) => results,
            Err(Trouble::AtCommit(error @ LedgerError::Unknown(_))) => vec![Err(error); units.len()],
            Err(Trouble::Before(fault @ Fault::Lost(_))) => vec![Err(fault.into()); units.len()],
            Err(Trouble::Before(_) | Trouble::AtCommit(_)) => self.commit_singly(units).await,
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
