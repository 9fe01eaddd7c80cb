//! Submissions of this process that may be repeated: spares a repetition the way to the ledger, and
//! answers it even where the same request would now be refused. Never the truth: another process, or
//! this one after a restart, asks the ledger.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use task::{TaskId, TokenId};

/// The most submissions that are remembered; when full, the outdated ones go, then all.
pub const RECENT_MAX: usize = 20_000;

/// A submission that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its task.
    pub task: TaskId,
    /// Hash of its body.
    pub body_hash: String,
    /// The answer that was given.
    pub answer: (u16, Vec<u8>),
    /// How many equal ones came before it on purpose, as far as this process knows.
    pub copy: u32,
    /// When it is forgotten, ms.
    pub expires_ms: i64,
}

/// Submissions by token and scope.
#[derive(Debug, Default)]
pub struct Recent(Mutex<HashMap<(TokenId, String), Taken>>);

impl Recent {
    /// The newest submission of this scope that is not outdated.
    pub fn get(&self, token: TokenId, scope: &str, now_ms: i64) -> Option<Taken> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(token, scope.to_owned())).filter(|taken| now_ms < taken.expires_ms).cloned()
    }

    /// Remembers one.
    pub fn put(&self, token: TokenId, scope: String, taken: Taken, now_ms: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= RECENT_MAX {
            known.retain(|_, taken| now_ms < taken.expires_ms);
        }
        if known.len() >= RECENT_MAX {
            known.clear();
        }
        known.insert((token, scope), taken);
    }
}
