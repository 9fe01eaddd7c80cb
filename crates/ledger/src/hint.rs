//! Operations that an upstream's callback named for a task in doubt. A hint proves nothing: whoever
//! resolves the doubt asks the upstream for the operation first. A side table, without a version.

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::statement::cells;
use task::TaskId;

impl Ledger {
    /// Keeps the operation that a callback named for this task; the newest one counts. A task that is
    /// not there takes no hint.
    pub async fn note_hint(&self, id: TaskId, operation_id: &str) -> Result<(), LedgerError> {
        let sql = "/* note_hint */ INSERT INTO hint (task_id, operation_id) SELECT id, $2 FROM task WHERE id = $1 \
             ON CONFLICT (task_id) DO UPDATE SET operation_id = excluded.operation_id";
        self.database().execute(self.fixed(sql, cells![id, operation_id])).await?;
        Ok(())
    }

    /// The operation that a callback named for this task, if one did.
    pub async fn hinted_operation(&self, id: TaskId) -> Result<Option<String>, LedgerError> {
        let sql = "/* hinted_operation */ SELECT operation_id FROM hint WHERE task_id = $1";
        let row = self.database().fetch_first(self.fixed(sql, cells![id])).await?;
        row.map(|row| Reader::new("hint", &row).text("operation_id")).transpose()
    }
}
