//! A callback that is due: a row in the same transaction as the change that it tells of.

use serde::{Deserialize, Serialize};

/// A rendered callback, not yet a row. The ledger gives it its id and its place in the task's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCallback {
    /// Where it goes.
    pub url: String,
    /// The receiver's host, lower case, with the port when it is not the scheme's own.
    pub host: String,
    /// The status word that it tells.
    pub word: String,
    /// The exact bytes of every send of it.
    pub body: Vec<u8>,
    /// Whether it tells of the end; such a one is never superseded.
    pub terminal: bool,
}
