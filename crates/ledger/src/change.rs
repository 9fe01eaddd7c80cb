//! A task changes: compare-and-set, event, callback, attempt, artifacts and money in one commit.

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::statement::MAX_ROWS;
use crate::unit::Unit;
use serde_json::Value;
use std::collections::BTreeSet;
use task::{AttemptId, ClientId, NewCallback, Task};

/// Longest text in one column of a task's own (not JSON), in bytes: a bound for rows, above what front lets in.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// A change of one task.
#[derive(Debug, Clone)]
pub struct Change {
    /// The task as it was read; its id and version are compared.
    pub before: Task,
    /// The task as it shall be, one version on ([`Task::after`]).
    pub after: Task,
    /// What happened, for the record.
    pub event: NewEvent,
    /// What it means for an attempt.
    pub attempt: Option<AttemptNote>,
    /// The callback that it calls for.
    pub callback: Option<NewCallback>,
}

/// An event, not yet a row.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// The step's name ([`task::Step::name`]).
    pub step: &'static str,
    /// Anything worth keeping. No secret, no signed URL.
    pub note: Value,
}

/// What a change means for an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptNote {
    /// A paid request is about to go out. It begins at the changed task's `updated_ms`.
    Begin {
        /// The request.
        attempt: AttemptId,
        /// What is sent upstream to find it again.
        client: ClientId,
        /// Where it goes.
        channel: String,
        /// What the vendor calls the model.
        upstream_model: String,
    },
    /// It is known what became of it. A later word (a late answer) replaces an earlier one.
    End {
        /// The request.
        attempt: AttemptId,
        /// One word.
        outcome: &'static str,
        /// Timings and private text. No secret.
        note: Value,
    },
}

/// Refuses text that no column should hold.
pub(crate) fn check_text(task: &Task) -> Result<(), LedgerError> {
    let plain = [Some(&task.external_id), Some(&task.callback_url)].into_iter().flatten().flatten();
    if plain.chain([&task.model, &task.action, &task.channel]).any(|text| text.len() > MAX_TEXT_BYTES) {
        return Err(LedgerError::Invalid(format!("a text of the task is longer than {MAX_TEXT_BYTES} bytes")));
    }
    Ok(())
}

impl Change {
    fn check(&self) -> Result<(), LedgerError> {
        let (before, after) = (&self.before, &self.after);
        if after.id != before.id || after.version != before.version + 1 {
            return Err(LedgerError::Invalid("a change takes one task one version on".into()));
        }
        let fixed = before.token == after.token
            && before.family == after.family
            && before.action == after.action
            && before.model == after.model
            && before.spec == after.spec
            && before.callback_url == after.callback_url
            && before.external_id == after.external_id
            && before.retry_of == after.retry_of
            && before.created_ms == after.created_ms
            && before.trace == after.trace
            && before.hidden == after.hidden;
        if !fixed {
            return Err(LedgerError::Invalid("a change may not touch what was asked for".into()));
        }
        check_text(after)
    }
}

impl Ledger {
    /// Commits changes of different tasks, at most 128, all or none. `Stale` when any of the tasks has
    /// another version by now, `Unknown` when it may or may not be committed.
    pub async fn commit(&self, unit: Vec<Change>) -> Result<(), LedgerError> {
        if unit.is_empty() {
            return Ok(());
        }
        let ids: BTreeSet<_> = unit.iter().map(|change| change.before.id).collect();
        if ids.len() != unit.len() || unit.len() > MAX_ROWS {
            return Err(LedgerError::Invalid(format!("a unit changes at most {MAX_ROWS} tasks, each once")));
        }
        unit.iter().try_for_each(Change::check)?;
        let over: Vec<_> = unit.iter().filter(|change| change.after.is_over()).map(|change| change.after.id).collect();
        self.write(Unit::Commit(unit)).await?;
        self.progress().forget(over);
        Ok(())
    }
}
