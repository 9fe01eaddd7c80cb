//! The submit stage: one queued task to its upstream, at most once or visibly uncertain.
//!
//! Order of things: everything that can fail for free fails first; then intent, attempt and lease are
//! recorded; then the paid request goes out; then its answer is recorded under the attempt's id.

use crate::advance::{AdvanceError, Move};
use crate::core::{Core, Line};
use crate::elsewhere::{Target, may_go_along};
use crate::record::RETRY_FIRST_MS;
use async_trait::async_trait;
use ledger::AttemptNote;
use providers::{Parent, Submission};
use queue::{Batch, Claim, Finish, Handler, LeaseKeeper};
use serde_json::json;
use task::{AttemptId, ClientId, Failure, FailureKind, InputData, Kind, Retry, State, Step, Task};
use tracing::Instrument;

/// How often a follow-up looks whether its parent is ready for it.
const PARENT_PERIOD_MS: i64 = 1_000;

/// Handles the submit lane.
pub struct Submit(pub Core);

#[async_trait]
impl Handler for Submit {
    async fn handle(&self, batch: Batch, _lease: LeaseKeeper) -> Vec<(Claim, Finish)> {
        let mut finished = Vec::with_capacity(batch.claims.len());
        for claim in batch.claims {
            let finish = self.0.submit(&claim).await;
            finished.push((claim, finish));
        }
        finished
    }
}

/// What a queued task needs before anything is recorded.
pub(crate) enum Readiness {
    Ready(Line, Option<Task>),
    Later(i64),
    Failed(Failure),
    Moved,
}

impl Core {
    async fn submit(&self, claim: &Claim) -> Finish {
        let row = match self.ledger.task(claim.id).await {
            Ok(row) => row,
            Err(error) => {
                tracing::warn!(task = %claim.id, %error, "task not read; trying again");
                self.leave_slot(&claim.channel, claim.id).await;
                return Finish::At(self.clock.now_ms() + RETRY_FIRST_MS);
            }
        };
        let finish = match row {
            Some(task) if task.state == State::Queued => self.submit_queued(claim, &task).await,
            Some(task) if task.state.holds_slot() => return Finish::Done,
            _ => {
                self.leave_slot(&claim.channel, claim.id).await;
                return Finish::Done;
            }
        };
        match finish {
            Ok(finish) => finish,
            Err(error) => {
                self.keep_slot_only_if_held(claim).await;
                match error {
                    AdvanceError::Stale | AdvanceError::Illegal(_) => Finish::Done,
                    AdvanceError::Ledger(error) => {
                        tracing::warn!(task = %claim.id, %error, "ledger failed while submitting");
                        Finish::At(self.clock.now_ms() + RETRY_FIRST_MS)
                    }
                }
            }
        }
    }

    /// The claim took a slot; after a failure on the way the row says whether the task still holds it.
    async fn keep_slot_only_if_held(&self, claim: &Claim) {
        match self.ledger.task(claim.id).await {
            Ok(Some(task)) if task.state.holds_slot() && task.channel == claim.channel => {}
            Ok(_) => self.leave_slot(&claim.channel, claim.id).await,
            Err(error) => tracing::warn!(task = %claim.id, %error, "slot left to the sweep"),
        }
    }

    async fn submit_queued(&self, claim: &Claim, task: &Task) -> Result<Finish, AdvanceError> {
        let (line, parent) = match self.readiness(task, claim).await? {
            Readiness::Ready(line, parent) => (line, parent),
            Readiness::Later(due_ms) => {
                self.leave_slot(&claim.channel, task.id).await;
                return Ok(Finish::At(due_ms));
            }
            Readiness::Moved => {
                self.leave_slot(&claim.channel, task.id).await;
                return Ok(Finish::Done);
            }
            Readiness::Failed(failure) => return self.fail_for_free(claim, task, failure).await,
        };
        self.submit_on(claim, task, &line, parent).await
    }

    /// Submits to a channel that can take it. Its token comes before intent and lease: without one the task
    /// waits, and nothing has happened to it.
    pub(crate) async fn submit_on(
        &self,
        claim: &Claim,
        task: &Task,
        line: &Line,
        parent: Option<Task>,
    ) -> Result<Finish, AdvanceError> {
        let span = self.attempt_span(task);
        self.attempt(claim, task, line, parent).instrument(span).await
    }

    async fn attempt(
        &self,
        claim: &Claim,
        task: &Task,
        line: &Line,
        parent: Option<Task>,
    ) -> Result<Finish, AdvanceError> {
        let access = match self.access(line).await {
            Ok(access) => access,
            Err(failure) => {
                self.leave_slot(&claim.channel, task.id).await;
                let pause_ms = match failure.retry {
                    Retry::Later(Some(after_ms)) => after_ms.clamp(1_000, 60_000),
                    _ => RETRY_FIRST_MS,
                };
                return Ok(Finish::At(self.clock.now_ms() + self.jittered_ms(pause_ms)));
            }
        };
        let client = task.client.unwrap_or_else(|| ClientId::new(self.clock.now_ms(), &*self.entropy));
        let hook_url = self.hook_url(line, client);
        let submission = Submission {
            account: line.account(self.clock.now_ms(), access.as_ref()),
            spec: &task.spec,
            upstream_model: &task.upstream_model,
            client,
            parent: parent.as_ref().and_then(parent_of),
            hook_url: hook_url.as_deref(),
        };
        let request = match line.dialect.submit(&submission) {
            Ok(request) => request,
            Err(failure) => return self.fail_for_free(claim, task, failure).await,
        };
        let leased = self.take_lease(task, client, claim).await?;
        self.under_way.begin(&leased);
        task::fail_point!("submit.after_intent");
        let sent = self.drive(line, &submission, request, &leased, claim).await;
        task::fail_point!("submit.before_record");
        let recorded = self.record(leased, sent, parent).await;
        self.under_way.end(task.id);
        recorded
    }

    /// Nothing has gone out: the task fails, and the slot that the claim took is free again.
    async fn fail_for_free(&self, claim: &Claim, task: &Task, failure: Failure) -> Result<Finish, AdvanceError> {
        let note = json!({ "why": failure.private });
        self.advance_in("submit", Move::new(task, Step::Fail(failure), note)).await?;
        self.leave_slot(&claim.channel, task.id).await;
        Ok(Finish::Done)
    }

    async fn take_lease(&self, task: &Task, client: ClientId, claim: &Claim) -> Result<Task, AdvanceError> {
        let now_ms = self.clock.now_ms();
        let attempt = AttemptId::new(now_ms, &*self.entropy);
        let lease_until_ms = claim.lease_until_ms.min(now_ms + self.settings.submit_lease_ms);
        let begin = AttemptNote::Begin {
            attempt,
            client,
            channel: task.channel.clone(),
            upstream_model: task.upstream_model.clone(),
        };
        let step = Step::TakeLease { attempt, client, lease_until_ms };
        self.advance(Move::new(task, step, json!({ "attempt": attempt })).with_attempt(begin)).await
    }

    /// Checks all that costs nothing to check.
    async fn readiness(&self, task: &Task, claim: &Claim) -> Result<Readiness, AdvanceError> {
        let now_ms = self.clock.now_ms();
        if now_ms >= task.deadline_ms {
            return Ok(Readiness::Failed(Failure::never(
                FailureKind::NoChannel,
                "no channel could take this task in time",
                format!("deadline passed while queued for channel {}", task.channel),
            )));
        }
        if claim.channel != task.channel {
            self.replace_bell(task).await;
            return Ok(Readiness::Moved);
        }
        if let Some(reason) = broken_input(task) {
            return Ok(Readiness::Failed(Failure::never(
                FailureKind::InvalidInput,
                reason,
                "an input can't be decoded",
            )));
        }
        let Some(line) = self.line(&task.channel).filter(|line| !line.channel.removed) else {
            return self.without_channel(task).await;
        };
        if line.channel.paused {
            return Ok(Readiness::Later(now_ms + PARENT_PERIOD_MS));
        }
        let timeout_ms = self.submit_timeout_ms(&line);
        if claim.lease_until_ms - now_ms < timeout_ms + self.settings.lease_margin_ms {
            return Ok(Readiness::Later(now_ms));
        }
        match task.spec.parent {
            None => Ok(Readiness::Ready(line, None)),
            Some(parent) => self.with_parent(task, line, self.ledger.task(parent).await?),
        }
    }

    pub(crate) fn with_parent(&self, task: &Task, line: Line, parent: Option<Task>) -> Result<Readiness, AdvanceError> {
        if !task.spec.kind.needs_parent() {
            // It can do without: whatever the dialect needs of a usable one it takes, else the words stand alone.
            return Ok(Readiness::Ready(line, parent.filter(|parent| may_go_along(task, parent))));
        }
        let Some(parent) = parent.filter(|parent| parent.token == task.token) else {
            return Ok(Readiness::Failed(gone_parent("the parent task is not there any more")));
        };
        let waits = task.spec.kind == Kind::Modal && !parent.is_over() && parent.state != State::AwaitingInput;
        if waits {
            return Ok(Readiness::Later(self.clock.now_ms() + PARENT_PERIOD_MS));
        }
        let fits = match task.spec.kind {
            Kind::Modal => parent.state == State::AwaitingInput,
            _ => parent.state == State::Succeeded,
        };
        if !fits || parent.operation.is_none() {
            let public = format!("the parent task is {}, so it can't be followed up", parent.state);
            return Ok(Readiness::Failed(gone_parent(public)));
        }
        Ok(Readiness::Ready(line, Some(parent)))
    }

    /// The task's channel is gone: another one takes it, unless it is nothing without its parent.
    async fn without_channel(&self, task: &Task) -> Result<Readiness, AdvanceError> {
        if task.spec.kind.needs_parent() {
            return Ok(Readiness::Failed(Failure::never(
                FailureKind::NoChannel,
                "the channel of the parent task is gone",
                format!("channel {} was removed", task.channel),
            )));
        }
        match self.move_elsewhere(task, Target::Any).await? {
            true => Ok(Readiness::Moved),
            false => Ok(Readiness::Later(self.clock.now_ms() + self.settings.retry_max_ms)),
        }
    }

    fn hook_url(&self, line: &Line, client: ClientId) -> Option<String> {
        let base = self.settings.hook_base.as_deref()?;
        let calls_back = line.dialect.capabilities(&line.channel.options).callback;
        let secret = line.channel.hook_secret.expose();
        (calls_back && !secret.is_empty()).then(|| format!("{base}/hooks/{}/{secret}/{client}", line.channel.name))
    }
}

fn parent_of(parent: &Task) -> Option<Parent<'_>> {
    let operation = parent.operation.as_ref()?;
    Some(Parent { operation, details: &parent.details, spec: &parent.spec })
}

fn gone_parent(public: impl Into<String>) -> Failure {
    Failure::never(FailureKind::InvalidInput, public, "the parent can't be followed up")
}

fn broken_input(task: &Task) -> Option<String> {
    task.spec.inputs.iter().find_map(|input| match &input.data {
        InputData::Broken(reason) => Some(reason.clone()),
        _ => None,
    })
}
