//! Events: what happened to a task, one row for each version, and notes that made no version.

use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::rows::json;
use crate::statement::{Cell, Statement, cells, write_rows};
use serde_json::Value;
use task::{State, Task, TaskId};

/// Most events given for one task: more than any life has.
const MAX_EVENTS: i64 = 1000;

/// Something that happened to a task. Its key is task, version and part.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whose.
    pub task: TaskId,
    /// The version that it made, or at which the note was written.
    pub version: i64,
    /// 0 for the change that made the version; notes count from 1.
    pub part: i64,
    /// The state after it.
    pub state: State,
    /// The step's name; `open`, `orphan_operation`, `late_artifacts` for what is no step.
    pub step: String,
    /// What was kept of it.
    pub note: Value,
    /// When, ms.
    pub at_ms: i64,
}

/// The row of the change that made `after`'s version.
pub(crate) fn row(after: &Task, step: &str, note: &Value) -> Result<Vec<Cell>, LedgerError> {
    Ok(cells![after.id, after.version, 0i64, after.state, step, json("event note", note)?, after.updated_ms])
}

/// What stands before rows of events.
pub(crate) const INSERT: &str = "INSERT INTO event (task_id, version, part, state, step, note, at_ms) ";

pub(crate) async fn insert(engine: Engine, connection: &mut Connection, rows: Vec<Vec<Cell>>) -> Result<(), Fault> {
    let head = format!("/* insert_events */ {INSERT}");
    write_rows(engine, connection, &head, rows, "").await?;
    Ok(())
}

/// Adds a note at the task's present version. The caller's transaction has locked the task's row.
pub(crate) async fn note(
    engine: Engine,
    connection: &mut Connection,
    task: TaskId,
    step: &str,
    note: &Value,
    at_ms: i64,
) -> Result<(), Fault> {
    let sql = "/* note_event */ INSERT INTO event (task_id, version, part, state, step, note, at_ms) \
         SELECT t.id, t.version, \
             (SELECT COALESCE(MAX(e.part), 0) + 1 FROM event e WHERE e.task_id = t.id AND e.version = t.version), \
             t.state, $2, $3, $4 \
         FROM task t WHERE t.id = $1";
    let cells = cells![task, step, json("event note", note)?, at_ms];
    Statement::fixed(engine, sql, cells).execute(connection).await?;
    Ok(())
}

impl Ledger {
    /// The task's events in the order in which they happened, at most 1,000.
    pub async fn events(&self, id: TaskId) -> Result<Vec<Event>, LedgerError> {
        let sql = "/* events */ SELECT task_id, version, part, state, step, note, at_ms FROM event \
             WHERE task_id = $1 ORDER BY version, part LIMIT $2";
        let rows = self.database().fetch_all(self.fixed(sql, cells![id, MAX_EVENTS])).await?;
        rows.iter()
            .map(|row| {
                let mut row = Reader::new("event", row);
                Ok(Event {
                    task: row.parsed("task_id")?,
                    version: row.int("version")?,
                    part: row.int("part")?,
                    state: row.parsed("state")?,
                    step: row.text("step")?,
                    note: row.json("note")?,
                    at_ms: row.int("at_ms")?,
                })
            })
            .collect()
    }
}
