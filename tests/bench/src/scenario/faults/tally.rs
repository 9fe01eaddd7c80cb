//! What became of the tasks, read from the ledger's own rows.

use sqlx::{PgPool, Row as _};
use std::collections::BTreeMap;

/// Counts of one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) open: u64,
    pub(super) succeeded: u64,
    pub(super) failed: BTreeMap<String, u64>,
    /// Callbacks that are still to go out.
    pub(super) pending: u64,
    /// Callbacks that were given up.
    pub(super) dead: u64,
}

impl Tally {
    pub(super) fn ended(&self) -> u64 {
        self.succeeded + self.failed.values().sum::<u64>()
    }
}

pub(super) async fn read(pool: &PgPool) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let sql = "SELECT state, COALESCE(failure, ''), COUNT(*) FROM task GROUP BY 1, 2";
    for row in sqlx::query(sql).fetch_all(pool).await? {
        let (state, failure, count): (String, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let count = count.unsigned_abs();
        match state.as_str() {
            "succeeded" => tally.succeeded += count,
            "failed" | "cancelled" => {
                let failure: serde_json::Value = serde_json::from_str(&failure).unwrap_or_default();
                let kind = failure["kind"].as_str().unwrap_or(&state).to_owned();
                *tally.failed.entry(kind).or_default() += count;
            }
            _ => tally.open += count,
        }
    }
    for row in sqlx::query("SELECT state, COUNT(*) FROM callback GROUP BY 1").fetch_all(pool).await? {
        let (state, count): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        match state.as_str() {
            "pending" => tally.pending += count.unsigned_abs(),
            "dead" => tally.dead += count.unsigned_abs(),
            _ => {}
        }
    }
    Ok(tally)
}

/// Callbacks that the ledger says were taken.
pub(super) async fn sent(pool: &PgPool) -> anyhow::Result<Vec<String>> {
    let rows = sqlx::query("SELECT id FROM callback WHERE state = 'delivered'");
    rows.fetch_all(pool).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// How doubts were resolved: all that there were, and by way. An upstream that calls back while the lease still
/// runs resolves one before it is written down.
pub(super) async fn doubts(pool: &PgPool) -> anyhow::Result<(u64, BTreeMap<&'static str, u64>)> {
    let sql = "SELECT e.step, e.note FROM event e WHERE e.part = 0 AND (e.note LIKE '%recovered_by%' OR EXISTS \
         (SELECT 1 FROM event d WHERE d.task_id = e.task_id AND d.step = 'doubt' AND d.version = e.version - 1 AND d.part = 0))";
    let mut ways: BTreeMap<&'static str, u64> = BTreeMap::new();
    for row in sqlx::query(sql).fetch_all(pool).await? {
        let (step, note): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let note: serde_json::Value = serde_json::from_str(&note).unwrap_or_default();
        let way = match (step.as_str(), note["recovered_by"].as_str()) {
            ("accept", Some("callback")) => "callback",
            ("accept", Some("lookup")) => "look-up",
            ("accept" | "answer", _) => "late answer",
            ("resubmit", _) => "proof of absence",
            ("fail", _) => "policy",
            _ => "other",
        };
        *ways.entry(way).or_default() += 1;
    }
    Ok((ways.values().sum(), ways))
}
