//! Uncertain tasks: a hint, a look-up, and at last the channel's policy. Never a blind resubmission.

use crate::advance::{AdvanceError, Move};
use crate::core::{Core, Line};
use ledger::AttemptNote;
use providers::{Account, LookupOutcome, Lost, PollItem};
use queue::Finish;
use serde_json::json;
use task::{AttemptId, Failure, FailureKind, Kind, Operation, Requeue, State, Step, Task, UncertainPolicy};

/// The most bytes of a look-up's answer that are read.
const LOOKUP_MAX_BYTES: usize = 8 << 20;

impl Core {
    /// Looks at a task in doubt; the late answer itself, which comes first, is the submit stage's.
    pub(crate) async fn resolve_doubt(&self, task: &Task) -> Finish {
        let now_ms = self.clock.now_ms();
        let Some(line) = self.line(&task.channel) else {
            return self.resolve_without_line(task, now_ms).await;
        };
        if let Some(operation) = self.operation_of_hint(&line, task).await {
            return self.recover(task, operation, "callback").await;
        }
        match self.look_up(&line, task).await {
            LookupOutcome::Found(operation) => return self.recover(task, operation, "lookup").await,
            LookupOutcome::Absent if now_ms >= self.resubmit_from_ms(&line, task) => {
                return self.resubmit(task, "the look-up shows that it never arrived").await;
            }
            LookupOutcome::Absent => {}
            LookupOutcome::Unsure(why) => tracing::debug!(task = %task.id, why, "look-up told nothing"),
        }
        let decide_ms = (task.updated_ms + self.settings.uncertain_ms).max(self.resubmit_from_ms(&line, task));
        if now_ms >= decide_ms {
            return self.settle_by_policy(task, line.channel.uncertain).await;
        }
        Finish::At(now_ms + self.settings.uncertain_period_ms)
    }

    /// The channel's row is gone or speaks a dialect that this build does not know: nobody can be asked.
    async fn resolve_without_line(&self, task: &Task, now_ms: i64) -> Finish {
        let policy = self.channels.get(&task.channel).map_or(UncertainPolicy::Hold, |channel| channel.uncertain);
        if now_ms < task.updated_ms + self.settings.uncertain_ms {
            return Finish::At(now_ms + self.settings.uncertain_period_ms);
        }
        self.settle_by_policy(task, policy).await
    }

    /// A request that is still under way somewhere can't arrive after this.
    fn resubmit_from_ms(&self, line: &Line, task: &Task) -> i64 {
        task.updated_ms + self.submit_timeout_ms(line) + self.settings.lease_margin_ms
    }

    /// An inbound callback named an operation: it counts only if the upstream itself says that the
    /// operation carries our client id.
    async fn operation_of_hint(&self, line: &Line, task: &Task) -> Option<Operation> {
        let client = task.client?;
        let id = self.ledger.hinted_operation(task.id).await.ok().flatten()?;
        let memo = line.dialect.memo(&line.channel.options, &task.upstream_model, &task.spec);
        let operation = Operation { id, memo };
        let item = PollItem { operation: &operation, kind: task.spec.kind };
        let poll = |account: Account<'_>| Some(line.dialect.poll(account, &[item]));
        let response = self.question(line, LOOKUP_MAX_BYTES, poll).await?.ok()?;
        line.dialect.carries_client(client, &response).then_some(operation)
    }

    /// A submission that is still without its answer, although its upstream has named its operation: its
    /// worker may be dead, and then nobody has to wait for the end of its lease. A worker that lives finds
    /// its own answer written down, and one that heard of another operation leaves an orphan.
    pub(crate) async fn overtake(&self, task: &Task) -> Finish {
        let Some(line) = self.line(&task.channel) else { return Finish::Done };
        if let Some(operation) = self.operation_of_hint(&line, task).await {
            tracing::warn!(task = %task.id, operation = operation.id, "an upstream named an operation before its answer");
            return self.recover(task, operation, "callback").await;
        }
        let now_ms = self.clock.now_ms();
        let is_leased = task.lease_until_ms.is_some_and(|until_ms| now_ms < until_ms);
        if is_leased { Finish::At(now_ms + self.settings.uncertain_period_ms) } else { Finish::Done }
    }

    /// A task that was given up or sent back to its queue, and whose upstream has named its operation
    /// since: a queued one is not sent a second time, an ended one gets what was paid for as `late`.
    pub(crate) async fn heed_hint(&self, task: &Task) -> Finish {
        let known = task.operation.is_some() || task.attempts == 0;
        let Some(line) = self.line(&task.channel).filter(|_| !known) else { return Finish::Done };
        let Some(operation) = self.operation_of_hint(&line, task).await else { return Finish::Done };
        let now_ms = self.clock.now_ms();
        tracing::warn!(task = %task.id, operation = operation.id, state = %task.state, "an upstream named an operation late");
        if task.state == State::Queued {
            return self.adopt(task, operation).await;
        }
        if let Err(error) = self.ledger.orphan_operation(task.id, task.attempt, &operation, now_ms).await {
            tracing::warn!(task = %task.id, %error, "orphan not recorded");
            return Finish::At(now_ms + self.settings.uncertain_period_ms);
        }
        metrics::counter!("orphan_operations_total").increment(1);
        Finish::Done
    }

    /// The paid request had arrived after all: the task takes its operation over instead of sending a
    /// second one, by the same two steps as an ordinary submission.
    async fn adopt(&self, task: &Task, operation: Operation) -> Finish {
        let Some(client) = task.client else { return Finish::Done };
        let now_ms = self.clock.now_ms();
        let attempt = AttemptId::new(now_ms, &*self.entropy);
        let lease_until_ms = now_ms + self.settings.call_timeout_ms;
        let step = Step::TakeLease { attempt, client, lease_until_ms };
        let note = json!({ "adopts": operation.id });
        let begin = AttemptNote::Begin {
            attempt,
            client,
            channel: task.channel.clone(),
            upstream_model: task.upstream_model.clone(),
        };
        if let Err(error) = self.scheduler.join_slots(&task.channel, &[task.id]).await {
            tracing::warn!(task = %task.id, %error, "slot not taken; the sweep will");
        }
        match self.advance(Move::new(task, step, note).with_attempt(begin)).await {
            Ok(leased) => self.recover(&leased, operation, "callback").await,
            Err(_) => Finish::At(now_ms + 1_000),
        }
    }

    async fn look_up(&self, line: &Line, task: &Task) -> LookupOutcome {
        let Some(client) = task.client else {
            return LookupOutcome::Unsure("nothing was ever sent upstream".to_owned());
        };
        let submitted_ms = match self.ledger.attempts(task.id).await {
            // The oldest attempt, and a margin for a vendor's clock that is behind ours.
            Ok(attempts) => {
                attempts.iter().map(|a| a.begun_ms).min().unwrap_or(task.created_ms) - self.settings.lease_margin_ms
            }
            Err(error) => return LookupOutcome::Unsure(error.to_string()),
        };
        let lost = Lost { client, spec: &task.spec, upstream_model: &task.upstream_model, submitted_ms };
        let look_up = |account: Account<'_>| line.dialect.lookup(account, &lost);
        let found = match self.question(line, LOOKUP_MAX_BYTES, look_up).await {
            None => return LookupOutcome::Unsure("this dialect has no look-up".to_owned()),
            Some(Err(failure)) => return LookupOutcome::Unsure(failure.private),
            Some(Ok(response)) => {
                let account = line.account(self.clock.now_ms(), None);
                line.dialect.read_lookup(account, &lost, &response)
            }
        };
        match found {
            Ok(LookupOutcome::Found(operation)) => self.unclaimed(line, task, operation).await,
            Ok(outcome) => outcome,
            Err(failure) => LookupOutcome::Unsure(failure.private),
        }
    }

    /// What was found counts unless it is another task's already: protocols without a place for our id find
    /// equal requests of ours as well.
    async fn unclaimed(&self, line: &Line, task: &Task, operation: Operation) -> LookupOutcome {
        match self.ledger.find_operation(&line.channel.name, &operation.id).await {
            // A question's answer goes on as the very operation of its parent.
            Ok(Some(owner))
                if owner != task.id && !(task.spec.kind == Kind::Modal && task.spec.parent == Some(owner)) =>
            {
                LookupOutcome::Unsure("what was found belongs to another task".to_owned())
            }
            Err(error) => LookupOutcome::Unsure(error.to_string()),
            Ok(_) if operation.memo.is_null() => {
                let memo = line.dialect.memo(&line.channel.options, &task.upstream_model, &task.spec);
                LookupOutcome::Found(Operation { memo, ..operation })
            }
            Ok(_) => LookupOutcome::Found(operation),
        }
    }

    async fn recover(&self, task: &Task, operation: Operation, by: &'static str) -> Finish {
        metrics::counter!("doubts_resolved_total", "by" => by).increment(1);
        let parent = match task.spec.parent {
            Some(parent) => self.ledger.task(parent).await.ok().flatten(),
            None => None,
        };
        let note = json!({ "recovered_by": by, "operation": operation.id });
        let step = Step::Accept { operation, warnings: Vec::new() };
        match self.record_operation(task.clone(), step, note, parent).await {
            // Accepting rang this lane already, while this very lease was out.
            Ok(_) => Finish::Done,
            Err(AdvanceError::Stale | AdvanceError::Illegal(_)) => Finish::At(self.clock.now_ms() + 1_000),
            Err(AdvanceError::Ledger(error)) => {
                tracing::warn!(task = %task.id, %error, "recovered operation not recorded; looking again");
                Finish::At(self.clock.now_ms() + self.settings.uncertain_period_ms)
            }
        }
    }

    async fn resubmit(&self, task: &Task, why: &str) -> Finish {
        metrics::counter!("doubts_resolved_total", "by" => "resubmit").increment(1);
        let due_ms = self.clock.now_ms();
        let step = Step::Requeue { why: Requeue::Resubmit, due_ms };
        let moved = self.advance(Move::new(task, step, json!({ "why": why }))).await;
        self.finish_of(task, moved)
    }

    async fn settle_by_policy(&self, task: &Task, policy: UncertainPolicy) -> Finish {
        match policy {
            UncertainPolicy::Resubmit => self.resubmit(task, "the channel's policy is to submit again").await,
            UncertainPolicy::Hold => {
                tracing::error!(task = %task.id, channel = task.channel, "uncertain; waiting for an operator");
                Finish::At(self.clock.now_ms() + self.settings.uncertain_ms)
            }
            UncertainPolicy::Fail => {
                metrics::counter!("doubts_resolved_total", "by" => "policy").increment(1);
                let failure = Failure::never(
                    FailureKind::Uncertain,
                    "the upstream did not confirm this task; it was not charged",
                    "nobody could tell whether the paid request had arrived",
                );
                let moved = self.advance(Move::new(task, Step::Fail(failure), json!({ "policy": "fail" }))).await;
                self.finish_of(task, moved)
            }
        }
    }
}
