//! Tokens and their quota: granted = reserved + settled + left, always.

use crate::connection::Connection;
use crate::connection::Row;
use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::statement::{Cell, Statement, cells, write_rows};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use task::{Token, TokenId};

/// Most tokens in one list.
const MAX_TOKENS: i64 = 10_000;

const COLUMNS: &str = "id, name, masked, enabled, expires_ms, unlimited, granted, reserved, settled, created_ms";

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The operator's name for it.
    pub name: String,
    /// SHA-256 of the key, lower-case hex.
    pub key_hash: String,
    /// The key with its middle hidden.
    pub masked: String,
    /// Whether quota is not counted against it.
    pub unlimited: bool,
    /// Quota that is granted.
    pub granted: i64,
    /// When it stops working, ms; none: never.
    pub expires_ms: Option<i64>,
}

/// What a locked token has left.
#[derive(Debug, Clone)]
pub(crate) struct Balance {
    unlimited: bool,
    left: i64,
}

impl Balance {
    /// Takes `amount` (gives it back when it is below 0).
    pub(crate) fn take(&mut self, amount: i64) -> Result<(), LedgerError> {
        if amount > 0 && !self.unlimited && self.left < amount {
            return Err(LedgerError::InsufficientQuota);
        }
        self.left -= amount;
        Ok(())
    }
}

/// Locks tokens in the order of their ids and tells what they have left.
pub(crate) async fn lock(
    engine: Engine,
    connection: &mut Connection,
    ids: &BTreeSet<TokenId>,
) -> Result<HashMap<TokenId, Balance>, Fault> {
    let mut sql = Statement::start(
        engine,
        "/* lock_tokens */ SELECT id, unlimited, granted - reserved - settled AS still_left FROM token WHERE id",
    );
    sql.among(ids.iter().copied()).push(" ORDER BY id").push(engine.row_lock());
    let mut balances = HashMap::new();
    for row in sql.fetch_all(connection).await? {
        let mut row = Reader::new("token", &row);
        let id = row.parsed("id")?;
        balances.insert(id, Balance { unlimited: row.flag("unlimited")?, left: row.int("still_left")? });
    }
    Ok(balances)
}

/// Moves quota of locked tokens: (reserved, settled) for each.
pub(crate) async fn move_money(
    engine: Engine,
    connection: &mut Connection,
    sums: &BTreeMap<TokenId, (i64, i64)>,
) -> Result<(), Fault> {
    let rows: Vec<Vec<Cell>> = sums
        .iter()
        .filter(|(_, sum)| **sum != (0, 0))
        .map(|(token, (reserved, settled))| cells![*token, *reserved, *settled])
        .collect();
    let head = "/* move_money */ WITH v (k, more_reserved, more_settled) AS (";
    let tail = ") UPDATE token SET reserved = reserved + v.more_reserved, settled = settled + v.more_settled \
         FROM v WHERE token.id = v.k";
    write_rows(engine, connection, head, rows, tail).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Token, LedgerError> {
    let mut row = Reader::new("token", row);
    Ok(Token {
        id: row.parsed("id")?,
        name: row.text("name")?,
        masked: row.text("masked")?,
        enabled: row.flag("enabled")?,
        expires_ms: row.opt_int("expires_ms")?,
        unlimited: row.flag("unlimited")?,
        granted: row.int("granted")?,
        reserved: row.int("reserved")?,
        settled: row.int("settled")?,
        created_ms: row.int("created_ms")?,
    })
}

impl Ledger {
    /// Makes a token. A key hash that is there already is refused (`Sql`).
    pub async fn create_token(&self, new: NewToken, now_ms: i64) -> Result<Token, LedgerError> {
        let token = Token {
            id: TokenId::new(now_ms, self.entropy()),
            name: new.name,
            masked: new.masked,
            enabled: true,
            expires_ms: new.expires_ms,
            unlimited: new.unlimited,
            granted: new.granted,
            reserved: 0,
            settled: 0,
            created_ms: now_ms,
        };
        let sql = "/* create_token */ INSERT INTO token (id, name, key_hash, masked, enabled, expires_ms, unlimited, \
             granted, reserved, settled, created_ms) VALUES ($1, $2, $3, $4, 1, $5, $6, $7, 0, 0, $8)";
        let cells = cells![
            token.id,
            &token.name,
            new.key_hash,
            &token.masked,
            token.expires_ms,
            token.unlimited,
            token.granted,
            now_ms,
        ];
        self.database().execute(self.fixed(sql, cells)).await?;
        Ok(token)
    }

    /// The token whose key has this hash (lower-case hex), whether it may be used or not.
    pub async fn token_by_hash(&self, key_hash: &str) -> Result<Option<Token>, LedgerError> {
        let mut sql = self.statement(&format!("/* token_by_hash */ SELECT {COLUMNS} FROM token WHERE key_hash = "));
        sql.bind(key_hash);
        self.database().fetch_first(sql).await?.as_ref().map(read).transpose()
    }

    /// All tokens, newest first, at most 10,000.
    pub async fn tokens(&self) -> Result<Vec<Token>, LedgerError> {
        let mut sql = self.statement(&format!("/* tokens */ SELECT {COLUMNS} FROM token ORDER BY id DESC LIMIT "));
        sql.bind(MAX_TOKENS);
        self.database().fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Stops a token for good; tells whether it worked until now. Its tasks go on.
    pub async fn revoke_token(&self, id: TokenId) -> Result<bool, LedgerError> {
        let sql = "/* revoke_token */ UPDATE token SET enabled = 0 WHERE id = $1 AND enabled = 1";
        Ok(self.database().execute(self.fixed(sql, cells![id])).await? == 1)
    }

    /// Grants `more` quota (takes back when below 0, though never what is held or spent); tells whether
    /// it could be done.
    pub async fn grant_quota(&self, id: TokenId, more: i64) -> Result<bool, LedgerError> {
        let sql = "/* grant_quota */ UPDATE token SET granted = granted + $2 \
             WHERE id = $1 AND (unlimited = 1 OR granted + $2 >= reserved + settled)";
        Ok(self.database().execute(self.fixed(sql, cells![id, more])).await? == 1)
    }
}
