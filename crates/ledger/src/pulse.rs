//! Whether running tasks are still as they were read: what a poll asks of a row that it knows already.

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::reader::Reader;
use task::TaskId;

/// Most ids in one query.
const MAX_IDS: usize = 500;

/// What may have changed about a running task since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// Which task.
    pub id: TaskId,
    /// Its version: with the one that was read, all but the side columns is as it was.
    pub version: i64,
    /// When the upstream first said that it does not know it. A side column.
    pub missing_ms: Option<i64>,
    /// Whether an errand of it waits for its answer.
    pub has_errand: bool,
}

impl Ledger {
    /// The pulses of those of these tasks that are running, in any order. Reads 500 at a time and four
    /// columns of each.
    pub async fn pulses(&self, ids: &[TaskId]) -> Result<Vec<Pulse>, LedgerError> {
        let mut pulses = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_IDS) {
            let mut sql = self.statement(
                "/* pulses */ SELECT id, version, missing_ms, CAST(CASE WHEN id IN \
                 (SELECT task_id FROM errand WHERE ended_ms IS NULL) THEN 1 ELSE 0 END AS BIGINT) \
                 FROM task WHERE state = 'running' AND id",
            );
            sql.among(ids.iter().copied());
            let rows = self.database().fetch_all(sql).await?;
            pulses.append(&mut self.readable(&rows, |row| {
                let mut row = Reader::new("task", row);
                Ok(Pulse {
                    id: row.parsed("id")?,
                    version: row.int("version")?,
                    missing_ms: row.opt_int("missing_ms")?,
                    has_errand: row.flag("errand")?,
                })
            })?);
        }
        Ok(pulses)
    }
}
