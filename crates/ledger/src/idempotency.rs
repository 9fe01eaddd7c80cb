//! Idempotency keys: the answer to be given again, committed together with the task.

use crate::batch::all_written;
use crate::connection::Connection;
use crate::connection::Row;
use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::opening::{Idempotency, Opened};
use crate::reader::Reader;
use crate::statement::{Cell, Statement, cells, write_rows};
use std::collections::HashMap;
use task::{Task, TaskId, TokenId};

/// A key that was used before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The task that was opened under it.
    pub task: TaskId,
    /// Hash of the request's body.
    pub body_hash: String,
    /// Status and body that were answered.
    pub answer: (u16, Vec<u8>),
    /// When the key is free again, ms. A row may be there for a while after that.
    pub expires_ms: i64,
}

impl Ledger {
    /// What the token's key in this scope was used for; a lapsed one too, until it is purged.
    pub async fn find_idempotency(&self, token: TokenId, scope: &str) -> Result<Option<Remembered>, LedgerError> {
        self.newest_idempotency(token, &[scope.to_owned()]).await
    }

    /// The same for several scopes, of which the one that lapses last is told.
    pub async fn newest_idempotency(
        &self,
        token: TokenId,
        scopes: &[String],
    ) -> Result<Option<Remembered>, LedgerError> {
        let mut sql = self.statement(
            "/* newest_idempotency */ SELECT token_id, scope, task_id, body_hash, status, answer, expires_ms \
             FROM idempotency WHERE token_id = ",
        );
        sql.bind(token).push(" AND scope").among(scopes);
        // Of two that lapse together the later copy, whose scope is the longer or the greater text.
        sql.push(" ORDER BY expires_ms DESC, LENGTH(scope) DESC, scope DESC LIMIT 1");
        let row = self.database().fetch_first(sql).await?;
        row.as_ref().map(|row| read(row).map(|(_, remembered)| remembered)).transpose()
    }
}

impl Remembered {
    pub(crate) fn answer_to(&self, key: &Idempotency) -> Opened {
        if self.body_hash != key.body_hash {
            return Opened::Conflict;
        }
        Opened::Replayed { task: self.task, answer: self.answer.clone() }
    }
}

pub(crate) fn row(key: &Idempotency, task: &Task) -> Vec<Cell> {
    let (status, body) = &key.answer;
    cells![
        key.token,
        &key.scope,
        task.id,
        &key.body_hash,
        i64::from(*status),
        body.clone(),
        key.expires_ms,
        task.created_ms,
    ]
}

/// Looks up (token, scope) pairs.
pub(crate) async fn find(
    engine: Engine,
    connection: &mut Connection,
    keys: Vec<Vec<Cell>>,
) -> Result<HashMap<Key, Remembered>, Fault> {
    let mut found = HashMap::new();
    let mut keys = keys.into_iter().peekable();
    while keys.peek().is_some() {
        let chunk: Vec<_> = keys.by_ref().take(crate::statement::MAX_ROWS).collect();
        let mut sql = Statement::start(engine, "/* find_idempotency */ WITH v (token_id, scope) AS (");
        sql.rows(padded(chunk)).push(
            ") SELECT i.token_id, i.scope, i.task_id, i.body_hash, i.status, i.answer, i.expires_ms \
             FROM v JOIN idempotency i ON i.token_id = v.token_id AND i.scope = v.scope",
        );
        for row in sql.fetch_all(connection).await? {
            let (key, remembered) = read(&row)?;
            found.insert(key, remembered);
        }
    }
    Ok(found)
}

type Key = (TokenId, String);

fn read(row: &Row) -> Result<(Key, Remembered), LedgerError> {
    let mut row = Reader::new("idempotency", row);
    let key = (row.parsed("token_id")?, row.text("scope")?);
    let remembered = Remembered {
        task: row.parsed("task_id")?,
        body_hash: row.text("body_hash")?,
        answer: (u16::try_from(row.int("status")?).unwrap_or(500), row.bytes("answer")?),
        expires_ms: row.int("expires_ms")?,
    };
    Ok((key, remembered))
}

/// Repeats the last row up to a power of two, for the sake of prepared statements.
fn padded(mut rows: Vec<Vec<Cell>>) -> Vec<Vec<Cell>> {
    if let Some(last) = rows.last().cloned() {
        rows.resize(rows.len().next_power_of_two(), last);
    }
    rows
}

/// Takes keys that are new or lapsed (by the opening task's `created_ms`). One that another
/// transaction took first is a race: the opening is looked at again and replays it.
pub(crate) async fn insert(engine: Engine, connection: &mut Connection, rows: Vec<Vec<Cell>>) -> Result<(), Fault> {
    let count = rows.len() as u64;
    let head = "/* insert_idempotency */ INSERT INTO idempotency \
         (token_id, scope, task_id, body_hash, status, answer, expires_ms, created_ms) ";
    let tail = " ON CONFLICT (token_id, scope) DO UPDATE SET task_id = excluded.task_id, \
         body_hash = excluded.body_hash, status = excluded.status, answer = excluded.answer, \
         expires_ms = excluded.expires_ms, created_ms = excluded.created_ms \
         WHERE idempotency.expires_ms <= excluded.created_ms";
    all_written(write_rows(engine, connection, head, rows, tail).await?, count)
}
