//! Many tasks from one: what a service wrote for a task is the mould of the others, written past the ledger.

use anyhow::Context;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

/// Rows of one statement, so that none of them is long.
const SLICE: u64 = 50_000;

/// The id of the task of this number.
pub(crate) fn id(number: u64) -> String {
    format!("task_01kd{number:0>22}")
}

/// The same in SQL, from a number `g`.
const ID: &str = "'task_01kd' || LPAD(CAST(g AS TEXT), 22, '0')";

/// A row of the ledger as text: each column with its value as a literal.
#[derive(Debug, Clone)]
pub(crate) struct Mould {
    table: &'static str,
    cells: Vec<(String, String)>,
}

impl Mould {
    /// Reads the first row of a table for which the condition holds.
    pub(crate) async fn read(pool: &PgPool, table: &'static str, condition: &str) -> anyhow::Result<Self> {
        let sql = format!(
            "SELECT key, QUOTE_NULLABLE(value) FROM (SELECT * FROM {table} WHERE {condition} LIMIT 1) AS row, \
             JSONB_EACH_TEXT(TO_JSONB(row))"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await?;
        anyhow::ensure!(!rows.is_empty(), "{table} has no row where {condition}");
        let cells =
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>()?;
        Ok(Self { table, cells })
    }

    /// The same with other expressions for some columns.
    pub(crate) fn with(mut self, changes: &[(&str, &str)]) -> anyhow::Result<Self> {
        for (column, expression) in changes {
            let cell = self.cells.iter_mut().find(|(name, _)| name == column);
            cell.with_context(|| format!("{} has no column {column}", self.table))?.1 = (*expression).to_owned();
        }
        Ok(self)
    }

    /// `INSERT … SELECT` of it, without what it selects from.
    pub(crate) fn insert(&self) -> String {
        let columns: Vec<&str> = self.cells.iter().map(|(column, _)| column.as_str()).collect();
        let values: Vec<&str> = self.cells.iter().map(|(_, value)| value.as_str()).collect();
        format!("INSERT INTO {} ({}) SELECT {}", self.table, columns.join(", "), values.join(", "))
    }

    /// Writes it for the numbers from `first` to `last`, which its expressions know as `g`.
    pub(crate) async fn cast(&self, pool: &PgPool, first: u64, last: u64) -> anyhow::Result<()> {
        let mut from = first;
        while from <= last {
            let to = last.min(from + SLICE - 1);
            let sql = format!("{} FROM GENERATE_SERIES({from}, {to}) AS g", self.insert());
            let mut transaction = pool.begin().await?;
            sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *transaction).await?;
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
            transaction.commit().await?;
            from = to + 1;
        }
        Ok(())
    }
}

/// So many tasks that an upstream works on, spread over the channels `c0`, `c1` …
pub(crate) async fn running(pool: &PgPool, tasks: u64, channels: u64) -> anyhow::Result<()> {
    let channel = format!("'c' || (g % {channels})");
    let operation = "'{\"id\":\"up-' || g || '\"}'";
    let mould = Mould::read(pool, "task", "true").await?.with(&[
        ("id", ID),
        ("version", "4"),
        ("state", "'running'"),
        ("shown", "'in_progress'"),
        ("phase", "'working'"),
        ("channel", &channel),
        ("operation", operation),
        ("operation_id", "'up-' || g"),
        ("started_ms", "1790000000000"),
        ("due_ms", "NULL"),
        ("wake_ms", "NULL"),
        ("lease_until_ms", "NULL"),
    ])?;
    mould.cast(pool, 1, tasks).await?;
    settle(pool).await
}

/// So many tasks that have succeeded, each with a picture; numbers from 1. The families take turns, so that
/// the number divided by how many there are leaves the family's place.
pub(crate) async fn succeeded(pool: &PgPool, tasks: u64, families: &[&str]) -> anyhow::Result<()> {
    let family = format!("(ARRAY['{}'])[1 + g % {}]", families.join("', '"), families.len());
    let task = Mould::read(pool, "task", "true").await?.with(&[
        ("id", ID),
        ("version", "6"),
        ("family", &family),
        ("state", "'succeeded'"),
        ("shown", "'succeeded'"),
        ("phase", "'working'"),
        ("progress", "100"),
        ("operation", "'{\"id\":\"up-' || g || '\"}'"),
        ("operation_id", "'up-' || g"),
        ("started_ms", "1790000000000 + g"),
        ("created_ms", "1790000000000 + g"),
        ("finished_ms", "1790000060000 + g"),
        ("answered_ms", "1790000059000 + g"),
        ("due_ms", "NULL"),
        ("wake_ms", "NULL"),
        ("lease_until_ms", "NULL"),
    ])?;
    task.cast(pool, 1, tasks).await?;
    let cells = [
        ("store_key", "'task-artifacts/2026/09/21/midjourney/imagine/' || g || '.png'"),
        ("task_id", ID),
        ("position", "0"),
        ("role", "'image'"),
        ("content_type", "'image/png'"),
        ("bytes", "65536"),
        ("sha256", "REPEAT('a', 64)"),
        ("width", "1024"),
        ("height", "1024"),
        ("late", "0"),
        ("stored_ms", "1790000060000"),
        ("piece", "0"),
    ];
    let cells = cells.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect();
    Mould { table: "artifact", cells }.cast(pool, 1, tasks).await?;
    settle(pool).await
}

/// So many tasks whose outputs are at these links; `{g}` in a link is the number.
pub(crate) async fn archiving(pool: &PgPool, first: u64, last: u64, outputs: &str) -> anyhow::Result<()> {
    let outputs = format!("REPLACE('{}', '{{g}}', CAST(g AS TEXT))", outputs.replace('\'', "''"));
    let now = "CAST(EXTRACT(EPOCH FROM NOW()) * 1000 AS BIGINT)";
    let mould = Mould::read(pool, "task", "version = 1").await?.with(&[
        ("id", ID),
        ("version", "5"),
        ("state", "'archiving'"),
        ("shown", "'in_progress'"),
        ("phase", "'working'"),
        ("operation", "'{\"id\":\"up-' || g || '\"}'"),
        ("operation_id", "'up-' || g"),
        ("outputs", &outputs),
        ("started_ms", now),
        ("answered_ms", now),
        ("due_ms", now),
        ("wake_ms", now),
        ("lease_until_ms", "NULL"),
    ])?;
    mould.cast(pool, first, last).await?;
    settle(pool).await
}

/// What autovacuum would have done by and by.
async fn settle(pool: &PgPool) -> anyhow::Result<()> {
    sqlx::query("VACUUM ANALYZE").execute(pool).await?;
    sqlx::query("CHECKPOINT").execute(pool).await?;
    Ok(())
}
