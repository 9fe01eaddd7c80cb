//! The task's row: its columns in one order, written and read.

use crate::connection::Row;
use crate::error::LedgerError;
use crate::reader::Reader;
use crate::statement::{Cell, cells};
use serde::Serialize;
use task::{Phase, State, Task, TaskId};

/// Every column, in the order of [`insert`] and [`read`].
pub(crate) const COLUMNS: &str = "id, version, token_id, family, action, model, spec, state, shown, phase, progress, \
     channel, upstream_model, attempt_id, attempts, client_id, operation, operation_id, details, outputs, failure, \
     warnings, child_id, retry_of, modal_of, callback_url, external_id, due_ms, lease_until_ms, wake_ms, deadline_ms, \
     missing_ms, created_ms, started_ms, finished_ms, answered_ms, shown_ms, updated_ms, reserved, charged, hidden, \
     trace, seed";

/// What a change may write, in the order of [`update`]. Side columns that only grow are not here:
/// progress has its own rule in the statement, seed and hidden have verbs of their own.
pub(crate) const CHANGED: &[&str] = &[
    "version",
    "state",
    "shown",
    "phase",
    "channel",
    "upstream_model",
    "attempt_id",
    "attempts",
    "client_id",
    "operation",
    "operation_id",
    "details",
    "outputs",
    "failure",
    "warnings",
    "child_id",
    "due_ms",
    "lease_until_ms",
    "wake_ms",
    "deadline_ms",
    "missing_ms",
    "started_ms",
    "finished_ms",
    "answered_ms",
    "shown_ms",
    "updated_ms",
    "reserved",
    "charged",
];

/// JSON text of a column.
pub(crate) fn json<T: Serialize + ?Sized>(column: &str, value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|error| LedgerError::Invalid(format!("{column} has no JSON form: {error}")))
}

fn opt_json<T: Serialize>(column: &str, value: Option<&T>) -> Result<Option<String>, LedgerError> {
    value.map(|value| json(column, value)).transpose()
}

/// When the ledger wants a task looked at. A queued one without a due time has been due since it was opened.
fn wake_ms(task: &Task) -> Option<i64> {
    let fallback = (task.state == State::Queued).then_some(task.created_ms);
    task.lease_until_ms.or(task.due_ms).or(fallback)
}

/// The cells of [`COLUMNS`].
pub(crate) fn insert(task: &Task, modal_of: Option<TaskId>) -> Result<Vec<Cell>, LedgerError> {
    Ok(cells![
        task.id,
        task.version,
        task.token,
        &task.family,
        &task.action,
        &task.model,
        json("spec", &task.spec)?,
        task.state,
        task.shown.as_str(),
        task.phase.as_str(),
        task.progress,
        &task.channel,
        &task.upstream_model,
        task.attempt,
        task.attempts,
        task.client,
        opt_json("operation", task.operation.as_ref())?,
        task.operation.as_ref().map(|operation| operation.id.clone()),
        json("details", &task.details)?,
        json("outputs", &task.outputs)?,
        opt_json("failure", task.failure.as_ref())?,
        json("warnings", &task.warnings)?,
        task.child,
        task.retry_of,
        modal_of,
        task.callback_url.clone(),
        task.external_id.clone(),
        task.due_ms,
        task.lease_until_ms,
        wake_ms(task),
        task.deadline_ms,
        task.missing_ms,
        task.created_ms,
        task.started_ms,
        task.finished_ms,
        task.answered_ms,
        task.shown_ms,
        task.updated_ms,
        task.reserved,
        task.charged,
        task.hidden,
        task.trace.clone(),
        task.details.seed.clone(),
    ])
}

/// The cells of [`CHANGED`].
pub(crate) fn update(task: &Task) -> Result<Vec<Cell>, LedgerError> {
    Ok(cells![
        task.version,
        task.state,
        task.shown.as_str(),
        task.phase.as_str(),
        &task.channel,
        &task.upstream_model,
        task.attempt,
        task.attempts,
        task.client,
        opt_json("operation", task.operation.as_ref())?,
        task.operation.as_ref().map(|operation| operation.id.clone()),
        json("details", &task.details)?,
        json("outputs", &task.outputs)?,
        opt_json("failure", task.failure.as_ref())?,
        json("warnings", &task.warnings)?,
        task.child,
        task.due_ms,
        task.lease_until_ms,
        wake_ms(task),
        task.deadline_ms,
        task.missing_ms,
        task.started_ms,
        task.finished_ms,
        task.answered_ms,
        task.shown_ms,
        task.updated_ms,
        task.reserved,
        task.charged,
    ])
}

fn phase_of(word: &str) -> Option<Phase> {
    [Phase::Waiting, Phase::Working].into_iter().find(|phase| phase.as_str() == word)
}

/// A task from a row of [`COLUMNS`], without its artifacts.
pub(crate) fn read(row: &Row) -> Result<Task, LedgerError> {
    let mut row = Reader::new("task", row);
    let mut task = Task {
        id: row.parsed("id")?,
        version: row.int("version")?,
        token: row.parsed("token_id")?,
        family: row.text("family")?,
        action: row.text("action")?,
        model: row.text("model")?,
        spec: row.json("spec")?,
        state: row.parsed("state")?,
        shown: row.parsed("shown")?,
        phase: row.word("phase", phase_of)?,
        progress: row.int("progress")?,
        channel: row.text("channel")?,
        upstream_model: row.text("upstream_model")?,
        attempt: row.opt_parsed("attempt_id")?,
        attempts: row.int("attempts")?,
        client: row.opt_parsed("client_id")?,
        operation: row.opt_json("operation")?,
        details: row.skip().json("details")?,
        outputs: row.json("outputs")?,
        artifacts: Vec::new(),
        failure: row.opt_json("failure")?,
        warnings: row.json("warnings")?,
        child: row.opt_parsed("child_id")?,
        retry_of: row.opt_parsed("retry_of")?,
        callback_url: row.skip().opt_text("callback_url")?,
        external_id: row.opt_text("external_id")?,
        due_ms: row.opt_int("due_ms")?,
        lease_until_ms: row.opt_int("lease_until_ms")?,
        deadline_ms: row.skip().int("deadline_ms")?,
        missing_ms: row.opt_int("missing_ms")?,
        created_ms: row.int("created_ms")?,
        started_ms: row.opt_int("started_ms")?,
        finished_ms: row.opt_int("finished_ms")?,
        answered_ms: row.opt_int("answered_ms")?,
        shown_ms: row.int("shown_ms")?,
        updated_ms: row.int("updated_ms")?,
        reserved: row.int("reserved")?,
        charged: row.int("charged")?,
        hidden: row.flag("hidden")?,
        trace: row.opt_text("trace")?,
    };
    if let Some(seed) = row.opt_text("seed")? {
        task.details.seed = Some(seed);
    }
    Ok(task)
}
