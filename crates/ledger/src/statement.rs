//! One SQL statement with its values: fixed text, or text that grows with the number of rows.

use crate::connection::{Connection, Row};
use crate::engine::Engine;
use crate::unreadable::Moment;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Postgres, Sqlite};
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

/// What a placeholder stands for.
#[derive(Debug)]
enum Value {
    One(Cell),
    /// A column of several rows, as a Postgres array.
    Many(Column),
}

/// The cells of one column: all of one type.
#[derive(Debug)]
enum Column {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Bytes(Vec<Vec<u8>>),
}

impl Column {
    fn of(cell: Cell, rows: usize) -> Self {
        let mut column = match cell {
            Cell::Text(_) => Self::Text(Vec::with_capacity(rows)),
            Cell::Int(_) => Self::Int(Vec::with_capacity(rows)),
            Cell::Bytes(_) => Self::Bytes(Vec::with_capacity(rows)),
        };
        column.push(cell);
        column
    }

    /// Adds a row's cell. Rows of one statement are made by one place, so that their types agree.
    fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Self::Text(cells), Cell::Text(value)) => cells.push(value.map(without_nul)),
            (Self::Int(cells), Cell::Int(value)) => cells.push(value),
            (Self::Bytes(cells), Cell::Bytes(value)) => cells.push(value),
            // A shorter array gives its last rows a null, which the table refuses.
            (_, _) => {}
        }
    }
}

/// A statement, ready to be run as often as it takes.
#[derive(Debug)]
pub(crate) struct Statement {
    engine: Engine,
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

impl Statement {
    /// Fixed text with `$1`, `$2` … for the cells.
    pub(crate) fn fixed(engine: Engine, sql: &'static str, cells: Vec<Cell>) -> Self {
        Self { engine, sql: Cow::Borrowed(sql), values: cells.into_iter().map(Value::One).collect() }
    }

    /// Text that goes on growing.
    pub(crate) fn start(engine: Engine, sql: &str) -> Self {
        Self { engine, sql: Cow::Owned(sql.to_owned()), values: Vec::new() }
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
        self.place(Value::One(cell.into()))
    }

    fn place(&mut self, value: Value) -> &mut Self {
        self.values.push(value);
        match self.engine {
            Engine::Sqlite => self.push("?"),
            Engine::Postgres => {
                let number = self.values.len();
                self.push("$").push(&number.to_string())
            }
        }
    }

    /// Adds the condition that a key is one of these: on Postgres one array, so that lists of any length
    /// share one prepared statement. An empty list matches nothing.
    pub(crate) fn among<C: Into<Cell>>(&mut self, keys: impl IntoIterator<Item = C>) -> &mut Self {
        if self.engine == Engine::Sqlite {
            return self.push(" IN ").list(keys);
        }
        let mut cells = keys.into_iter().map(Into::into);
        let mut keys = Column::of(cells.next().unwrap_or(Cell::Text(None)), cells.size_hint().0 + 1);
        cells.for_each(|cell| keys.push(cell));
        self.push(" = ANY(").place(Value::Many(keys)).push(")")
    }

    /// Adds `(a, b, …)`, filled up to a power of two with the last value, so that lists of any length
    /// share a few prepared statements: for words, of which the planner knows how common they are. An
    /// empty list matches nothing.
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

    /// Adds rows as a query of its own: `VALUES (…), (…), …`, or on Postgres one array for each column,
    /// so that the text is short and the same for any number of rows. At least one row.
    pub(crate) fn rows(&mut self, rows: Vec<Vec<Cell>>) -> &mut Self {
        if self.engine == Engine::Postgres {
            return self.columns(rows);
        }
        for (place, row) in rows.into_iter().enumerate() {
            self.push(if place == 0 { "VALUES " } else { ", " }).row(row);
        }
        self
    }

    fn columns(&mut self, rows: Vec<Vec<Cell>>) -> &mut Self {
        let count = rows.len();
        let mut columns: Vec<Column> = Vec::new();
        for row in rows {
            if columns.is_empty() {
                columns = row.into_iter().map(|cell| Column::of(cell, count)).collect();
                continue;
            }
            columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        }
        self.push("SELECT * FROM UNNEST(");
        for (place, column) in columns.into_iter().enumerate() {
            if place > 0 {
                self.push(", ");
            }
            self.place(Value::Many(column));
        }
        self.push(")")
    }

    // Every text here was put together from our own literals and placeholders; values are bound.
    fn text(&self) -> AssertSqlSafe<Cow<'static, str>> {
        AssertSqlSafe(self.sql.clone())
    }

    fn on_postgres(&self) -> Result<Query<'static, Postgres, PgArguments>, sqlx::Error> {
        let mut arguments = PgArguments::default();
        for value in &self.values {
            match value {
                Value::One(Cell::Text(value)) => arguments.add(value.as_deref().map(without_nul_in)),
                Value::One(Cell::Int(value)) => arguments.add(value),
                Value::One(Cell::Bytes(value)) => arguments.add(value),
                Value::Many(Column::Text(values)) => arguments.add(values),
                Value::Many(Column::Int(values)) => arguments.add(values),
                Value::Many(Column::Bytes(values)) => arguments.add(values),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(sqlx::query_with(self.text(), arguments))
    }

    fn on_sqlite(&self) -> Result<Query<'static, Sqlite, SqliteArguments>, sqlx::Error> {
        let mut arguments = SqliteArguments::default();
        for value in &self.values {
            match value {
                Value::One(Cell::Text(value)) => arguments.add(value.clone().map(without_nul)),
                Value::One(Cell::Int(value)) => arguments.add(value),
                Value::One(Cell::Bytes(value)) => arguments.add(value.clone()),
                Value::Many(_) => Err("SQLite has no arrays".into()),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(sqlx::query_with(self.text(), arguments))
    }

    /// Runs it; gives the number of rows written.
    pub(crate) async fn execute(&self, connection: &mut Connection) -> Result<u64, sqlx::Error> {
        match connection {
            Connection::Sqlite(connection) => Ok(limited(self.on_sqlite()?.execute(connection)).await?.rows_affected()),
            Connection::Postgres(connection) => {
                Ok(limited(self.on_postgres()?.execute(connection)).await?.rows_affected())
            }
        }
    }

    /// Runs it; gives all rows. Every statement of ours limits them itself.
    pub(crate) async fn fetch_all(&self, connection: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
        match connection {
            Connection::Sqlite(connection) => {
                let rows = self.on_sqlite()?.map(|row: SqliteRow| Row::Sqlite(row));
                limited(rows.fetch_all(connection)).await
            }
            Connection::Postgres(connection) => {
                let rows = self.on_postgres()?.map(|row: PgRow| Row::Postgres(row));
                limited(rows.fetch_all(connection)).await
            }
        }
    }
}

/// Postgres's TEXT can't hold U+0000, which a caller's JSON may; JSON columns escape it.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn without_nul_in(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Gives a statement at most [`STATEMENT_LIMIT`].
pub(crate) async fn limited<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(STATEMENT_LIMIT, work).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))),
    }
}

/// Writes rows, which stand between `head` and `tail` as a query; gives the number of rows written. On
/// SQLite with as few statements as powers of two allow.
pub(crate) async fn write_rows(
    engine: Engine,
    connection: &mut Connection,
    head: &str,
    mut rows: Vec<Vec<Cell>>,
    tail: &str,
) -> Result<u64, sqlx::Error> {
    let mut written = 0;
    while !rows.is_empty() {
        let rest = rows.split_off(engine.rows_of(rows.len()).min(MAX_ROWS));
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
