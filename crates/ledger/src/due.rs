//! What is due: what the sweep walks and the queue is rebuilt from. Pages of at most 1,000 rows.

use crate::connection::Row;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::retention::page;
use crate::statement::{Statement, cells};
use crate::unreadable::{Moment, Paged, by_id, moment};
use task::{State, TaskId};

/// A task as the sweep needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTask {
    /// Which one.
    pub id: TaskId,
    /// Its channel.
    pub channel: String,
    /// Where it is.
    pub state: State,
    /// When the ledger wants it looked at: the end of its lease, else its due time, else (queued) its
    /// opening. In [`Ledger::in_state`], where none of these is known: its last change.
    pub due_ms: i64,
    /// Its version.
    pub version: i64,
}

fn read(row: &Row) -> Result<DueTask, LedgerError> {
    let mut row = Reader::new("task", row);
    Ok(DueTask {
        id: row.parsed("id")?,
        channel: row.text("channel")?,
        state: row.parsed("state")?,
        due_ms: row.int("wake_ms")?,
        version: row.int("version")?,
    })
}

fn place((at_ms, id): (i64, TaskId)) -> Moment {
    (at_ms, id.to_string())
}

/// Lets the engine use the indexes on unfinished tasks, unless ended ones are asked for.
fn only_unfinished(sql: &mut Statement, states: &[State]) {
    if !states.iter().any(|state| state.is_terminal()) {
        sql.push(" AND finished_ms IS NULL");
    }
}

impl Ledger {
    /// Tasks in these states that the ledger wants looked at by `before_ms`, by (due, id) after `after`.
    pub async fn due_tasks(
        &self,
        states: &[State],
        before_ms: i64,
        after: Option<(i64, TaskId)>,
        limit: i64,
    ) -> Result<Vec<DueTask>, LedgerError> {
        let select = |after: Option<&Moment>, limit: i64| {
            let mut sql =
                self.statement("/* due_tasks */ SELECT id, channel, state, wake_ms, version FROM task WHERE state IN ");
            sql.list(states.iter().copied()).push(" AND wake_ms <= ").bind(before_ms);
            only_unfinished(&mut sql, states);
            sql.after("wake_ms", "id", after).push(" ORDER BY wake_ms, id LIMIT ").bind(limit);
            sql
        };
        self.paged(limit, after.map(place), Paged { select, place: moment(3), read }).await
    }

    /// Queued answers to a vendor's question (only children of their parents): their parents hold the slot
    /// that they need.
    pub async fn queued_answers(&self, limit: i64) -> Result<Vec<DueTask>, LedgerError> {
        let sql = "/* queued_answers */ SELECT id, channel, state, COALESCE(wake_ms, updated_ms), version FROM task \
             WHERE state = 'queued' AND modal_of IS NOT NULL AND finished_ms IS NULL ORDER BY id LIMIT $1";
        let rows = self.database().fetch_all(self.fixed(sql, cells![page(limit)])).await?;
        self.readable(&rows, read)
    }

    /// Every task in these states, by id after `after`.
    pub async fn in_state(
        &self,
        states: &[State],
        after: Option<TaskId>,
        limit: i64,
    ) -> Result<Vec<DueTask>, LedgerError> {
        let select = |after: Option<&String>, limit: i64| {
            let mut sql = self.statement(
                "/* in_state */ SELECT id, channel, state, COALESCE(wake_ms, updated_ms), version FROM task \
                 WHERE state IN ",
            );
            sql.list(states.iter().copied());
            only_unfinished(&mut sql, states);
            if let Some(id) = after {
                sql.push(" AND id > ").bind(id);
            }
            sql.push(" ORDER BY id LIMIT ").bind(limit);
            sql
        };
        self.paged(limit, after.map(|id| id.to_string()), Paged { select, place: by_id, read }).await
    }

    /// Those of these tasks that hold a slot of the channel, or wait for one. Reads 500 at a time.
    pub async fn holders(&self, channel: &str, ids: &[TaskId]) -> Result<Vec<TaskId>, LedgerError> {
        let states = State::ALL.into_iter().filter(|state| state.holds_slot() || *state == State::Queued);
        let mut holders = Vec::with_capacity(ids.len());
        for ids in ids.chunks(500) {
            let mut sql = self.statement("/* holders */ SELECT id FROM task WHERE channel = ");
            sql.bind(channel).push(" AND state IN ").list(states.clone());
            sql.push(" AND id").among(ids.iter().copied());
            let rows = self.database().fetch_all(sql).await?;
            holders.append(&mut self.readable(&rows, |row| Reader::new("task", row).parsed("id"))?);
        }
        Ok(holders)
    }

    /// Queued and running tasks whose deadline has come, with the deadline, by (deadline, id) after `after`.
    /// Those in the states between have a time of their own.
    pub async fn past_deadline(
        &self,
        now_ms: i64,
        after: Option<(i64, TaskId)>,
        limit: i64,
    ) -> Result<Vec<(TaskId, i64, State)>, LedgerError> {
        let select = |after: Option<&Moment>, limit: i64| {
            // The states are written out, so that the engines see that the index `task_overdue` has them all.
            let mut sql = self.statement(
                "/* past_deadline */ SELECT id, deadline_ms, state FROM task \
                 WHERE state IN ('queued', 'running') AND deadline_ms <= ",
            );
            sql.bind(now_ms).after("deadline_ms", "id", after).push(" ORDER BY deadline_ms, id LIMIT ").bind(limit);
            sql
        };
        let read = |row: &Row| {
            let mut row = Reader::new("task", row);
            Ok((row.parsed("id")?, row.int("deadline_ms")?, row.parsed("state")?))
        };
        self.paged(limit, after.map(place), Paged { select, place: moment(1), read }).await
    }

    /// How many unfinished tasks each channel has in each state.
    pub async fn state_counts(&self) -> Result<Vec<(String, State, i64)>, LedgerError> {
        let sql = "/* state_counts */ SELECT channel, state, COUNT(*) FROM task WHERE finished_ms IS NULL \
             GROUP BY channel, state ORDER BY channel, state";
        let rows = self.database().fetch_all(self.fixed(sql, vec![])).await?;
        self.readable(&rows, |row| {
            let mut row = Reader::new("task", row);
            Ok((row.text("channel")?, row.parsed("state")?, row.int("count")?))
        })
    }
}
