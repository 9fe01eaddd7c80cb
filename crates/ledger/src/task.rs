//! Tasks: reading them, and the side columns that change without a version.

use crate::artifact;
use crate::connection::Connection;
use crate::connection::Row;
use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::retention::page;
use crate::rows::{self, COLUMNS};
use crate::statement::{Statement, cells};
use crate::unreadable::by_id;
use std::collections::HashSet;
use task::{ClientId, Shown, State, Task, TaskId, TokenId};

/// Most ids in one query.
const MAX_IDS: usize = 500;

/// What callers see of a task: once a child has taken its operation over and runs, the child's word
/// (`contract/DECISIONS.md`, modal). A child that was handed over itself shows its own word.
const SHOWN: &str = "COALESCE((SELECT c.shown FROM task c WHERE c.id = task.child_id \
     AND task.state = 'handed_over' AND c.shown NOT IN ('queued', 'submitted')), shown)";

/// Which tasks a list shows. `None` means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Whose.
    pub token: Option<TokenId>,
    /// Shown as one of these, where a task that was handed over looks like its child; an empty list
    /// matches nothing.
    pub shown: Option<Vec<Shown>>,
    /// In one of these states; an empty list matches nothing.
    pub states: Option<Vec<State>>,
    /// Of one of these families; an empty list matches nothing.
    pub families: Option<Vec<String>>,
    /// One of these; an empty list matches nothing.
    pub ids: Option<Vec<TaskId>>,
    /// Of this public model.
    pub model: Option<String>,
    /// On this channel.
    pub channel: Option<String>,
    /// Those that their caller deleted as well.
    pub include_hidden: bool,
    /// Oldest first; newest first otherwise.
    pub ascending: bool,
    /// Only those behind this one, in the order asked for. It need not exist.
    pub after: Option<TaskId>,
    /// How many to leave out first, at least 0.
    pub offset: i64,
    /// Most rows, 1 to 1,000.
    pub limit: i64,
}

impl TaskFilter {
    /// Adds what a row has to fulfil.
    fn conditions(&self, sql: &mut Statement) {
        sql.push(if self.include_hidden { "hidden >= 0" } else { "hidden = 0" });
        if let Some(token) = self.token {
            sql.push(" AND token_id = ").bind(token);
        }
        if let Some(shown) = &self.shown {
            sql.push(" AND ").push(SHOWN).push(" IN ").list(shown.iter().map(|shown| shown.as_str()));
        }
        if let Some(states) = &self.states {
            sql.push(" AND state IN ").list(states.iter().copied());
        }
        if let Some(families) = &self.families {
            sql.push(" AND family IN ").list(families);
        }
        if let Some(ids) = &self.ids {
            sql.push(" AND id").among(ids.iter().copied());
        }
        for (column, value) in [("model", &self.model), ("channel", &self.channel)] {
            if let Some(value) = value {
                sql.push(" AND ").push(column).push(" = ").bind(value);
            }
        }
    }
}

/// Locks one task's row for the rest of the transaction.
pub(crate) async fn lock(engine: Engine, connection: &mut Connection, id: TaskId) -> Result<(), Fault> {
    let mut sql = Statement::start(engine, "/* lock_task */ SELECT id FROM task WHERE id = ");
    sql.bind(id).push(engine.row_lock());
    let found = sql.fetch_all(connection).await?;
    if found.is_empty() { Err(LedgerError::NotFound.into()) } else { Ok(()) }
}

pub(crate) fn read_id(row: &Row) -> Result<TaskId, LedgerError> {
    Reader::new("task", row).parsed("id")
}

impl Ledger {
    /// One task, with its artifacts once it has some. `Corrupt` when it can't be read.
    pub async fn task(&self, id: TaskId) -> Result<Option<Task>, LedgerError> {
        let Some(row) = self.database().fetch_first(self.by_ids(&[id])).await? else { return Ok(None) };
        let mut task = rows::read(&row)?;
        let mut found = artifact::of_tasks(self.database(), std::slice::from_ref(&task)).await?;
        task.artifacts = found.remove(&id).transpose()?.unwrap_or_default();
        Ok(Some(task))
    }

    /// Tasks by id, in any order, those that don't exist or can't be read left out. Reads 500 at a time.
    pub async fn tasks(&self, ids: &[TaskId]) -> Result<Vec<Task>, LedgerError> {
        let mut tasks = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_IDS) {
            let rows = self.database().fetch_all(self.by_ids(ids)).await?;
            tasks.append(&mut self.read_tasks(&rows).await?);
        }
        Ok(tasks)
    }

    /// Tasks by filter, in the order asked for; those that can't be read left out.
    pub async fn list_tasks(&self, filter: &TaskFilter) -> Result<Vec<Task>, LedgerError> {
        let limit = page(filter.limit);
        let full = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut after = filter.after.map(|id| id.to_string());
        let mut offset = filter.offset.max(0);
        let mut tasks = Vec::new();
        loop {
            let rows = self.database().fetch_all(self.listing(filter, after.as_ref(), offset, limit)).await?;
            tasks.append(&mut self.read_tasks(&rows).await?);
            (after, offset) = (rows.last().and_then(by_id), 0);
            // It reads on behind what can't be read: a shorter list means that there are no more.
            if rows.len() < full || tasks.len() >= full || after.is_none() {
                tasks.truncate(full);
                return Ok(tasks);
            }
        }
    }

    /// How many tasks the filter matches, whatever its place and limit say, counted up to `most`.
    pub async fn count_tasks(&self, filter: &TaskFilter, most: i64) -> Result<i64, LedgerError> {
        let mut sql = self.statement("/* count_tasks */ SELECT COUNT(*) FROM (SELECT id FROM task WHERE ");
        filter.conditions(&mut sql);
        sql.push(" LIMIT ").bind(most.max(0)).push(") AS found");
        let row = self.database().fetch_first(sql).await?;
        row.as_ref().map_or(Ok(0), |row| Reader::new("task", row).int("count"))
    }

    fn by_ids(&self, ids: &[TaskId]) -> Statement {
        let mut sql = self.statement(&format!("/* tasks */ SELECT {COLUMNS} FROM task WHERE id"));
        sql.among(ids.iter().copied());
        sql
    }

    fn listing(&self, filter: &TaskFilter, after: Option<&String>, offset: i64, limit: i64) -> Statement {
        let mut sql = self.statement(&format!("/* list_tasks */ SELECT {COLUMNS} FROM task WHERE "));
        filter.conditions(&mut sql);
        if let Some(after) = after {
            sql.push(if filter.ascending { " AND id > " } else { " AND id < " }).bind(after);
        }
        sql.push(if filter.ascending { " ORDER BY id LIMIT " } else { " ORDER BY id DESC LIMIT " }).bind(limit);
        if offset > 0 {
            sql.push(" OFFSET ").bind(offset);
        }
        sql
    }

    async fn read_tasks(&self, rows: &[Row]) -> Result<Vec<Task>, LedgerError> {
        let tasks = self.readable(rows, rows::read)?;
        let mut found = artifact::of_tasks(self.database(), &tasks).await?;
        let mut whole = Vec::with_capacity(tasks.len());
        for mut task in tasks {
            match found.remove(&task.id).transpose() {
                Ok(artifacts) => {
                    task.artifacts = artifacts.unwrap_or_default();
                    whole.push(task);
                }
                Err(error) => self.unreadable().leave_out(error)?,
            }
        }
        Ok(whole)
    }

    /// The newest task of the channel that has (or had) this operation.
    pub async fn find_operation(&self, channel: &str, operation_id: &str) -> Result<Option<TaskId>, LedgerError> {
        let sql = "/* find_operation */ SELECT id FROM task WHERE channel = $1 AND operation_id = $2 \
             ORDER BY id DESC LIMIT 1";
        let row = self.database().fetch_first(self.fixed(sql, cells![channel, operation_id])).await?;
        row.as_ref().map(read_id).transpose()
    }

    /// The channel's task that sends this client id.
    pub async fn find_client(&self, channel: &str, client: ClientId) -> Result<Option<TaskId>, LedgerError> {
        let sql = "/* find_client */ SELECT id FROM task WHERE client_id = $1 AND channel = $2 \
             ORDER BY id DESC LIMIT 1";
        let row = self.database().fetch_first(self.fixed(sql, cells![client, channel])).await?;
        row.as_ref().map(read_id).transpose()
    }

    /// The token's newest task of the family that carries this text of the caller's own; none that they
    /// have deleted.
    pub async fn task_by_external_id(
        &self,
        token: TokenId,
        family: &str,
        external_id: &str,
    ) -> Result<Option<TaskId>, LedgerError> {
        let sql = "/* task_by_external_id */ SELECT id FROM task WHERE token_id = $1 AND external_id = $2 \
             AND family = $3 AND hidden = 0 ORDER BY id DESC LIMIT 1";
        let row = self.database().fetch_first(self.fixed(sql, cells![token, external_id, family])).await?;
        row.as_ref().map(read_id).transpose()
    }

    /// Those of the ids that no task has, in the order given: what was stored for them may go.
    pub async fn unknown_tasks(&self, ids: &[TaskId]) -> Result<Vec<TaskId>, LedgerError> {
        let mut known = HashSet::new();
        for ids in ids.chunks(MAX_IDS) {
            let mut sql = self.statement("/* unknown_tasks */ SELECT id FROM task WHERE id");
            sql.among(ids.iter().copied());
            for row in &self.database().fetch_all(sql).await? {
                known.insert(read_id(row)?);
            }
        }
        Ok(ids.iter().copied().filter(|id| !known.contains(id)).collect())
    }

    /// The task that was opened as this one's only child ([`crate::Opening::only_child_of`]) and has not ended.
    pub async fn unfinished_child(&self, parent: TaskId) -> Result<Option<TaskId>, LedgerError> {
        let sql = "/* unfinished_child */ SELECT id FROM task WHERE modal_of = $1 AND finished_ms IS NULL LIMIT 1";
        let row = self.database().fetch_first(self.fixed(sql, cells![parent])).await?;
        row.as_ref().map(read_id).transpose()
    }

    /// Hides a task from its caller. `NotFound` when there is no such task.
    pub async fn hide_task(&self, id: TaskId) -> Result<(), LedgerError> {
        let sql = "/* hide_task */ UPDATE task SET hidden = 1 WHERE id = $1";
        self.found(self.database().execute(self.fixed(sql, cells![id])).await?)
    }

    /// Keeps an image's seed, read back as `details.seed`. `NotFound` when there is no such task.
    pub async fn keep_seed(&self, task: TaskId, seed: &str) -> Result<(), LedgerError> {
        let sql = "/* keep_seed */ UPDATE task SET seed = $2 WHERE id = $1";
        self.found(self.database().execute(self.fixed(sql, cells![task, seed])).await?)
    }

    pub(crate) async fn lock_task(&self, connection: &mut Connection, id: TaskId) -> Result<(), Fault> {
        lock(self.database().engine, connection, id).await
    }

    pub(crate) fn found(&self, rows: u64) -> Result<(), LedgerError> {
        if rows == 0 { Err(LedgerError::NotFound) } else { Ok(()) }
    }
}
