//! The floor's SQL: the rows that our service writes for a task, copied from its own, for many tasks in
//! one transaction.

use crate::seed::Mould;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

/// What every insert selects from: the ids of the tasks.
const IDS: &str = " FROM UNNEST($1::TEXT[]) AS given (gid)";

/// The statements.
#[derive(Debug)]
pub(super) struct FloorSql {
    pool: PgPool,
    task: String,
    event: String,
    attempt: String,
    callback: String,
    artifact: String,
}

impl FloorSql {
    /// Reads the moulds from what our service has left in the ledger.
    pub(super) async fn read(pool: PgPool) -> anyhow::Result<Self> {
        let insert = async |table, changes: &[(&str, &str)]| {
            let mould = Mould::read(&pool, table, "true").await?.with(changes)?;
            anyhow::Ok(mould.insert() + IDS)
        };
        let task =
            [("id", "gid"), ("version", "1"), ("state", "'queued'"), ("finished_ms", "NULL"), ("operation_id", "gid")];
        Ok(Self {
            task: insert("task", &task).await?,
            event: insert("event", &[("task_id", "gid"), ("version", "$2")]).await?,
            attempt: insert("attempt", &[("id", "gid"), ("task_id", "gid")]).await?,
            callback: insert(
                "callback",
                &[("id", "gid || $2"), ("task_id", "gid"), ("seq", "$2"), ("state", "'pending'")],
            )
            .await?,
            artifact: insert("artifact", &[("store_key", "gid"), ("task_id", "gid")]).await?,
            pool,
        })
    }

    /// The rows of a submission; the first of the callbacks with them.
    pub(super) async fn open(&self, ids: &[String]) -> anyhow::Result<()> {
        let mut transaction = self.pool.begin().await?;
        run(&mut transaction, &self.task, ids).await?;
        numbered(&mut transaction, &self.event, ids, 1).await?;
        numbered(&mut transaction, &self.callback, ids, 1).await?;
        Ok(transaction.commit().await?)
    }

    /// Reads the rows.
    pub(super) async fn look(&self, ids: &[String]) -> anyhow::Result<usize> {
        let rows = sqlx::query("SELECT * FROM task WHERE id = ANY($1)").bind(ids).fetch_all(&self.pool).await?;
        Ok(rows.len())
    }

    /// A submission begins.
    pub(super) async fn lease(&self, ids: &[String]) -> anyhow::Result<()> {
        let mut transaction = self.pool.begin().await?;
        change(&mut transaction, ids, "submitting").await?;
        run(&mut transaction, &self.attempt, ids).await?;
        numbered(&mut transaction, &self.event, ids, 2).await?;
        numbered(&mut transaction, &self.callback, ids, 2).await?;
        Ok(transaction.commit().await?)
    }

    /// It was taken in.
    pub(super) async fn accept(&self, ids: &[String]) -> anyhow::Result<()> {
        let mut transaction = self.pool.begin().await?;
        change(&mut transaction, ids, "running").await?;
        let sql = "UPDATE attempt SET ended_ms = begun_ms, outcome = 'accepted' WHERE id = ANY($1)";
        run(&mut transaction, sql, ids).await?;
        numbered(&mut transaction, &self.event, ids, 3).await?;
        numbered(&mut transaction, &self.callback, ids, 3).await?;
        Ok(transaction.commit().await?)
    }

    /// It is done upstream.
    pub(super) async fn answer(&self, ids: &[String]) -> anyhow::Result<()> {
        let mut transaction = self.pool.begin().await?;
        change(&mut transaction, ids, "archiving").await?;
        numbered(&mut transaction, &self.event, ids, 4).await?;
        Ok(transaction.commit().await?)
    }

    /// Its file is in the store.
    pub(super) async fn store(&self, ids: &[String]) -> anyhow::Result<()> {
        let mut transaction = self.pool.begin().await?;
        change(&mut transaction, ids, "succeeded").await?;
        run(&mut transaction, &self.artifact, ids).await?;
        numbered(&mut transaction, &self.event, ids, 5).await?;
        numbered(&mut transaction, &self.callback, ids, 4).await?;
        Ok(transaction.commit().await?)
    }

    /// The callbacks of this number have been sent.
    pub(super) async fn sent(&self, ids: &[String], number: i64) -> anyhow::Result<()> {
        let sql = "UPDATE callback SET state = 'delivered', attempts = 1, ended_ms = due_ms WHERE task_id = ANY($1) AND seq = $2";
        sqlx::query(sql).bind(ids).bind(number).execute(&self.pool).await?;
        Ok(())
    }
}

async fn run(connection: &mut PgConnection, sql: &str, ids: &[String]) -> anyhow::Result<()> {
    sqlx::query(AssertSqlSafe(sql.to_owned())).bind(ids).execute(connection).await?;
    Ok(())
}

async fn numbered(connection: &mut PgConnection, sql: &str, ids: &[String], number: i64) -> anyhow::Result<()> {
    sqlx::query(AssertSqlSafe(sql.to_owned())).bind(ids).bind(number).execute(connection).await?;
    Ok(())
}

async fn change(connection: &mut PgConnection, ids: &[String], state: &str) -> anyhow::Result<()> {
    let sql = "UPDATE task SET version = version + 1, state = $2, updated_ms = updated_ms + 1, operation = operation, \
         details = details, outputs = outputs, warnings = warnings, phase = 'working' WHERE id = ANY($1)";
    sqlx::query(sql).bind(ids).bind(state).execute(connection).await?;
    Ok(())
}
