//! The way every stage changes a task: one verb, then the bells. Ledger first, bell second.

use crate::core::Core;
use crate::trace::note_change;
use ledger::{AttemptNote, Change, LedgerError, NewEvent};
use queue::{Entry, Lane};
use serde_json::Value;
use std::sync::atomic::Ordering;
use task::{IllegalStep, State, Step, Task, TaskId};

/// Why a task could not be moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdvanceError {
    /// Somebody else moved it first; a stale worker does nothing more.
    #[error("the task has moved on")]
    Stale,
    /// The step does not fit the state that the task was read in.
    #[error(transparent)]
    Illegal(#[from] IllegalStep),
    /// The ledger could not do it; the sweep or the lease brings the task back.
    #[error(transparent)]
    Ledger(LedgerError),
}

impl From<LedgerError> for AdvanceError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Stale => Self::Stale,
            other => Self::Ledger(other),
        }
    }
}

/// One task's move, not yet made.
pub(crate) struct Move<'a> {
    pub(crate) task: &'a Task,
    pub(crate) step: Step,
    /// For the operator: why, in private words.
    pub(crate) note: Value,
    pub(crate) attempt: Option<AttemptNote>,
}

impl<'a> Move<'a> {
    pub(crate) fn new(task: &'a Task, step: Step, note: Value) -> Self {
        Self { task, step, note, attempt: None }
    }

    pub(crate) fn with_attempt(mut self, attempt: AttemptNote) -> Self {
        self.attempt = Some(attempt);
        self
    }
}

impl Core {
    /// Makes one move true, and rings.
    pub(crate) async fn advance(&self, one: Move<'_>) -> Result<Task, AdvanceError> {
        let mut after = self.advance_all(vec![one]).await?;
        after.pop().ok_or(AdvanceError::Stale)
    }

    /// Makes several moves true in one transaction, or none of them, and rings.
    pub(crate) async fn advance_all(&self, moves: Vec<Move<'_>>) -> Result<Vec<Task>, AdvanceError> {
        let now_ms = self.clock.now_ms();
        let mut changes = Vec::with_capacity(moves.len());
        for Move { task, step, note, attempt } in moves {
            let name = step.name();
            let after = task.after(step, now_ms)?;
            let callback = contracts::callback::due(Some(task), &after, &|key| self.link(key));
            let event = NewEvent { step: name, note };
            changes.push(Change { before: task.clone(), after, event, attempt, callback });
        }
        let rung: Vec<(Task, Task, &'static str, Option<String>)> = changes
            .iter()
            .map(|c| (c.before.clone(), c.after.clone(), c.event.step, c.callback.as_ref().map(|cb| cb.host.clone())))
            .collect();
        if let Err(error) = self.ledger.commit(changes).await {
            self.settle_unknown(error, &rung).await?;
        }
        for (before, after, step, callback_host) in &rung {
            report(before, after, step);
            self.ring(before, after, callback_host.as_deref()).await;
        }
        Ok(rung.into_iter().map(|(_, after, ..)| after).collect())
    }

    /// After a commit whose answer was lost: it counts as made when the rows say so.
    async fn settle_unknown(
        &self,
        error: LedgerError,
        moved: &[(Task, Task, &'static str, Option<String>)],
    ) -> Result<(), AdvanceError> {
        if !matches!(error, LedgerError::Unknown(_)) {
            return Err(error.into());
        }
        for (_, after, ..) in moved {
            let row = self.ledger.task(after.id).await?;
            // Another worker's equal step has another attempt or another time: it must not count as ours.
            let ours = |row: &Task| (row.version, row.state, row.attempt, row.updated_ms);
            let made = row.is_some_and(|row| ours(&row) == ours(after));
            if !made {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Rings what the change calls for. A bell that fails is only a delay: the sweep knows the rest.
    async fn ring(&self, before: &Task, after: &Task, callback_host: Option<&str>) {
        // First the slot, then the bell: whoever hears the bell takes a slot of its own.
        if before.state.holds_slot() && !after.state.holds_slot() {
            self.leave_slot(&before.channel, after.id).await;
        }
        let now_ms = self.clock.now_ms();
        let due_ms = after.due_ms.unwrap_or(now_ms);
        let lane = match after.state {
            State::Queued => Some((Lane::Submit, due_ms)),
            State::Running if before.state != State::Running => {
                Some((Lane::Poll, now_ms + self.first_poll_ms(&after.channel)))
            }
            State::Uncertain => Some((Lane::Poll, due_ms)),
            State::Archiving => Some((Lane::Archive, due_ms)),
            _ => None,
        };
        if let Some((lane, due_ms)) = lane {
            self.add(lane, after.id, &after.channel, due_ms).await;
        }
        if let Some(host) = callback_host {
            self.add(Lane::Notify, after.id, host, now_ms).await;
        }
        self.scheduler.announce(&[after.id]).await;
    }

    fn first_poll_ms(&self, channel: &str) -> i64 {
        self.line(channel).map_or(1_000, |line| {
            let period_ms = line.dialect.capabilities(&line.channel.options).poll_period_ms;
            self.jittered_ms(period_ms)
        })
    }

    /// Rings one bell.
    pub(crate) async fn add(&self, lane: Lane, id: TaskId, channel: &str, due_ms: i64) {
        let entry = Entry { id, channel: channel.to_owned(), due_ms };
        if let Err(error) = self.scheduler.add(lane, &[entry]).await {
            tracing::warn!(task = %id, %lane, %error, "bell not rung; the sweep will");
            self.missed_bell.store(true, Ordering::Relaxed);
        }
    }

    /// Frees the task's slot.
    pub(crate) async fn leave_slot(&self, channel: &str, id: TaskId) {
        if let Err(error) = self.scheduler.leave_slots(channel, &[id]).await {
            tracing::warn!(task = %id, channel, %error, "slot not freed; the sweep will");
            self.missed_bell.store(true, Ordering::Relaxed);
        }
    }
}

fn report(before: &Task, after: &Task, step: &'static str) {
    metrics::counter!("task_transitions_total", "step" => step, "family" => after.family.clone()).increment(1);
    if after.is_over() {
        let kind = after.failure.as_ref().map_or("", |failure| failure.kind.as_str());
        metrics::counter!("tasks_ended_total", "state" => after.state.as_str(), "kind" => kind,
            "channel" => after.channel.clone())
        .increment(1);
    }
    note_change(after);
    tracing::info!(
        target: "transition",
        task = %after.id,
        family = after.family,
        action = after.action,
        channel = after.channel,
        from = %before.state,
        to = %after.state,
        step,
        failure = after.failure.as_ref().map(|failure| failure.private.as_str()),
        "task moved"
    );
}
