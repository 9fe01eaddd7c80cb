//! Clips: whose task made a song, by the vendor's id for it, so that its caller can go on from it
//! (`contract/DECISIONS.md`, Suno: clip ids).

use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::statement::{Cell, cells, write_rows};
use crate::task::read_id;
use task::{Task, TaskId, TokenId};

/// Most clips of one task that can be found again: a vendor makes two at a time.
pub(crate) const MAX_PER_TASK: usize = 64;

/// Longest id that can be found again, in bytes: vendors give UUIDs, and an index row has a limit.
pub(crate) const MAX_ID_BYTES: usize = 200;

/// The rows of the clips that a change has made known.
pub(crate) fn rows(before: &Task, after: &Task) -> Vec<Vec<Cell>> {
    let known = |id: &str| before.details.clips.iter().any(|clip| clip.id == id);
    let found = after.details.clips.iter().map(|clip| clip.id.as_str());
    found
        .filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES && !known(id))
        .take(MAX_PER_TASK)
        .map(|id| cells![after.token, id, after.id])
        .collect()
}

/// The task's row is locked, so that nobody else writes the same rows; a vendor may name a clip twice.
pub(crate) async fn insert(engine: Engine, connection: &mut Connection, rows: Vec<Vec<Cell>>) -> Result<(), Fault> {
    let head = "/* insert_clips */ INSERT INTO clip (token_id, clip_id, task_id) ";
    write_rows(engine, connection, head, rows, " ON CONFLICT DO NOTHING").await?;
    Ok(())
}

impl Ledger {
    /// The token's newest task that made this clip.
    pub async fn clip_task(&self, token: TokenId, clip_id: &str) -> Result<Option<TaskId>, LedgerError> {
        let sql = "/* clip_task */ SELECT task_id FROM clip WHERE token_id = $1 AND clip_id = $2 \
             ORDER BY task_id DESC LIMIT 1";
        let row = self.database().fetch_first(self.fixed(sql, cells![token, clip_id])).await?;
        row.as_ref().map(read_id).transpose()
    }
}
