//! Artifacts: outputs in the store, one row for each key.

use crate::connection::Connection;
use crate::engine::{Database, Engine};
use crate::error::{Fault, LedgerError};
use crate::event;
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::retention::page;
use crate::statement::{Cell, Statement, cells, write_rows};
use serde_json::json;
use std::collections::HashMap;
use task::{Artifact, Role, State, Task, TaskId};

/// Most artifacts given for one task: a vendor names a handful.
const MAX_PER_TASK: usize = 64;

pub(crate) fn row(task: TaskId, artifact: &Artifact, late: bool, stored_ms: i64) -> Vec<Cell> {
    cells![
        &artifact.key,
        task,
        artifact.position,
        artifact.role.as_str(),
        artifact.piece,
        &artifact.content_type,
        artifact.bytes,
        &artifact.sha256,
        artifact.width,
        artifact.height,
        artifact.duration_ms,
        late,
        stored_ms,
    ]
}

/// Keys are deterministic: the same output stored twice is one row.
pub(crate) async fn insert(engine: Engine, connection: &mut Connection, rows: Vec<Vec<Cell>>) -> Result<u64, Fault> {
    let head = "/* insert_artifacts */ INSERT INTO artifact (store_key, task_id, position, role, piece, content_type, bytes, \
         sha256, width, height, duration_ms, late, stored_ms) ";
    Ok(write_rows(engine, connection, head, rows, " ON CONFLICT (store_key) DO NOTHING").await?)
}

/// An artifact from the columns after its task's id.
fn read(row: &mut Reader<'_>) -> Result<Artifact, LedgerError> {
    Ok(Artifact {
        key: row.text("store_key")?,
        position: row.int("position")?,
        role: row.word("role", |word| Role::ALL.into_iter().find(|role| role.as_str() == word))?,
        piece: row.int("piece")?,
        content_type: row.text("content_type")?,
        bytes: row.int("bytes")?,
        sha256: row.text("sha256")?,
        width: row.opt_int("width")?,
        height: row.opt_int("height")?,
        duration_ms: row.opt_int("duration_ms")?,
        late: row.flag("late")?,
    })
}

/// What tasks have in the store. One artifact that can't be read makes its task's whole list an error,
/// for a result without one of its files would be a lie.
pub(crate) type Found = HashMap<TaskId, Result<Vec<Artifact>, LedgerError>>;

/// Reads the artifacts of those tasks that may have some, all in one query.
pub(crate) async fn of_tasks(database: &Database, tasks: &[Task]) -> Result<Found, LedgerError> {
    let may_have = |task: &&Task| task.state == State::Archiving || task.is_over();
    let ids: Vec<TaskId> = tasks.iter().filter(may_have).map(|task| task.id).collect();
    let mut found = Found::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let limit = i64::try_from(ids.len().saturating_mul(MAX_PER_TASK)).unwrap_or(i64::MAX);
    let mut sql = Statement::start(
        database.engine,
        "/* artifacts */ SELECT task_id, store_key, position, role, piece, content_type, bytes, sha256, width, height, \
         duration_ms, late FROM artifact WHERE task_id",
    );
    sql.among(ids).push(" ORDER BY task_id, late, position, store_key LIMIT ").bind(limit);
    for row in database.fetch_all(sql).await? {
        let mut row = Reader::new("artifact", &row);
        // It is one of the ids that were asked for, so that it can be read.
        let list = found.entry(row.parsed("task_id")?).or_insert_with(|| Ok(Vec::new()));
        match (list.as_mut(), read(&mut row)) {
            (Ok(artifacts), Ok(artifact)) => artifacts.push(artifact),
            (Ok(_), Err(error)) => *list = Err(error),
            (Err(_), _) => {}
        }
    }
    Ok(found)
}

impl Ledger {
    /// Adds what an orphan operation made, marked late; the task's state, version and money stay. Keys
    /// that are there already are left alone. `NotFound` when there is no such task.
    pub async fn add_late_artifacts(&self, id: TaskId, artifacts: &[Artifact], now_ms: i64) -> Result<(), LedgerError> {
        let engine = self.database().engine;
        let mut transaction = self.database().begin().await?;
        self.lock_task(&mut transaction, id).await?;
        let rows = artifacts.iter().map(|artifact| row(id, artifact, true, now_ms)).collect();
        if insert(engine, &mut transaction, rows).await? > 0 {
            let keys: Vec<_> = artifacts.iter().map(|artifact| &artifact.key).collect();
            let note = json!({ "keys": keys });
            event::note(engine, &mut transaction, id, "late_artifacts", &note, now_ms).await?;
        }
        self.database().commit(transaction).await
    }

    /// Artifacts stored before `before_ms`, those found late as well, oldest first, at most `limit` (and 1,000).
    pub async fn expired_artifacts(&self, before_ms: i64, limit: i64) -> Result<Vec<(TaskId, String)>, LedgerError> {
        let sql = "/* expired_artifacts */ SELECT task_id, store_key FROM artifact WHERE stored_ms < $1 \
             ORDER BY stored_ms, store_key LIMIT $2";
        let rows = self.database().fetch_all(self.fixed(sql, cells![before_ms, page(limit)])).await?;
        self.readable(&rows, |row| {
            let mut row = Reader::new("artifact", row);
            Ok((row.parsed("task_id")?, row.text("store_key")?))
        })
    }

    /// Forgets artifacts whose bytes have left the store.
    pub async fn forget_artifacts(&self, keys: &[String]) -> Result<(), LedgerError> {
        for keys in keys.chunks(1000) {
            let mut sql = self.statement("/* forget_artifacts */ DELETE FROM artifact WHERE store_key");
            sql.among(keys);
            self.database().execute(sql).await?;
        }
        Ok(())
    }
}
