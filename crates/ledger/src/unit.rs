//! What callers hand to a writer.

use crate::callback::Arrival;
use crate::change::Change;
use crate::error::LedgerError;
use crate::opening::{Opened, Opening};
use std::sync::Arc;
use task::{CallbackId, TaskId, TokenId};

/// One caller's work: all of it or nothing.
pub(crate) enum Unit {
    Open(Arc<Opening>),
    Commit(Vec<Change>),
    Deliver(Arrival),
}

/// What a unit's caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Opened(Opened),
    Committed,
}

/// What a unit came to.
pub(crate) type Written = Result<Reply, LedgerError>;

/// Something that two units of one batch, or of two batches under way, may not both touch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Task(TaskId),
    ChildOf(TaskId),
    Scope(TokenId, String),
    Callback(CallbackId),
}

impl Unit {
    /// How many rows of its table it writes.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Open(_) | Self::Deliver(_) => 1,
            Self::Commit(changes) => changes.len(),
        }
    }

    /// What it touches.
    pub(crate) fn keys(&self) -> Vec<Key> {
        match self {
            Self::Open(opening) => {
                let mut keys = vec![Key::Task(opening.task.id)];
                keys.extend(opening.only_child_of.map(Key::ChildOf));
                keys.extend(opening.idempotency.as_ref().map(|i| Key::Scope(i.token, i.scope.clone())));
                keys
            }
            Self::Commit(changes) => changes.iter().map(|change| Key::Task(change.before.id)).collect(),
            Self::Deliver(arrival) => vec![Key::Callback(arrival.callback)],
        }
    }

    /// What its caller gets when it was done without a look at anything.
    pub(crate) fn done(&self) -> Reply {
        match self {
            Self::Open(_) => Reply::Opened(Opened::New),
            Self::Commit(_) | Self::Deliver(_) => Reply::Committed,
        }
    }
}
