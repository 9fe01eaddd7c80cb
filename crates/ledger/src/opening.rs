//! A task is opened: row, event, first callback, idempotency row and reserve in one commit.

use crate::change::check_text;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::unit::{Reply, Unit};
use std::sync::Arc;
use task::{NewCallback, State, Task, TaskId, TokenId};

/// What a task is opened with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The task: version 1, state queued. Its `reserved` is set from [`Opening::reserve`]. Boxed, because it is
    /// large and is handed on several times on its way here.
    pub task: Box<Task>,
    /// The first callback, if the family has one for a queued task.
    pub callback: Option<NewCallback>,
    /// The caller's idempotency key, if it gave one.
    pub idempotency: Option<Idempotency>,
    /// The task whose only child of this sort it is (a modal's answer).
    pub only_child_of: Option<TaskId>,
    /// Quota to be held for it, at least 0.
    pub reserve: i64,
}

/// A key under which the same request gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Whose key it is.
    pub token: TokenId,
    /// Route and key.
    pub scope: String,
    /// Hash of the request's body; another body under the same key is a conflict.
    pub body_hash: String,
    /// Status and body to be given again.
    pub answer: (u16, Vec<u8>),
    /// When the key is free again, ms. Compared with the opening task's `created_ms`.
    pub expires_ms: i64,
}

/// What became of an opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It is open; also when the same task id was open already (a retry after an unknown commit).
    New,
    /// The same request was taken in before. Nothing was written.
    Replayed {
        /// The task that it opened.
        task: TaskId,
        /// The answer that was given.
        answer: (u16, Vec<u8>),
    },
    /// The key was used with another body. Nothing was written.
    Conflict,
    /// The parent has its child already. Nothing was written.
    ExistingChild(TaskId),
}

impl Opening {
    pub(crate) fn check(&self) -> Result<(), LedgerError> {
        if self.task.version != 1 || self.task.state != State::Queued {
            return Err(LedgerError::Invalid("a task opens queued, at version 1".into()));
        }
        if self.reserve < 0 || self.task.charged != 0 {
            return Err(LedgerError::Invalid("a task opens with nothing charged and at least 0 reserved".into()));
        }
        check_text(&self.task)
    }
}

impl Ledger {
    /// Opens a task. Fails with `InsufficientQuota` when a limited token has less left than the reserve,
    /// with `NotFound` when there is no such token, with `Unknown` when it may or may not be open.
    pub async fn open_task(&self, opening: impl Into<Arc<Opening>>) -> Result<Opened, LedgerError> {
        let mut opening = opening.into();
        opening.check()?;
        if opening.task.reserved != opening.reserve {
            let opening = Arc::make_mut(&mut opening);
            opening.task.reserved = opening.reserve;
        }
        match self.write(Unit::Open(opening)).await? {
            Reply::Opened(opened) => Ok(opened),
            Reply::Committed => Ok(Opened::New),
        }
    }
}
