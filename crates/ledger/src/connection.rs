//! A connection and a row of either engine. sqlx's own `Any` copies each value of each row on its way
//! and knows no arrays; these hand over what the driver read.

use crate::engine::Engine;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};
use std::str::FromStr as _;

/// Prepared statements kept for each Postgres connection: every verb in each power of two.
const STATEMENT_CACHE: usize = 250;

/// Where connections are made to.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A row.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Target {
    /// Reads a URL. An error may quote it, and so a password.
    pub(crate) fn read(engine: Engine, url: &str) -> Result<Self, sqlx::Error> {
        Ok(match engine {
            Engine::Sqlite => {
                let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true);
                Self::Sqlite(options.disable_statement_logging())
            }
            Engine::Postgres => {
                let options = PgConnectOptions::from_str(url)?.statement_cache_capacity(STATEMENT_CACHE);
                Self::Postgres(options.disable_statement_logging())
            }
        })
    }

    /// Makes a connection.
    pub(crate) async fn connect(&self) -> Result<Connection, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(options) => Connection::Sqlite(options.connect().await?),
            Self::Postgres(options) => Connection::Postgres(options.connect().await?),
        })
    }
}

impl Connection {
    /// Runs text without values, of one statement or several.
    pub(crate) async fn run(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
            Self::Postgres(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
        }
    }

    /// Whether it lives.
    pub(crate) async fn ping(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.ping().await,
            Self::Postgres(connection) => connection.ping().await,
        }
    }

    /// Takes leave of the server. A connection that is dropped just ends.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}

macro_rules! column {
    ($(#[$doc:meta])* $name:ident -> $type:ty) => {
        $(#[$doc])*
        pub(crate) fn $name(&self, at: usize) -> Result<Option<$type>, sqlx::Error> {
            match self {
                Self::Sqlite(row) => row.try_get(at),
                Self::Postgres(row) => row.try_get(at),
            }
        }
    };
}

impl Row {
    column! {
        /// A column's text.
        text -> &str
    }
    column! {
        /// A column's number.
        int -> i64
    }
    column! {
        /// A column's bytes.
        bytes -> &[u8]
    }
}
