//! Errands: questions asked upstream on a caller's behalf.

use crate::connection::Row;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::retention::page;
use crate::rows::json;
use crate::statement::cells;
use serde::{Deserialize, Serialize};
use task::{ErrandId, TaskId};

/// Most open errands given at a time.
const MAX_ERRANDS: i64 = 5000;

const COLUMNS: &str = "id, task_id, kind, created_ms, result";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrandKind {
    /// To stop the task.
    Cancel,
    /// The seed of the task's image.
    Seed,
}

impl ErrandKind {
    /// The word in SQL and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Seed => "seed",
        }
    }
}

/// An errand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Which one.
    pub id: ErrandId,
    /// For which task.
    pub task: TaskId,
    /// What is asked.
    pub kind: ErrandKind,
    /// When it was asked, ms.
    pub created_ms: i64,
    /// The answer, once there is one.
    pub result: Option<ErrandResult>,
}

/// An errand's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrandResult {
    /// Done; the text that was asked for, if any.
    Done(Option<String>),
    /// The vendor has no such thing.
    None,
    /// The task is past it; why, in public words.
    TooLate(String),
    /// It could not be asked; why, in public words.
    Failed(String),
}

fn read(row: &Row) -> Result<Errand, LedgerError> {
    let mut row = Reader::new("errand", row);
    let kinds = [ErrandKind::Cancel, ErrandKind::Seed];
    Ok(Errand {
        id: row.parsed("id")?,
        task: row.parsed("task_id")?,
        kind: row.word("kind", |word| kinds.into_iter().find(|kind| kind.as_str() == word))?,
        created_ms: row.int("created_ms")?,
        result: row.opt_json("result")?,
    })
}

impl Ledger {
    /// Writes a new errand down. The same id again does nothing.
    pub async fn open_errand(&self, errand: &Errand) -> Result<(), LedgerError> {
        let sql = "/* open_errand */ INSERT INTO errand (id, task_id, kind, created_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (id) DO NOTHING";
        let cells = cells![errand.id, errand.task, errand.kind.as_str(), errand.created_ms];
        self.database().execute(self.fixed(sql, cells)).await.map(drop)
    }

    /// One errand.
    pub async fn errand(&self, id: ErrandId) -> Result<Option<Errand>, LedgerError> {
        let mut sql = self.statement(&format!("/* errand */ SELECT {COLUMNS} FROM errand WHERE id = "));
        sql.bind(id);
        self.database().fetch_first(sql).await?.as_ref().map(read).transpose()
    }

    /// The unanswered errands of these tasks, oldest first, at most 5,000.
    pub async fn open_errands(&self, tasks: &[TaskId]) -> Result<Vec<Errand>, LedgerError> {
        let mut errands = Vec::new();
        for tasks in tasks.chunks(500) {
            let mut sql = self.statement(&format!("/* open_errands */ SELECT {COLUMNS} FROM errand WHERE task_id"));
            sql.among(tasks.iter().copied()).push(" AND ended_ms IS NULL ORDER BY id LIMIT ").bind(MAX_ERRANDS);
            let rows = self.database().fetch_all(sql).await?;
            errands.append(&mut self.readable(&rows, read)?);
        }
        Ok(errands)
    }

    /// Tasks with an unanswered errand that was asked before `before_ms`, and their channels: the longest
    /// waiting first, each task once, at most `limit` (and 1,000).
    pub async fn waiting_errands(&self, before_ms: i64, limit: i64) -> Result<Vec<(TaskId, String)>, LedgerError> {
        let sql = "/* waiting_errands */ SELECT e.task_id, t.channel FROM errand e JOIN task t ON t.id = e.task_id \
             WHERE e.ended_ms IS NULL AND e.created_ms < $1 GROUP BY e.task_id, t.channel \
             ORDER BY MIN(e.created_ms), e.task_id LIMIT $2";
        let rows = self.database().fetch_all(self.fixed(sql, cells![before_ms, page(limit)])).await?;
        self.readable(&rows, |row| {
            let mut row = Reader::new("errand", row);
            Ok((row.parsed("task_id")?, row.text("channel")?))
        })
    }

    /// Answers an errand. The first answer stays.
    pub async fn end_errand(&self, id: ErrandId, result: &ErrandResult, now_ms: i64) -> Result<(), LedgerError> {
        let sql = "/* end_errand */ UPDATE errand SET ended_ms = $2, result = $3 WHERE id = $1 AND ended_ms IS NULL";
        let cells = cells![id, now_ms, json("errand result", result)?];
        self.database().execute(self.fixed(sql, cells)).await.map(drop)
    }
}
