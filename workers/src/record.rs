//! Writes down what an attempt came to: under the attempt's id, so that a late answer counts.

use crate::advance::{AdvanceError, Move};
use crate::core::{Core, Line};
use crate::elsewhere::{SENT_AWAY, Target};
use crate::outbound::{Stage, WireError, WireErrorKind};
use crate::paid::Sent;
use crate::patience::Patience;
use ledger::{AttemptNote, LedgerError};
use providers::SubmitOutcome;
use queue::Finish;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};
use task::{AttemptId, Failure, FailureKind, Kind, Output, Requeue, Retry, Source, State, Step, Task, TaskId};

/// The first pause after a refusal that may pass.
pub(crate) const RETRY_FIRST_MS: i64 = 1_000;
/// Where bytes that came with an answer lie until they are copied.
const STAGED: &str = "inputs/answers/";
/// Attempts that an upstream may answer with an error of its own before the task fails.
const ERRORS_MAX: i64 = 8;
/// What such an attempt came to.
const ERRED: &str = "erred";
/// Attempts in all, most of them on an upstream that is busy or can't be reached; back-off makes hours of them.
const ATTEMPTS_MAX: i64 = 500;
/// Fields that a warning names; the others are counted.
const FIELDS_NAMED_MAX: usize = 20;
/// The most characters of a field's name in a warning.
const FIELD_MAX_CHARS: usize = 64;
/// The first look at a doubt: late answers and callbacks come within seconds.
const DOUBT_FIRST_MS: i64 = 2_000;

impl Core {
    /// Writes down what the attempt came to.
    pub(crate) async fn record(&self, leased: Task, sent: Sent, parent: Option<Task>) -> Result<Finish, AdvanceError> {
        let (outcome, note) = match sent {
            Sent::Outcome(outcome, note) => (outcome, note),
            Sent::Error(error) => return self.record_error(leased, error).await,
        };
        match outcome {
            SubmitOutcome::Accepted { operation, poll_after_ms, warnings } => {
                let warnings = with_dropped_extras(&leased, self.line(&leased.channel), warnings);
                let step = Step::Accept { operation, warnings };
                let accepted = self.record_operation(leased, step, note, parent).await?;
                if let (Some(task), Some(after_ms)) = (accepted, poll_after_ms) {
                    let due_ms = self.clock.now_ms() + after_ms.clamp(0, 60_000);
                    self.add(queue::Lane::Poll, task.id, &task.channel, due_ms).await;
                }
                Ok(Finish::Done)
            }
            SubmitOutcome::Done { outputs, details } => {
                let Some(outputs) = self.keep_inline(&leased, outputs).await else {
                    return self.record_doubt(leased, "the outputs came, but the store could not take them").await;
                };
                self.record_operation(leased, Step::Answer { outputs, details }, note, parent).await?;
                Ok(Finish::Done)
            }
            SubmitOutcome::Refused(failure) => self.record_refusal(leased, failure, note).await,
            SubmitOutcome::Unclear(why) => self.record_doubt(leased, &why).await,
        }
    }

    async fn record_error(&self, leased: Task, error: WireError) -> Result<Finish, AdvanceError> {
        if error.stage == Stage::AfterFirstByte {
            return self.record_doubt(leased, &error.private).await;
        }
        let failure = match error.kind {
            WireErrorKind::Input => {
                let public = format!("an input could not be read: {}", error.private);
                Failure::never(FailureKind::InvalidInput, public, error.private)
            }
            WireErrorKind::Link => Failure::elsewhere(
                FailureKind::NoChannel,
                "this model's provider takes inputs as public links alone, and this service has no public address; \
                 give the input as a URL",
                error.private,
            ),
            WireErrorKind::Late => {
                return self.give_back(leased).await;
            }
            _ => Failure::later(FailureKind::NoChannel, None, "the upstream could not be reached", error.private),
        };
        self.record_refusal(leased, failure, json!({ "wire": format!("{:?}", error.kind) })).await
    }

    async fn give_back(&self, leased: Task) -> Result<Finish, AdvanceError> {
        let due_ms = self.clock.now_ms();
        let step = Step::Requeue { why: Requeue::GivenBack, due_ms };
        let note = json!({ "why": "the lease was too short for the call" });
        self.advance_patiently(&leased, &step, &note, "given_back").await?;
        Ok(Finish::At(due_ms))
    }

    async fn record_doubt(&self, leased: Task, why: &str) -> Result<Finish, AdvanceError> {
        let due_ms = self.clock.now_ms() + DOUBT_FIRST_MS;
        self.advance_patiently(&leased, &Step::Doubt { due_ms }, &json!({ "why": why }), "uncertain").await?;
        Ok(Finish::Done)
    }

    async fn record_refusal(&self, leased: Task, failure: Failure, note: Value) -> Result<Finish, AdvanceError> {
        let end = json!({ "why": failure.private, "call": note });
        let outcome = if failure.kind == FailureKind::Upstream { ERRED } else { "refused" };
        if failure.retry == Retry::Never || self.has_tried_enough(&leased, failure.kind).await {
            self.advance_patiently(&leased, &Step::Fail(failure), &end, outcome).await?;
            return Ok(Finish::Done);
        }
        let now_ms = self.clock.now_ms();
        let due_ms = match failure.retry {
            Retry::Later(Some(after_ms)) => now_ms + after_ms.clamp(0, 600_000),
            _ => now_ms + self.backoff_ms(leased.attempts),
        };
        let step = Step::Requeue { why: Requeue::Refused, due_ms };
        if failure.retry != Retry::Elsewhere {
            self.advance_patiently(&leased, &step, &end, outcome).await?;
            return Ok(Finish::At(due_ms));
        }
        let queued = self.advance_patiently(&leased, &step, &end, SENT_AWAY).await?;
        if !self.move_elsewhere(&queued, Target::Any).await? {
            let one = Move::new(&queued, Step::Fail(failure), json!({ "why": "no other channel can take it" }));
            self.advance(one).await?;
        }
        Ok(Finish::Done)
    }

    /// Whether another attempt is one too many. Errors of the upstream's own are counted apart: an hour in
    /// which it was merely busy must not leave a task without a second chance.
    async fn has_tried_enough(&self, leased: &Task, kind: FailureKind) -> bool {
        if kind != FailureKind::Upstream || leased.attempts < ERRORS_MAX {
            return leased.attempts >= ATTEMPTS_MAX;
        }
        match self.ledger.attempts(leased.id).await {
            Ok(attempts) => {
                let erred = attempts.iter().filter(|attempt| attempt.outcome.as_deref() == Some(ERRED)).count();
                i64::try_from(erred).unwrap_or(i64::MAX) + 1 >= ERRORS_MAX
            }
            Err(error) => {
                tracing::warn!(task = %leased.id, %error, "attempts not counted; one more does no harm");
                leased.attempts >= ATTEMPTS_MAX
            }
        }
    }

    /// Moves a task whose attempt has come to an end. What the vendor said is in hand and nowhere else, so
    /// a ledger that is away is asked again for as long as [`Patience`] lasts.
    async fn advance_patiently(
        &self,
        leased: &Task,
        step: &Step,
        note: &Value,
        outcome: &'static str,
    ) -> Result<Task, AdvanceError> {
        let mut patience = Patience::default();
        loop {
            let one = Move::new(leased, step.clone(), note.clone());
            match self.advance(with_end(one, leased.attempt, outcome, note.clone())).await {
                Err(AdvanceError::Ledger(error)) if error.may_retry() && patience.wait().await => {}
                result => return result,
            }
        }
    }

    /// Records what an attempt led to, by the attempt's id and not the version: a late answer is as
    /// good as a punctual one while the task is in doubt, and an orphan once it has gone on.
    pub(crate) async fn record_operation(
        &self,
        leased: Task,
        step: Step,
        note: Value,
        parent: Option<Task>,
    ) -> Result<Option<Task>, AdvanceError> {
        let attempt = leased.attempt;
        let mut task = leased;
        let mut parent = parent;
        let mut patience = Patience::default();
        loop {
            if is_recorded(&task, attempt, &step) {
                return Ok(Some(task));
            }
            let open = matches!(task.state, State::Submitting | State::Uncertain) && task.attempt == attempt;
            if !open {
                self.keep_orphan(&task, attempt, &step).await?;
                return Ok(None);
            }
            let one = with_end(Move::new(&task, step.clone(), note.clone()), attempt, "accepted", note.clone());
            let mut moves = vec![one];
            let handed_over =
                parent.as_ref().filter(|p| p.state == State::AwaitingInput && task.spec.kind == Kind::Modal);
            if let Some(parent) = handed_over {
                moves.push(Move::new(parent, Step::HandOver { child: task.id }, json!({ "child": task.id })));
            }
            match self.advance_all(moves).await {
                Ok(after) => return Ok(after.into_iter().next()),
                Err(AdvanceError::Stale) => {}
                Err(AdvanceError::Ledger(error)) if error.may_retry() && patience.wait().await => {}
                Err(error) => return Err(error),
            }
            match self.read_again(&task).await {
                Ok(Some((fresh, fresh_parent))) => (task, parent) = (fresh, fresh_parent),
                Ok(None) => return Ok(None),
                Err(error) if error.may_retry() && patience.wait().await => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn read_again(&self, task: &Task) -> Result<Option<(Task, Option<Task>)>, LedgerError> {
        let Some(fresh) = self.ledger.task(task.id).await? else { return Ok(None) };
        let parent = match fresh.spec.parent {
            Some(id) if fresh.spec.kind == Kind::Modal => self.ledger.task(id).await?,
            _ => None,
        };
        Ok(Some((fresh, parent)))
    }

    async fn keep_orphan(&self, task: &Task, attempt: Option<AttemptId>, step: &Step) -> Result<(), AdvanceError> {
        let Step::Accept { operation, .. } = step else {
            tracing::error!(task = %task.id, state = %task.state, "outputs came after the task had gone on; they are lost");
            return Ok(());
        };
        tracing::warn!(task = %task.id, operation = operation.id, state = %task.state, "operation found after the task had gone on");
        metrics::counter!("orphan_operations_total").increment(1);
        let now_ms = self.clock.now_ms();
        self.ledger.orphan_operation(task.id, attempt, operation, now_ms).await?;
        self.add(queue::Lane::Poll, task.id, &task.channel, now_ms).await;
        Ok(())
    }

    /// Bytes that came with the answer go to the store before any verb, or wait for it in this process's spill
    /// folder; `None` when neither can take them.
    pub(crate) async fn keep_inline(&self, task: &Task, outputs: Vec<Output>) -> Option<Vec<Output>> {
        let mut kept = Vec::with_capacity(outputs.len());
        for (position, output) in outputs.into_iter().enumerate() {
            let Source::Inline(bytes) = output.source else {
                kept.push(output);
                continue;
            };
            let position = i64::try_from(position).unwrap_or(i64::MAX);
            let key = staged_key(task.id, position);
            let length = bytes.len() as u64;
            let given = bytes.clone();
            let body = Box::pin(futures::stream::once(async move { Ok(given) }));
            match self.store.put_stream(&key, "application/octet-stream", length, body).await {
                Ok(_) => kept.push(Output { source: Source::Stored(key), ..output }),
                Err(error) => {
                    tracing::error!(task = %task.id, position, %error, "an inline output could not be kept in the store");
                    let key = self.spill_answer(task.id, position, bytes).await?;
                    kept.push(Output { source: Source::Stored(key), ..output });
                }
            }
        }
        Some(kept)
    }

    /// Removes the bytes that [`Self::keep_inline`] put, once they are where they belong.
    pub(crate) async fn forget_staged(&self, task: &Task, outputs: &[Output]) {
        for output in outputs {
            let Source::Stored(key) = &output.source else { continue };
            if !key.starts_with(STAGED) {
                continue;
            }
            if let Err(error) = self.store.delete(key).await {
                tracing::warn!(task = %task.id, %error, "bytes of an answer not removed; they take room for nothing");
            }
        }
    }

    /// Doubles from a second to the configured longest pause, give or take a tenth.
    pub(crate) fn backoff_ms(&self, attempts: i64) -> i64 {
        let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
        self.jittered_ms((RETRY_FIRST_MS << doublings).min(self.settings.retry_max_ms))
    }
}

/// Where bytes of one output lie until they are copied.
pub(crate) fn staged_key(task: TaskId, position: i64) -> String {
    format!("{STAGED}{task}-{position}")
}

/// The task and the output whose bytes lie under a key of [`staged_key`].
pub(crate) fn staged_place(key: &str) -> Option<(TaskId, i64)> {
    let (task, position) = key.strip_prefix(STAGED)?.rsplit_once('-')?;
    Some((task.parse().ok()?, position.parse().ok()?))
}

/// Whether this very answer is in the row already: a commit whose answer was lost, or another worker's
/// recovery of the same operation.
fn is_recorded(task: &Task, attempt: Option<AttemptId>, step: &Step) -> bool {
    match step {
        Step::Accept { operation, .. } => {
            task.attempt == attempt && task.operation.as_ref().is_some_and(|known| known.id == operation.id)
        }
        _ => false,
    }
}

/// The same move, with what became of its attempt.
pub(crate) fn with_end<'a>(one: Move<'a>, attempt: Option<AttemptId>, outcome: &'static str, note: Value) -> Move<'a> {
    match attempt {
        Some(attempt) => one.with_attempt(AttemptNote::End { attempt, outcome, note }),
        None => one,
    }
}

/// The warnings that the task does not have yet. Fields that were meant for another dialect are dropped, visibly;
/// one that also came in the bag of this dialect, or whose meaning the common fields carry, was heeded.
pub(crate) fn with_dropped_extras(task: &Task, line: Option<Line>, mut warnings: Vec<String>) -> Vec<String> {
    if let Some(line) = line {
        let sent =
            |field: &String| task.spec.carried.contains(field) || task.spec.extra(line.dialect.name(), field).is_some();
        let others = task.spec.extras.iter().filter(|(dialect, _)| *dialect != line.dialect.name());
        let dropped: BTreeSet<&String> = others.flat_map(|(_, bag)| bag.keys()).filter(|field| !sent(field)).collect();
        warnings.extend(ignored_fields(&dropped));
    }
    let mut told: HashSet<String> = task.warnings.iter().cloned().collect();
    warnings.retain(|warning| told.insert(warning.clone()));
    warnings
}

/// A sentence that names fields which nobody has read; none for none.
fn ignored_fields(fields: &BTreeSet<&String>) -> Option<String> {
    let short = |field: &&String| field.chars().take(FIELD_MAX_CHARS).collect::<String>();
    let named = fields.iter().take(FIELDS_NAMED_MAX).map(short).collect::<Vec<_>>().join(", ");
    let more = match fields.len().saturating_sub(FIELDS_NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!fields.is_empty())
        .then(|| format!("ignored, because the provider that made this does not know them: {named}{more}"))
}
