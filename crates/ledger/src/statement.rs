//! One SQL statement with its values: fixed text, or text that grows with the number of rows.

use crate::engine::Engine;
use crate::unreadable::Moment;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyConnection, Arguments as _, AssertSqlSafe};
use std::borrow::Cow;
use std::io;
use std::time::Duration;

/// Most rows in one statement; also the most units in one commit.
pub(crate) const MAX_ROWS: usize = 128;

/// How long one statement may take before its connection is given up. Above Postgres's own limit
/// (`engine::SESSION`), so that the server speaks first when it still can.
const STATEMENT_LIMIT: Duration = Duration::from_secs(20);

/// One value, typed even when it is null: Postgres wants to know.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Vec<u8>),
}

macro_rules! cell_from {
    ($($from:ty => |$value:ident| $cell:expr;)*) => {$(
        impl From<$from> for Cell {
            fn from($value: $from) -> Self {
                $cell
            }
        }
    )*};
}

cell_from! {
    String => |value| Self::Text(Some(value));
    &str => |value| Self::Text(Some(value.to_owned()));
    &String => |value| Self::Text(Some(value.clone()));
    Option<String> => |value| Self::Text(value);
    i64 => |value| Self::Int(Some(value));
    Option<i64> => |value| Self::Int(value);
    bool => |value| Self::Int(Some(i64::from(value)));
    Vec<u8> => |value| Self::Bytes(value);
    task::TaskId => |value| Self::Text(Some(value.to_string()));
    task::TokenId => |value| Self::Text(Some(value.to_string()));
    task::AttemptId => |value| Self::Text(Some(value.to_string()));
    task::ClientId => |value| Self::Text(Some(value.to_string()));
    task::CallbackId => |value| Self::Text(Some(value.to_string()));
    task::ErrandId => |value| Self::Text(Some(value.to_string()));
    task::State => |value| Self::Text(Some(value.as_str().to_owned()));
    Option<task::TaskId> => |value| Self::Text(value.map(|id| id.to_string()));
    Option<task::AttemptId> => |value| Self::Text(value.map(|id| id.to_string()));
    Option<task::ClientId> => |value| Self::Text(value.map(|id| id.to_string()));
}

/// Builds a `Vec<Cell>` from values of different types.
macro_rules! cells {
    ($($value:expr),* $(,)?) => { vec![$($crate::statement::Cell::from($value)),*] };
}
pub(crate) use cells;

/// A statement, ready to be run as often as it takes.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    engine: Engine,
    sql: Cow<'static, str>,
    cells: Vec<Cell>,
}

impl Statement {
    /// Fixed text with `$1`, `$2` … for the cells.
    pub(crate) fn fixed(engine: Engine, sql: &'static str, cells: Vec<Cell>) -> Self {
        Self { engine, sql: Cow::Borrowed(sql), cells }
    }

    /// Text that goes on growing.
    pub(crate) fn start(engine: Engine, sql: &str) -> Self {
        Self { engine, sql: Cow::Owned(sql.to_owned()), cells: Vec::new() }
    }

    /// Adds text.
    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.to_mut().push_str(sql);
        self
    }

    /// Adds a placeholder and its value.
    ///
    /// SQLite gets `?`: it looks up each numbered placeholder by walking all that were named before,
    /// so that a statement of 5,000 of them spends longer on that than on its commit.
    pub(crate) fn bind(&mut self, cell: impl Into<Cell>) -> &mut Self {
        self.cells.push(cell.into());
        match self.engine {
            Engine::Sqlite => self.sql.to_mut().push('?'),
            Engine::Postgres => {
                let number = self.cells.len();
                self.push("$").push(&number.to_string());
            }
        }
        self
    }

    /// Adds `(a, b, …)`, filled up to a power of two with the last value, so that lists of any length
    /// share a few prepared statements. An empty list matches nothing.
    pub(crate) fn list<C: Into<Cell>>(&mut self, values: impl IntoIterator<Item = C>) -> &mut Self {
        let mut cells: Vec<Cell> = values.into_iter().map(Into::into).collect();
        let last = cells.last().cloned().unwrap_or(Cell::Text(None));
        cells.resize(cells.len().max(1).next_power_of_two(), last);
        self.row(cells)
    }

    /// Adds the condition that a row comes after `place` in the order by (`time`, `id`); nothing without one.
    pub(crate) fn after(&mut self, time: &str, id: &str, place: Option<&Moment>) -> &mut Self {
        let Some((at_ms, key)) = place else { return self };
        self.push(" AND (").push(time).push(" > ").bind(*at_ms);
        self.push(" OR (").push(time).push(" = ").bind(*at_ms);
        self.push(" AND ").push(id).push(" > ").bind(key).push("))")
    }

    /// Adds `(a, b, …)` as it is.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) -> &mut Self {
        self.push("(");
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.push(", ");
            }
            self.bind(cell);
        }
        self.push(")")
    }

    /// Adds `(…), (…), …`.
    pub(crate) fn rows(&mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> &mut Self {
        for (place, row) in rows.into_iter().enumerate() {
            if place > 0 {
                self.push(", ");
            }
            self.row(row);
        }
        self
    }

    fn query(self) -> Result<sqlx::query::Query<'static, Any, AnyArguments>, sqlx::Error> {
        let mut arguments = AnyArguments::default();
        for cell in self.cells {
            match cell {
                Cell::Text(value) => arguments.add(value.map(without_nul)),
                Cell::Int(value) => arguments.add(value),
                Cell::Bytes(value) => arguments.add(value),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        // Every text here was put together from our own literals and placeholders; values are bound.
        Ok(sqlx::query_with(AssertSqlSafe(self.sql), arguments))
    }

    /// Runs it; gives the number of rows written.
    pub(crate) async fn execute(self, connection: &mut AnyConnection) -> Result<u64, sqlx::Error> {
        let done = limited(self.query()?.execute(connection)).await?;
        Ok(done.rows_affected())
    }

    /// Runs it; gives all rows. Every statement of ours limits them itself.
    pub(crate) async fn fetch_all(self, connection: &mut AnyConnection) -> Result<Vec<AnyRow>, sqlx::Error> {
        limited(self.query()?.fetch_all(connection)).await
    }
}

/// Postgres's TEXT can't hold U+0000, which a caller's JSON may; JSON columns escape it.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Gives a statement at most [`STATEMENT_LIMIT`].
pub(crate) async fn limited<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(STATEMENT_LIMIT, work).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))),
    }
}

/// Writes rows with as few statements as powers of two allow; gives the number of rows written.
pub(crate) async fn write_rows(
    engine: Engine,
    connection: &mut AnyConnection,
    head: &str,
    mut rows: Vec<Vec<Cell>>,
    tail: &str,
) -> Result<u64, sqlx::Error> {
    let mut written = 0;
    while !rows.is_empty() {
        let size = power_of_two_below(rows.len()).min(MAX_ROWS);
        let rest = rows.split_off(size);
        let mut statement = Statement::start(engine, head);
        statement.rows(rows).push(tail);
        written += statement.execute(connection).await?;
        rows = rest;
    }
    Ok(written)
}

/// The largest power of two that is not above `n` (1 for 0).
pub(crate) fn power_of_two_below(n: usize) -> usize {
    1 << n.max(1).ilog2()
}
