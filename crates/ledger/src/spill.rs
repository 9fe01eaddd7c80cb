//! Outputs of unfinished tasks that wait in a process's spill folder while the store is away, and the finished
//! copies beside them. A side table, without a version: the task goes on being `archiving`.

use crate::connection::Row;
use crate::error::{Fault, LedgerError};
use crate::event;
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::rows::json;
use crate::statement::{Statement, cells};
use serde_json::json;
use std::collections::BTreeSet;
use task::{Artifact, TaskId};

/// One output of a task that is out of danger without being in the store's record.
#[derive(Debug, Clone, PartialEq)]
pub struct Spilled {
    /// Its place among the task's outputs, from 0.
    pub position: i64,
    /// Whose folder it waits in: a name for operators, which decides nothing.
    pub holder: String,
    /// How long that folder is waited for, ms since the epoch. Its process renews this for as long as it lives.
    pub until_ms: i64,
    /// Set when the output needs no folder: it was copied to the store before the store went away.
    pub artifact: Option<Artifact>,
}

impl Ledger {
    /// Notes where outputs of a task wait, with an event for those that nobody knew of; what was noted of the
    /// same output before is replaced, but a finished copy stays one. Tells whether the task still wants them:
    /// `false`, and nothing is written, once it has ended. `NotFound` when there is no such task.
    pub async fn note_spilled(&self, id: TaskId, outputs: &[Spilled], now_ms: i64) -> Result<bool, LedgerError> {
        let engine = self.database().engine;
        let mut transaction = self.database().begin().await?;
        self.lock_task(&mut transaction, id).await?;
        let known = Statement::fixed(engine, POSITIONS, cells![id]).fetch_all(&mut transaction).await?;
        let known: BTreeSet<i64> = known
            .iter()
            .map(|row| Reader::new("spill", row).int("position"))
            .collect::<Result<_, LedgerError>>()
            .map_err(Fault::from)?;
        for output in outputs {
            let artifact = output.artifact.as_ref().map(|artifact| json("artifact", artifact)).transpose()?;
            let cells = cells![id, output.position, &output.holder, output.until_ms, artifact];
            if Statement::fixed(engine, NOTE, cells).execute(&mut transaction).await? == 0 {
                return Ok(false);
            }
        }
        let is_new = |output: &&Spilled| output.artifact.is_none() && !known.contains(&output.position);
        let new: Vec<&Spilled> = outputs.iter().filter(is_new).collect();
        if let Some(first) = new.first() {
            let positions: Vec<i64> = new.iter().map(|output| output.position).collect();
            let note = json!({ "holder": first.holder, "positions": positions });
            event::note(engine, &mut transaction, id, "spilled", &note, now_ms).await?;
        }
        self.database().commit(transaction).await?;
        Ok(true)
    }

    /// What is noted of a task's outputs, by position.
    pub async fn spilled(&self, id: TaskId) -> Result<Vec<Spilled>, LedgerError> {
        let sql = "/* spilled */ SELECT position, holder, until_ms, artifact FROM spill WHERE task_id = $1 \
             ORDER BY position LIMIT 1000";
        let rows = self.database().fetch_all(self.fixed(sql, cells![id])).await?;
        rows.iter().map(read).collect()
    }

    /// Forgets what was noted of a task that has ended; forgetting nothing is fine.
    pub async fn forget_spilled(&self, id: TaskId) -> Result<(), LedgerError> {
        let sql = "/* forget_spilled */ DELETE FROM spill WHERE task_id = $1";
        self.database().execute(self.fixed(sql, cells![id])).await.map(drop)
    }
}

const POSITIONS: &str = "/* spilled_positions */ SELECT position FROM spill WHERE task_id = $1 LIMIT 1000";

const NOTE: &str = "/* note_spilled */ INSERT INTO spill (task_id, position, holder, until_ms, artifact) \
     SELECT t.id, $2, $3, $4, $5 FROM task t WHERE t.id = $1 AND t.finished_ms IS NULL \
     ON CONFLICT (task_id, position) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms, \
     artifact = COALESCE(excluded.artifact, spill.artifact)";

fn read(row: &Row) -> Result<Spilled, LedgerError> {
    let mut row = Reader::new("spill", row);
    Ok(Spilled {
        position: row.int("position")?,
        holder: row.text("holder")?,
        until_ms: row.int("until_ms")?,
        artifact: row.opt_json("artifact")?,
    })
}
