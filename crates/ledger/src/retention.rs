//! Retention: what is old enough goes, in batches of at most 1,000 rows.

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::statement::cells;

/// Most rows in one page or one purge.
pub(crate) const MAX_PAGE: i64 = 1000;

/// A limit as it is used: 1 to 1,000.
pub(crate) fn page(limit: i64) -> i64 {
    limit.clamp(1, MAX_PAGE)
}

/// What may be purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retention {
    /// Ended tasks with all their rows, by the time of their end. Those with a pending callback or an
    /// orphan operation that is still watched wait for it; and those with artifacts, until the bytes have
    /// left the store ([`Ledger::expired_artifacts`], [`Ledger::forget_artifacts`]).
    Tasks,
    /// Events of ended tasks.
    Events,
    /// Callbacks that are pending no more, by the time at which that came.
    Callbacks,
    /// Idempotency keys, by the time at which they lapse.
    Idempotency,
    /// Attempts of ended tasks.
    Attempts,
}

impl Retention {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Tasks, Self::Events, Self::Callbacks, Self::Idempotency, Self::Attempts];

    fn sql(self) -> &'static str {
        match self {
            Self::Tasks => {
                "/* purge_tasks */ DELETE FROM task WHERE id IN (SELECT t.id FROM task t \
                 WHERE t.finished_ms IS NOT NULL AND t.finished_ms < $1 \
                 AND NOT EXISTS (SELECT 1 FROM callback c WHERE c.task_id = t.id AND c.state = 'pending') \
                 AND NOT EXISTS (SELECT 1 FROM orphan o WHERE o.task_id = t.id AND o.ended_ms IS NULL) \
                 AND NOT EXISTS (SELECT 1 FROM artifact a WHERE a.task_id = t.id) \
                 ORDER BY t.finished_ms LIMIT $2)"
            }
            Self::Events => {
                "/* purge_events */ DELETE FROM event WHERE (task_id, version, part) IN \
                 (SELECT e.task_id, e.version, e.part FROM event e JOIN task t ON t.id = e.task_id \
                 WHERE e.at_ms < $1 AND t.finished_ms IS NOT NULL ORDER BY e.at_ms LIMIT $2)"
            }
            Self::Callbacks => {
                "/* purge_callbacks */ DELETE FROM callback WHERE id IN (SELECT c.id FROM callback c \
                 WHERE c.ended_ms IS NOT NULL AND c.ended_ms < $1 ORDER BY c.ended_ms LIMIT $2)"
            }
            Self::Idempotency => {
                "/* purge_idempotency */ DELETE FROM idempotency WHERE (token_id, scope) IN \
                 (SELECT i.token_id, i.scope FROM idempotency i WHERE i.expires_ms < $1 \
                 ORDER BY i.expires_ms LIMIT $2)"
            }
            Self::Attempts => {
                "/* purge_attempts */ DELETE FROM attempt WHERE id IN \
                 (SELECT a.id FROM attempt a JOIN task t ON t.id = a.task_id \
                 WHERE a.begun_ms < $1 AND t.finished_ms IS NOT NULL ORDER BY a.begun_ms LIMIT $2)"
            }
        }
    }
}

impl Ledger {
    /// Deletes what is older than `before_ms`, at most `limit` (and 1,000) rows; tells how many went.
    pub async fn purge(&self, what: Retention, before_ms: i64, limit: i64) -> Result<u64, LedgerError> {
        self.database().execute(self.fixed(what.sql(), cells![before_ms, page(limit)])).await
    }
}
