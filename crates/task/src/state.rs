//! The one transition function. What may follow what is the table below; nothing else writes a state.

use crate::artifact::{Artifact, Output};
use crate::failure::Failure;
use crate::id::{AttemptId, ClientId, TaskId};
use crate::task::{Details, Fitted, Operation, Phase, Task};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a task is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Committed with its channel; nothing has gone out.
    Queued,
    /// Intent, attempt and lease are recorded; the paid request may be under way.
    Submitting,
    /// The paid request may or may not have arrived.
    Uncertain,
    /// The vendor has it.
    Running,
    /// The vendor asks for something before it goes on.
    AwaitingInput,
    /// Another task took the operation over; shown with that task's status.
    HandedOver,
    /// The outputs are being copied to the store.
    Archiving,
    /// Every output that exists is in the store.
    Succeeded,
    /// It ended without a result.
    Failed,
    /// Caller or operator stopped it.
    Cancelled,
}

impl State {
    /// All states, in the order of a task's life.
    pub const ALL: [State; 10] = [
        Self::Queued,
        Self::Submitting,
        Self::Uncertain,
        Self::Running,
        Self::AwaitingInput,
        Self::HandedOver,
        Self::Archiving,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word in JSON, SQL, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Submitting => "submitting",
            Self::Uncertain => "uncertain",
            Self::Running => "running",
            Self::AwaitingInput => "awaiting_input",
            Self::HandedOver => "handed_over",
            Self::Archiving => "archiving",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing may follow.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::HandedOver)
    }

    /// Whether it takes up one of its channel's slots (`DESIGN.md` section 5, queue).
    pub fn holds_slot(self) -> bool {
        matches!(self, Self::Submitting | Self::Uncertain | Self::Running | Self::AwaitingInput)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such state: {0}")]
pub struct NoSuchState(pub String);

impl FromStr for State {
    type Err = NoSuchState;

    fn from_str(text: &str) -> Result<Self, NoSuchState> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| NoSuchState(text.to_owned()))
    }
}

/// What callers see of a state; each family has its own word for it. Ordered: it never goes back,
/// so a re-queued task keeps its later word (`contract/DECISIONS.md`, state → word).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Queued.
    Queued,
    /// Submitting or uncertain.
    Submitted,
    /// Running or archiving.
    InProgress,
    /// Awaiting input, and handed over until the child runs.
    AwaitingInput,
    /// Succeeded.
    Succeeded,
    /// Failed, of whatever kind.
    Failed,
    /// Cancelled.
    Cancelled,
}

impl Shown {
    /// All of them, in order.
    pub const ALL: [Shown; 7] = [
        Self::Queued,
        Self::Submitted,
        Self::InProgress,
        Self::AwaitingInput,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// What a state looks like by itself.
    pub fn of(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Submitting | State::Uncertain => Self::Submitted,
            State::Running | State::Archiving => Self::InProgress,
            State::AwaitingInput | State::HandedOver => Self::AwaitingInput,
            State::Succeeded => Self::Succeeded,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }

    /// The word in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Submitted => "submitted",
            Self::InProgress => "in_progress",
            Self::AwaitingInput => "awaiting_input",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for Shown {
    type Err = NoSuchState;

    fn from_str(text: &str) -> Result<Self, NoSuchState> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| NoSuchState(text.to_owned()))
    }
}

/// Why a task goes back to its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requeue {
    /// Given back before the first byte went out: not counted as an attempt.
    GivenBack,
    /// The vendor refused, and a retry may help.
    Refused,
    /// Nobody could tell whether it had arrived, and the rules allow another try.
    Resubmit,
}

/// Something that happens to a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A worker takes it, before the paid request.
    TakeLease {
        /// The one request that this lease is for.
        attempt: AttemptId,
        /// Sent upstream; ignored when an earlier attempt has set one.
        client: ClientId,
        /// When the lease ends.
        lease_until_ms: i64,
    },
    /// It changes to another channel while it waits.
    Move {
        /// The new channel.
        channel: String,
        /// What that channel's vendor calls the model.
        upstream_model: String,
        /// What that channel's vendor makes where it differs from what was asked for.
        fitted: Fitted,
        /// What was fitted.
        warnings: Vec<String>,
    },
    /// The vendor has it.
    Accept {
        /// The vendor's handle.
        operation: Operation,
        /// What was fitted or left out.
        warnings: Vec<String>,
    },
    /// The vendor has finished; these are the outputs.
    Answer {
        /// Where the outputs are.
        outputs: Vec<Output>,
        /// What came beside them.
        details: Details,
    },
    /// Back to the queue.
    Requeue {
        /// Why.
        why: Requeue,
        /// When to try again.
        due_ms: i64,
    },
    /// The paid request may have arrived.
    Doubt {
        /// When to look at it next.
        due_ms: i64,
    },
    /// The vendor moved it on.
    Work {
        /// To here.
        phase: Phase,
    },
    /// The vendor asks for something.
    AskInput {
        /// What it told beside the question.
        details: Details,
        /// When the question lapses.
        due_ms: i64,
    },
    /// Another task took the operation over.
    HandOver {
        /// That task.
        child: TaskId,
    },
    /// Everything that exists is in the store.
    Store {
        /// In the outputs' order.
        artifacts: Vec<Artifact>,
        /// What was lost or left out.
        warnings: Vec<String>,
    },
    /// It ends without a result.
    Fail(Failure),
    /// Caller, operator or vendor stopped it.
    Cancel,
}

impl Step {
    /// The step's name in events, logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TakeLease { .. } => "take_lease",
            Self::Move { .. } => "move",
            Self::Accept { .. } => "accept",
            Self::Answer { .. } => "answer",
            Self::Requeue { why: Requeue::GivenBack, .. } => "give_back",
            Self::Requeue { why: Requeue::Refused, .. } => "refused",
            Self::Requeue { why: Requeue::Resubmit, .. } => "resubmit",
            Self::Doubt { .. } => "doubt",
            Self::Work { .. } => "work",
            Self::AskInput { .. } => "ask_input",
            Self::HandOver { .. } => "hand_over",
            Self::Store { .. } => "store",
            Self::Fail(_) => "fail",
            Self::Cancel => "cancel",
        }
    }

    /// The state that this step leads to.
    pub fn target(&self) -> State {
        match self {
            Self::TakeLease { .. } => State::Submitting,
            Self::Move { .. } | Self::Requeue { .. } => State::Queued,
            Self::Accept { .. } | Self::Work { .. } => State::Running,
            Self::Answer { .. } => State::Archiving,
            Self::Doubt { .. } => State::Uncertain,
            Self::AskInput { .. } => State::AwaitingInput,
            Self::HandOver { .. } => State::HandedOver,
            Self::Store { .. } => State::Succeeded,
            Self::Fail(_) => State::Failed,
            Self::Cancel => State::Cancelled,
        }
    }

    /// The states that it may come from: the table of `DESIGN.md` section 3, read by step.
    pub fn sources(&self) -> &'static [State] {
        use State::{Archiving, AwaitingInput, Queued, Running, Submitting, Uncertain};
        match self {
            Self::TakeLease { .. } | Self::Move { .. } => &[Queued],
            Self::Accept { .. } => &[Submitting, Uncertain],
            Self::Answer { .. } => &[Submitting, Uncertain, Running],
            Self::Requeue { why: Requeue::Resubmit, .. } => &[Uncertain],
            Self::Requeue { .. } | Self::Doubt { .. } => &[Submitting],
            Self::Work { .. } | Self::AskInput { .. } => &[Running],
            Self::HandOver { .. } => &[AwaitingInput],
            Self::Store { .. } => &[Archiving],
            Self::Fail(_) => &[Queued, Submitting, Uncertain, Running, AwaitingInput, Archiving],
            Self::Cancel => &[Queued, Running, AwaitingInput],
        }
    }
}

/// The step can't be taken from where the task is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{step} can't follow {from}")]
pub struct IllegalStep {
    /// Where the task is.
    pub from: State,
    /// The step's name.
    pub step: &'static str,
}

impl Task {
    /// Adds warnings; what was told before is not told again.
    fn warn(&mut self, warnings: Vec<String>) {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    /// The task after `step`, one version on. The ledger makes it true with a compare-and-set.
    ///
    /// Money follows the state here, so that it can move only once: a success takes the reserve,
    /// every other end gives it back.
    pub fn after(&self, step: Step, now_ms: i64) -> Result<Task, IllegalStep> {
        if !step.sources().contains(&self.state) {
            return Err(IllegalStep { from: self.state, step: step.name() });
        }
        let mut next = self.clone();
        next.version += 1;
        next.updated_ms = now_ms;
        next.state = step.target();
        next.due_ms = None;
        next.lease_until_ms = None;
        next.missing_ms = None;
        match step {
            Step::TakeLease { attempt, client, lease_until_ms } => {
                next.attempt = Some(attempt);
                next.client = Some(self.client.unwrap_or(client));
                next.attempts += 1;
                next.lease_until_ms = Some(lease_until_ms);
                next.progress = next.progress.max(10);
            }
            Step::Move { channel, upstream_model, fitted, warnings } => {
                next.channel = channel;
                next.upstream_model = upstream_model;
                next.details.fitted = fitted;
                next.warn(warnings);
                next.due_ms = self.due_ms;
            }
            Step::Accept { operation, warnings } => {
                next.operation = Some(operation);
                next.warn(warnings);
                next.started_ms = Some(now_ms);
            }
            Step::Answer { outputs, details } => {
                next.outputs = outputs;
                next.details.merge(details);
                next.started_ms = Some(self.started_ms.unwrap_or(now_ms));
                next.answered_ms = Some(now_ms);
                next.due_ms = Some(now_ms);
            }
            Step::Requeue { why, due_ms } => {
                next.due_ms = Some(due_ms);
                if why == Requeue::GivenBack {
                    next.attempts -= 1;
                }
            }
            Step::Doubt { due_ms } => next.due_ms = Some(due_ms),
            Step::Work { phase } => next.phase = phase,
            Step::AskInput { details, due_ms } => {
                next.details.merge(details);
                next.due_ms = Some(due_ms);
            }
            Step::HandOver { child } => next.child = Some(child),
            Step::Store { artifacts, warnings } => {
                next.artifacts = artifacts;
                next.outputs = Vec::new();
                next.warn(warnings);
                next.charged = self.reserved;
            }
            Step::Fail(failure) => next.failure = Some(failure),
            Step::Cancel => {}
        }
        next.show(now_ms);
        Ok(next)
    }

    fn show(&mut self, now_ms: i64) {
        let shown = Shown::of(self.state).max(self.shown);
        if shown != self.shown {
            self.shown = shown;
            self.shown_ms = now_ms;
        }
        if self.state.is_terminal() {
            self.finished_ms = Some(now_ms);
            self.reserved = 0;
            if self.state != State::HandedOver {
                self.progress = 100;
            }
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
