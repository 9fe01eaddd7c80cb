//! The database server's own time: the one thing that is asked of its clock. Processes on many machines go
//! by it, so that a lease ends for all of them at the same moment (`DESIGN.md` section 5, ledger).

use crate::engine::Engine;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::statement::Statement;

impl Ledger {
    /// What the server's clock shows, ms since the epoch. `None` on SQLite, which has none of its own.
    pub async fn server_time_ms(&self) -> Result<Option<i64>, LedgerError> {
        if self.database().engine == Engine::Sqlite {
            return Ok(None);
        }
        let sql = "/* server_time */ SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms";
        let row = self.database().fetch_first(Statement::fixed(Engine::Postgres, sql, vec![])).await?;
        row.map(|row| Reader::new("server", &row).int("now_ms")).transpose()
    }
}
