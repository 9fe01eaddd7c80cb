//! Leases on jobs that one process at a time may do. The clock is the caller's.

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::statement::cells;

impl Ledger {
    /// Takes or renews the lease `name` for `holder` until `now_ms + lease_ms`; tells whether it is
    /// `holder`'s now. Another's lease is taken only once it has run out.
    pub async fn take_ledger_lease(
        &self,
        name: &str,
        holder: &str,
        now_ms: i64,
        lease_ms: i64,
    ) -> Result<bool, LedgerError> {
        let sql = "/* take_ledger_lease */ INSERT INTO lease (name, holder, until_ms) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms \
             WHERE lease.holder = excluded.holder OR lease.until_ms <= $4";
        let cells = cells![name, holder, now_ms.saturating_add(lease_ms), now_ms];
        Ok(self.database().execute(self.fixed(sql, cells)).await? == 1)
    }

    /// Gives a lease back before its time. Does nothing when it is another's.
    pub async fn drop_ledger_lease(&self, name: &str, holder: &str) -> Result<(), LedgerError> {
        let sql = "/* drop_ledger_lease */ DELETE FROM lease WHERE name = $1 AND holder = $2";
        self.database().execute(self.fixed(sql, cells![name, holder])).await.map(drop)
    }
}
