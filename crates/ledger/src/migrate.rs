//! The tables: embedded scripts, each applied once, safe when two processes start together.

use crate::connection::Row;
use crate::engine::{Database, Engine};
use crate::error::LedgerError;
use crate::reader::Reader;
use crate::statement::{Statement, cells};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// A script under one name for both engines.
struct Migration {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$(Migration {
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

/// In order. A script that has been released is never edited: its hash is checked.
const MIGRATIONS: &[Migration] =
    migrations!["0001_ledger", "0002_hint", "0003_sweep", "0004_pieces", "0005_spill", "0006_lists"];

/// Any number that other software in the same database is unlikely to lock.
const POSTGRES_LOCK: &str = "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(7219340550168);";

impl Migration {
    fn text(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    fn hash(&self, engine: Engine) -> String {
        Sha256::digest(self.text(engine)).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Applies what is missing in one transaction under a lock; tells how many scripts ran.
pub(crate) async fn run(database: &Database) -> Result<usize, LedgerError> {
    let mut transaction = database.begin().await?;
    if database.engine == Engine::Postgres {
        // On SQLite the transaction itself is the lock.
        transaction.run(POSTGRES_LOCK).await?;
    }
    let table = "CREATE TABLE IF NOT EXISTS schema_migration (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)";
    transaction.run(table).await?;
    let rows = applied(database.engine).fetch_all(&mut transaction).await?;
    let missing = missing(database.engine, &rows)?;
    for migration in &missing {
        transaction.run(migration.text(database.engine)).await?;
        let sql = "/* migrate */ INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)";
        let row = cells![migration.name, migration.hash(database.engine)];
        Statement::fixed(database.engine, sql, row).execute(&mut transaction).await?;
    }
    database.commit(transaction).await?;
    Ok(missing.len())
}

/// How many scripts [`run`] would apply.
pub(crate) async fn pending(database: &Database) -> Result<usize, LedgerError> {
    // Each engine lists its tables in its own way.
    let sql = match database.engine {
        Engine::Sqlite => {
            "/* pending_migrations */ SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'"
        }
        Engine::Postgres => {
            "/* pending_migrations */ SELECT CAST(to_regclass('schema_migration') AS TEXT) \
             WHERE to_regclass('schema_migration') IS NOT NULL"
        }
    };
    if database.fetch_first(Statement::fixed(database.engine, sql, vec![])).await?.is_none() {
        return Ok(MIGRATIONS.len());
    }
    let rows = database.fetch_all(applied(database.engine)).await?;
    Ok(missing(database.engine, &rows)?.len())
}

fn applied(engine: Engine) -> Statement {
    let sql = "/* applied_migrations */ SELECT name, sha256 FROM schema_migration LIMIT 10000";
    Statement::fixed(engine, sql, vec![])
}

/// Scripts of a newer release that this one does not know are left alone.
fn missing(engine: Engine, applied: &[Row]) -> Result<Vec<&'static Migration>, LedgerError> {
    let mut hashes = BTreeMap::new();
    for row in applied {
        let mut row = Reader::new("schema_migration", row);
        hashes.insert(row.text("name")?, row.text("sha256")?);
    }
    let mut missing = Vec::new();
    for migration in MIGRATIONS {
        match hashes.get(migration.name) {
            None => missing.push(migration),
            Some(hash) if *hash == migration.hash(engine) => {}
            Some(_) => {
                return Err(LedgerError::Corrupt {
                    table: "schema_migration",
                    column: "sha256",
                    row: migration.name.to_owned(),
                    reason: "the script was edited after it had been applied".to_owned(),
                });
            }
        }
    }
    Ok(missing)
}
