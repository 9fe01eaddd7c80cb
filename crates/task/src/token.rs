//! A caller's key, as the ledger knows it.

use crate::id::TokenId;
use serde::{Deserialize, Serialize};

/// A bearer token. The key itself is kept only as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Which one.
    pub id: TokenId,
    /// The operator's name for it, at most 50 characters.
    pub name: String,
    /// The key with its middle hidden (`sk-ab…wxyz`).
    pub masked: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// When it stops working, ms; none: never.
    pub expires_ms: Option<i64>,
    /// Whether quota is not counted against this token.
    pub unlimited: bool,
    /// Quota that was granted in all.
    pub granted: i64,
    /// Quota that running tasks hold.
    pub reserved: i64,
    /// Quota that finished tasks took.
    pub settled: i64,
    /// When it was made, ms.
    pub created_ms: i64,
}

impl Token {
    /// What is left to reserve: `granted = reserved + settled + left`, always.
    pub fn left(&self) -> i64 {
        self.granted - self.reserved - self.settled
    }

    /// Whether it may be used at `now_ms`.
    pub fn is_usable(&self, now_ms: i64) -> bool {
        self.enabled && self.expires_ms.is_none_or(|at| now_ms < at)
    }
}
