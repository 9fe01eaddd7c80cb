//! Attempts: one row for each paid request, written before it goes out.

use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::statement::{Cell, cells, write_rows};
use serde_json::Value;
use task::{AttemptId, ClientId, TaskId};

/// Most attempts given for one task.
const MAX_ATTEMPTS: i64 = 1000;

/// One paid request.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Which one.
    pub id: AttemptId,
    /// For which task.
    pub task: TaskId,
    /// What was sent upstream to find it again.
    pub client: ClientId,
    /// Where it went.
    pub channel: String,
    /// What the vendor calls the model.
    pub upstream_model: String,
    /// When its lease was taken, ms.
    pub begun_ms: i64,
    /// When it was last known what became of it, ms.
    pub ended_ms: Option<i64>,
    /// What became of it, in one word.
    pub outcome: Option<String>,
    /// Timings and private text.
    pub note: Option<Value>,
}

pub(crate) async fn begin(engine: Engine, connection: &mut Connection, rows: Vec<Vec<Cell>>) -> Result<(), Fault> {
    let head = "/* begin_attempts */ INSERT INTO attempt \
         (id, task_id, client_id, channel, upstream_model, begun_ms) ";
    write_rows(engine, connection, head, rows, "").await?;
    Ok(())
}

pub(crate) async fn end(engine: Engine, connection: &mut Connection, rows: Vec<Vec<Cell>>) -> Result<(), Fault> {
    let head = "/* end_attempts */ WITH v (k, ended_ms, outcome, note) AS (";
    let tail = ") UPDATE attempt SET ended_ms = v.ended_ms, outcome = v.outcome, note = v.note \
         FROM v WHERE attempt.id = v.k";
    write_rows(engine, connection, head, rows, tail).await?;
    Ok(())
}

impl Ledger {
    /// The task's attempts, oldest first, at most 1,000.
    pub async fn attempts(&self, id: TaskId) -> Result<Vec<Attempt>, LedgerError> {
        let sql = "/* attempts */ SELECT id, task_id, client_id, channel, upstream_model, begun_ms, ended_ms, outcome, \
             note FROM attempt WHERE task_id = $1 ORDER BY begun_ms, id LIMIT $2";
        let rows = self.database().fetch_all(self.fixed(sql, cells![id, MAX_ATTEMPTS])).await?;
        rows.iter()
            .map(|row| {
                let mut row = Reader::new("attempt", row);
                Ok(Attempt {
                    id: row.parsed("id")?,
                    task: row.parsed("task_id")?,
                    client: row.parsed("client_id")?,
                    channel: row.text("channel")?,
                    upstream_model: row.text("upstream_model")?,
                    begun_ms: row.int("begun_ms")?,
                    ended_ms: row.opt_int("ended_ms")?,
                    outcome: row.opt_text("outcome")?,
                    note: row.opt_json("note")?,
                })
            })
            .collect()
    }
}
