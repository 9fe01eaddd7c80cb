//! Orphan operations: found after their task had ended, watched until they end too.

use crate::connection::Row;
use crate::error::LedgerError;
use crate::event;
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::retention::page;
use crate::rows::json;
use crate::statement::{Statement, cells};
use serde_json::json;
use task::{AttemptId, Operation, TaskId};

/// An operation without a task that waits for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Orphan {
    /// The task that has ended.
    pub task: TaskId,
    /// The vendor's handle.
    pub operation: Operation,
    /// The channel to ask.
    pub channel: String,
    /// When it was found, ms.
    pub created_ms: i64,
}

impl Ledger {
    /// Notes an operation that turned up too late: an event and a row to be polled. The task's state,
    /// version and money stay. The same operation again does nothing; `NotFound` without the task.
    pub async fn orphan_operation(
        &self,
        id: TaskId,
        attempt: Option<AttemptId>,
        operation: &Operation,
        now_ms: i64,
    ) -> Result<(), LedgerError> {
        let engine = self.database().engine;
        let mut transaction = self.database().begin().await?;
        self.lock_task(&mut transaction, id).await?;
        let sql = "/* orphan_operation */ INSERT INTO orphan \
             (task_id, operation_id, operation, attempt_id, channel, created_ms) \
             SELECT t.id, $2, $3, $4, t.channel, $5 FROM task t WHERE t.id = $1 \
             ON CONFLICT (task_id, operation_id) DO NOTHING";
        let cells = cells![id, &operation.id, json("operation", operation)?, attempt, now_ms];
        if Statement::fixed(engine, sql, cells).execute(&mut transaction).await? > 0 {
            let note = json!({ "operation": operation.id, "attempt": attempt });
            event::note(engine, &mut transaction, id, "orphan_operation", &note, now_ms).await?;
        }
        self.database().commit(transaction).await
    }

    /// Orphans that are still watched, oldest first, at most `limit` (and 1,000).
    pub async fn orphans(&self, limit: i64) -> Result<Vec<Orphan>, LedgerError> {
        let sql = "/* orphans */ SELECT task_id, operation, channel, created_ms FROM orphan WHERE ended_ms IS NULL \
             ORDER BY created_ms, task_id LIMIT $1";
        let rows = self.database().fetch_all(self.fixed(sql, cells![page(limit)])).await?;
        self.readable(&rows, read)
    }

    /// The orphans of one task that are still watched, oldest first.
    pub async fn orphans_of(&self, task: TaskId) -> Result<Vec<Orphan>, LedgerError> {
        let sql = "/* orphans_of */ SELECT task_id, operation, channel, created_ms FROM orphan \
             WHERE task_id = $1 AND ended_ms IS NULL ORDER BY created_ms, operation_id LIMIT 1000";
        let rows = self.database().fetch_all(self.fixed(sql, cells![task])).await?;
        rows.iter().map(read).collect()
    }

    /// The operation has ended; it is watched no more.
    pub async fn end_orphan(&self, id: TaskId, operation_id: &str, now_ms: i64) -> Result<(), LedgerError> {
        let sql = "/* end_orphan */ UPDATE orphan SET ended_ms = $3 \
             WHERE task_id = $1 AND operation_id = $2 AND ended_ms IS NULL";
        self.database().execute(self.fixed(sql, cells![id, operation_id, now_ms])).await.map(drop)
    }
}

fn read(row: &Row) -> Result<Orphan, LedgerError> {
    let mut row = Reader::new("orphan", row);
    Ok(Orphan {
        task: row.parsed("task_id")?,
        operation: row.json("operation")?,
        channel: row.text("channel")?,
        created_ms: row.int("created_ms")?,
    })
}
