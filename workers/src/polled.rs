//! A running task as one look of the poll stage needs it.

use crate::in_flight::Flight;
use ledger::Pulse;
use task::{Kind, Operation, Phase, Task, TaskId};

/// A running task as a poll needs it.
#[derive(Clone, Copy)]
pub(crate) struct Polled<'a> {
    pub(crate) id: TaskId,
    pub(crate) version: i64,
    pub(crate) kind: Kind,
    pub(crate) phase: Phase,
    pub(crate) operation: &'a Operation,
    pub(crate) deadline_ms: i64,
    pub(crate) missing_ms: Option<i64>,
    pub(crate) progress: i64,
    /// When this look was due.
    pub(crate) due_ms: i64,
    /// The whole row, where it was read.
    pub(crate) task: Option<&'a Task>,
}

impl<'a> Polled<'a> {
    /// Of a row that was read whole.
    pub(crate) fn of(task: &'a Task, operation: &'a Operation, due_ms: i64) -> Self {
        Self {
            id: task.id,
            version: task.version,
            kind: task.spec.kind,
            phase: task.phase,
            operation,
            deadline_ms: task.deadline_ms,
            missing_ms: task.missing_ms,
            progress: task.progress,
            due_ms,
            task: Some(task),
        }
    }

    /// Of one that is as this process read it before.
    pub(crate) fn known(pulse: &Pulse, flight: &'a Flight, due_ms: i64) -> Self {
        Self {
            id: pulse.id,
            version: flight.version,
            kind: flight.kind,
            phase: flight.phase,
            operation: &flight.operation,
            deadline_ms: flight.deadline_ms,
            missing_ms: pulse.missing_ms,
            progress: flight.progress,
            due_ms,
            task: None,
        }
    }
}
