//! What the answer to a poll says of one task, and what is done about it.
//!
//! Only a verdict, the deadline, or a twice confirmed "unknown" ends a task.

use crate::advance::{AdvanceError, Move};
use crate::core::{Core, Line};
use crate::poll::{RETRY_MS, STALE_MS};
use providers::{PollItem, PollOutcome};
use queue::Finish;
use serde_json::{Value, json};
use task::{Failure, FailureKind, Operation, Phase, Step, Task};

impl Core {
    /// Does what the outcome says; `alone` when nothing else was asked for.
    pub(crate) async fn follow_outcome(
        &self,
        line: &Line,
        task: &Task,
        operation: &Operation,
        outcome: PollOutcome,
        alone: bool,
    ) -> Finish {
        let known_again = !matches!(outcome, PollOutcome::Missing);
        if known_again && (self.missing.clear(task.id) || task.missing_ms.is_some()) {
            self.ledger.note_progress(task.id, task.progress, Some(None));
        }
        let moved = match outcome {
            PollOutcome::Pending { phase, percent, poll_after_ms, unknown_word } => {
                if let Some(word) = unknown_word {
                    tracing::warn!(task = %task.id, dialect = line.dialect.name(), word, "unknown status word; still running");
                    metrics::counter!("unknown_words_total", "dialect" => line.dialect.name()).increment(1);
                }
                return self.still_running(line, task, phase, percent, poll_after_ms).await;
            }
            PollOutcome::Missing => return self.missed(line, task, operation, alone).await,
            PollOutcome::NeedsInput(details) => {
                let due_ms = self.clock.now_ms() + self.settings.input_wait_ms;
                self.advance_in("poll", Move::new(task, Step::AskInput { details, due_ms }, Value::Null)).await
            }
            PollOutcome::Done { outputs, details } => {
                let Some(outputs) = self.keep_inline(task, outputs).await else {
                    return Finish::At(self.clock.now_ms() + RETRY_MS);
                };
                let note = json!({ "outputs": outputs.len() });
                task::fail_point!("poll.before_verb");
                self.advance_in("poll", Move::new(task, Step::Answer { outputs, details }, note)).await
            }
            PollOutcome::Failed(failure) => {
                let note = json!({ "why": failure.private });
                self.advance_in("poll", Move::new(task, Step::Fail(failure), note)).await
            }
            PollOutcome::Cancelled => {
                self.advance_in("poll", Move::new(task, Step::Cancel, json!({ "by": "upstream" }))).await
            }
        };
        self.finish_of(task, moved)
    }

    /// Whatever moved the task also rang for it; only a ledger that failed leaves it on this lane.
    pub(crate) fn finish_of(&self, task: &Task, moved: Result<Task, AdvanceError>) -> Finish {
        match moved {
            Ok(_) => Finish::Done,
            Err(AdvanceError::Stale | AdvanceError::Illegal(_)) => Finish::At(self.clock.now_ms() + STALE_MS),
            Err(AdvanceError::Ledger(error)) => {
                tracing::warn!(task = %task.id, %error, "ledger failed; looking again");
                Finish::At(self.clock.now_ms() + RETRY_MS)
            }
        }
    }

    async fn still_running(
        &self,
        line: &Line,
        task: &Task,
        phase: Phase,
        percent: Option<i64>,
        poll_after_ms: Option<i64>,
    ) -> Finish {
        let now_ms = self.clock.now_ms();
        if now_ms >= task.deadline_ms {
            return self.expire(task).await;
        }
        if let Some(percent) = heard(phase, percent)
            && !self.ledger.note_risen(&[(task.id, task.progress, percent)]).is_empty()
        {
            self.scheduler.announce(&[task.id]).await;
        }
        if phase > task.phase {
            let moved = self.advance_in("poll", Move::new(task, Step::Work { phase }, Value::Null)).await;
            if let Err(AdvanceError::Ledger(error)) = moved {
                tracing::warn!(task = %task.id, %error, "phase not recorded; the next poll tells it again");
            }
        }
        let period_ms = line.dialect.capabilities(&line.channel.options).poll_period_ms;
        Finish::At(now_ms + self.jittered_ms(pause_ms(poll_after_ms, period_ms)))
    }

    /// "Unknown" counts only when it is heard twice, the second time asked singly.
    async fn missed(&self, line: &Line, task: &Task, operation: &Operation, alone: bool) -> Finish {
        let now_ms = self.clock.now_ms();
        if now_ms >= task.deadline_ms {
            return self.expire(task).await;
        }
        let fresh_ms = 4 * self.settings.missing_confirm_ms;
        let since_ms = self.missing.since(task.id, task.missing_ms, now_ms, fresh_ms);
        if since_ms == now_ms {
            tracing::warn!(task = %task.id, operation = operation.id, "unknown to the upstream; asking again");
            self.ledger.note_progress(task.id, task.progress, Some(Some(now_ms)));
            return Finish::At(now_ms + self.settings.missing_confirm_ms);
        }
        let again_ms = since_ms + self.settings.missing_confirm_ms;
        if now_ms < again_ms {
            return Finish::At(again_ms);
        }
        if !alone {
            return self.ask_alone(line, task, operation).await;
        }
        self.missing.clear(task.id);
        let failure = Failure::never(
            FailureKind::LostUpstream,
            "the upstream lost this task",
            format!("unknown to channel {} twice, {} ms apart", line.channel.name, now_ms - since_ms),
        );
        let note = json!({ "since_ms": since_ms });
        let moved = self.advance_in("poll", Move::new(task, Step::Fail(failure), note)).await;
        self.finish_of(task, moved)
    }

    /// A list may leave out what a single question still finds: its answer counts, whatever it is.
    async fn ask_alone(&self, line: &Line, task: &Task, operation: &Operation) -> Finish {
        let item = PollItem { operation, kind: task.spec.kind };
        if let Ok(mut asked) = self.ask(line, &[item]).await
            && let Some(outcome) = asked.outcomes.pop()
        {
            return Box::pin(self.follow_outcome(line, task, operation, outcome, true)).await;
        }
        self.expire_or(task, self.settings.missing_confirm_ms).await
    }

    /// Ends a task whose time is up; otherwise looks again after `pause_ms`.
    pub(crate) async fn expire_or(&self, task: &Task, pause_ms: i64) -> Finish {
        let now_ms = self.clock.now_ms();
        if now_ms >= task.deadline_ms { self.expire(task).await } else { Finish::At(now_ms + pause_ms) }
    }

    pub(crate) async fn expire(&self, task: &Task) -> Finish {
        let failure =
            Failure::never(FailureKind::Expired, "the task took too long", "deadline passed while running upstream");
        let moved = self.advance_in("poll", Move::new(task, Step::Fail(failure), Value::Null)).await;
        self.finish_of(task, moved)
    }
}

/// How far a task at work is. Without a vendor's number it stands at 30 (`contract/DECISIONS.md`, times and
/// progress).
pub(crate) fn heard(phase: Phase, percent: Option<i64>) -> Option<i64> {
    let guessed = (phase == Phase::Working).then_some(30);
    percent.or(guessed).map(|percent| percent.clamp(0, 99))
}

/// The pause before the next poll: the vendor's own, if it named one.
pub(crate) fn pause_ms(poll_after_ms: Option<i64>, period_ms: i64) -> i64 {
    poll_after_ms.map_or(period_ms, |ms| ms.clamp(100, 120_000))
}
