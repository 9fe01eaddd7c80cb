//! Callbacks: in the order of their task's versions, one in flight, the same bytes on every send.
//!
//! A callback that was tried and failed gives way to the newest one of its task, unless it tells of
//! the end. The rule is applied when an attempt fails and again when the next one is asked for,
//! because a newer one may have been written in between.

use crate::connection::Connection;
use crate::connection::Row;
use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::rows::json;
use crate::statement::{Cell, Statement, cells, write_rows};
use crate::unit::Unit;
use crate::unreadable::{Moment, Paged, moment};
use serde_json::{Value, json};
use std::str::FromStr;
use task::{CallbackId, Entropy, NewCallback, Task, TaskId};

/// Most callbacks given for one task: one for each word it can have, and room.
const MAX_CALLBACKS: i64 = 1000;

const COLUMNS: &str = "id, task_id, seq, url, host, word, body, terminal, state, attempts, due_ms, created_ms, ended_ms, last, \
     (SELECT t.trace FROM task t WHERE t.id = callback.task_id) AS trace";

/// What has become of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallbackState {
    /// To be sent.
    Pending,
    /// The receiver has it.
    Delivered,
    /// Given up after its last attempt.
    Dead,
    /// A newer one went out in its place.
    Superseded,
}

impl CallbackState {
    const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Dead, Self::Superseded];

    /// The word in SQL, logs and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Superseded => "superseded",
        }
    }
}

impl FromStr for CallbackState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// A callback.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    /// The same on every send of it.
    pub id: CallbackId,
    /// Whose.
    pub task: TaskId,
    /// Its place: the version of the task that it tells of.
    pub seq: i64,
    /// Where it goes.
    pub url: String,
    /// The receiver's host.
    pub host: String,
    /// The status word that it tells.
    pub word: String,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// Whether it tells of the end.
    pub terminal: bool,
    /// What has become of it.
    pub state: CallbackState,
    /// Sends so far.
    pub attempts: i64,
    /// When it may be sent next, ms.
    pub due_ms: i64,
    /// When it was written, ms.
    pub created_ms: i64,
    /// When it left `pending`, ms.
    pub ended_ms: Option<i64>,
    /// The last send: `{at_ms, status, class, note}`.
    pub last: Option<Value>,
    /// Its task's place in a trace ([`Task::trace`]).
    pub trace: Option<String>,
}

/// One send.
#[derive(Debug, Clone, PartialEq)]
pub struct CallbackAttempt {
    /// When, ms.
    pub at_ms: i64,
    /// HTTP status of the answer, if one came.
    pub status: Option<u16>,
    /// What it came to: `ok`, `timeout`, `refused`, `redirect`, `status`, `address` …
    pub class: String,
    /// Anything worth keeping. No secret.
    pub note: Value,
}

impl CallbackAttempt {
    fn to_json(&self) -> Result<String, LedgerError> {
        let value = json!({ "at_ms": self.at_ms, "status": self.status, "class": self.class, "note": self.note });
        json("callback attempt", &value)
    }
}

/// That a callback has arrived, as it is written down.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) callback: CallbackId,
    at_ms: i64,
    last: String,
}

impl Arrival {
    /// Its key and what is written.
    pub(crate) fn row(&self) -> Vec<Cell> {
        cells![self.callback, self.at_ms, &self.last]
    }
}

/// What stands before and after rows of arrivals. One that is pending no more is left as it is.
const DELIVER: &str = "/* deliver_callbacks */ WITH v (k, ended_ms, last) AS (";
const DELIVER_TAIL: &str = ") UPDATE callback SET state = 'delivered', attempts = attempts + 1, ended_ms = v.ended_ms, \
     last = v.last FROM v WHERE callback.id = v.k AND callback.state = 'pending'";

pub(crate) async fn deliver(engine: Engine, connection: &mut Connection, rows: Vec<Vec<Cell>>) -> Result<(), Fault> {
    write_rows(engine, connection, DELIVER, rows, DELIVER_TAIL).await?;
    Ok(())
}

/// The same as one statement that commits by itself.
pub(crate) fn delivery_statement(engine: Engine, rows: Vec<Vec<Cell>>) -> Statement {
    let mut sql = Statement::start(engine, DELIVER);
    sql.rows(rows).push(DELIVER_TAIL);
    sql
}

/// The row of the callback that the change to `after` calls for. It may go at once.
pub(crate) fn row(after: &Task, new: &NewCallback, entropy: &dyn Entropy) -> Vec<Cell> {
    let now_ms = after.updated_ms;
    cells![
        CallbackId::new(now_ms, entropy),
        after.id,
        after.version,
        &new.url,
        &new.host,
        &new.word,
        new.body.clone(),
        new.terminal,
        CallbackState::Pending.as_str(),
        0i64,
        now_ms,
        now_ms,
    ]
}

/// What stands before rows of callbacks.
pub(crate) const INSERT: &str = "INSERT INTO callback (id, task_id, seq, url, host, word, body, terminal, state, \
     attempts, due_ms, created_ms) ";

pub(crate) async fn insert(engine: Engine, connection: &mut Connection, rows: Vec<Vec<Cell>>) -> Result<(), Fault> {
    let head = format!("/* insert_callbacks */ {INSERT}");
    write_rows(engine, connection, &head, rows, "").await?;
    Ok(())
}

fn read(row: &Row) -> Result<Callback, LedgerError> {
    let mut row = Reader::new("callback", row);
    Ok(Callback {
        id: row.parsed("id")?,
        task: row.parsed("task_id")?,
        seq: row.int("seq")?,
        url: row.text("url")?,
        host: row.text("host")?,
        word: row.text("word")?,
        body: row.bytes("body")?,
        terminal: row.flag("terminal")?,
        state: row.parsed("state")?,
        attempts: row.int("attempts")?,
        due_ms: row.int("due_ms")?,
        created_ms: row.int("created_ms")?,
        ended_ms: row.opt_int("ended_ms")?,
        last: row.opt_json("last")?,
        trace: row.opt_text("trace")?,
    })
}

/// Which of a task's pending callbacks, in order, give way to its newest.
fn giving_way(pending: &[Callback]) -> Vec<CallbackId> {
    let Some((oldest, newer)) = pending.split_first() else { return Vec::new() };
    if oldest.attempts == 0 || oldest.terminal || newer.is_empty() {
        return Vec::new();
    }
    pending[..pending.len() - 1].iter().filter(|one| !one.terminal).map(|one| one.id).collect()
}

/// A task's pending callbacks, in order.
fn pending_of(engine: Engine, task: TaskId) -> Statement {
    let mut sql = Statement::start(engine, &format!("/* pending_callbacks */ SELECT {COLUMNS} FROM callback WHERE "));
    sql.push("state = 'pending' AND task_id = ").bind(task).push(" ORDER BY seq LIMIT ").bind(MAX_CALLBACKS);
    sql
}

async fn supersede(engine: Engine, connection: &mut Connection, task: TaskId, now_ms: i64) -> Result<(), Fault> {
    let rows = pending_of(engine, task).fetch_all(connection).await?;
    let pending = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let losers = giving_way(&pending);
    if losers.is_empty() {
        return Ok(());
    }
    let mut sql = Statement::start(engine, "/* supersede_callbacks */ UPDATE callback SET ended_ms = ");
    sql.bind(now_ms).push(", state = 'superseded' WHERE state = 'pending' AND id").among(losers);
    sql.execute(connection).await?;
    Ok(())
}

impl Ledger {
    /// Tasks whose next callback is due by `before_ms`: (task, host, due), by (due, task) after `after`.
    pub async fn due_callbacks(
        &self,
        before_ms: i64,
        after: Option<(i64, TaskId)>,
        limit: i64,
    ) -> Result<Vec<(TaskId, String, i64)>, LedgerError> {
        // The earliest pending one speaks for its task: an older one that still waits after a failed
        // attempt gives way to it, and an older one that was never tried is due earlier.
        let select = |after: Option<&Moment>, limit: i64| {
            let mut sql = self.statement(
                "/* due_callbacks */ SELECT c.task_id, c.host, c.due_ms FROM callback c \
                 WHERE c.state = 'pending' AND c.due_ms <= ",
            );
            sql.bind(before_ms).after("c.due_ms", "c.task_id", after).push(
                " AND NOT EXISTS (SELECT 1 FROM callback o WHERE o.task_id = c.task_id AND o.state = 'pending' \
                 AND (o.due_ms < c.due_ms OR (o.due_ms = c.due_ms AND o.seq < c.seq))) \
                 ORDER BY c.due_ms, c.task_id LIMIT ",
            );
            sql.bind(limit);
            sql
        };
        let read = |row: &Row| {
            let mut row = Reader::new("callback", row);
            Ok((row.parsed("task_id")?, row.text("host")?, row.int("due_ms")?))
        };
        let after = after.map(|(due_ms, task)| (due_ms, task.to_string()));
        self.paged(limit, after, Paged { select, place: moment(2), read }).await
    }

    /// The task's callbacks that wait, in order, at most 1,000, after those that give way have done so. They go
    /// out one after another; the caller looks at each one's `due_ms`.
    pub async fn pending_callbacks(&self, task: TaskId) -> Result<Vec<Callback>, LedgerError> {
        let engine = self.database().engine;
        let rows = self.database().fetch_all(pending_of(engine, task)).await?;
        let mut pending = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let losers = giving_way(&pending);
        if !losers.is_empty() {
            // The newest one takes their place at the moment at which it was written.
            let now_ms = pending.last().map_or(0, |newest| newest.created_ms);
            let mut transaction = self.database().begin().await?;
            supersede(engine, &mut transaction, task, now_ms).await?;
            self.database().commit(transaction).await?;
            pending.retain(|callback| !losers.contains(&callback.id));
        }
        Ok(pending)
    }

    /// The receiver has it. Does nothing when it is pending no more. Shares its commit with other writes.
    pub async fn callback_sent(&self, callback: &Callback, attempt: &CallbackAttempt) -> Result<(), LedgerError> {
        let arrival = Arrival { callback: callback.id, at_ms: attempt.at_ms, last: attempt.to_json()? };
        self.write(Unit::Deliver(arrival)).await.map(drop)
    }

    /// A send failed; it goes again at `next_ms`, or never (`None`: dead, for everybody to see). When a
    /// newer one is pending, this one is superseded instead, unless it tells of the end. Does nothing
    /// when it is pending no more; `NotFound` when it was never there.
    pub async fn callback_failed(
        &self,
        id: CallbackId,
        attempt: CallbackAttempt,
        next_ms: Option<i64>,
    ) -> Result<(), LedgerError> {
        let engine = self.database().engine;
        let mut transaction = self.database().begin().await?;
        let sql = "/* callback_task */ SELECT task_id FROM callback WHERE id = $1";
        let row = Statement::fixed(engine, sql, cells![id]).fetch_all(&mut transaction).await?;
        let task = Reader::new("callback", row.first().ok_or(LedgerError::NotFound)?).parsed("task_id")?;
        let sql = "/* callback_failed */ UPDATE callback SET attempts = attempts + 1, due_ms = COALESCE($2, due_ms), \
             last = $3 WHERE id = $1 AND state = 'pending'";
        let cells = cells![id, next_ms, attempt.to_json()?];
        Statement::fixed(engine, sql, cells).execute(&mut transaction).await?;
        supersede(engine, &mut transaction, task, attempt.at_ms).await?;
        if next_ms.is_none() {
            let sql = "/* callback_dead */ UPDATE callback SET state = 'dead', ended_ms = $2 \
                 WHERE id = $1 AND state = 'pending'";
            Statement::fixed(engine, sql, cells![id, attempt.at_ms]).execute(&mut transaction).await?;
        }
        self.database().commit(transaction).await
    }

    /// Sends a dead callback once more (an operator's wish); tells whether it was dead.
    pub async fn revive_callback(&self, id: CallbackId, now_ms: i64) -> Result<bool, LedgerError> {
        let sql = "/* revive_callback */ UPDATE callback SET state = 'pending', ended_ms = NULL, due_ms = $2 \
             WHERE id = $1 AND state = 'dead'";
        Ok(self.database().execute(self.fixed(sql, cells![id, now_ms])).await? == 1)
    }

    /// All of a task's callbacks, in order, at most 1,000.
    pub async fn callbacks(&self, task: TaskId) -> Result<Vec<Callback>, LedgerError> {
        let mut sql = self.statement(&format!("/* callbacks */ SELECT {COLUMNS} FROM callback WHERE task_id = "));
        sql.bind(task).push(" ORDER BY seq LIMIT ").bind(MAX_CALLBACKS);
        self.database().fetch_all(sql).await?.iter().map(read).collect()
    }
}
