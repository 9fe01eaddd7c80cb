//! The poll stage: asks upstreams about many tasks at once, and does what their answers say.
//!
//! Transport errors, 429 and 5xx never fail a task; only a verdict, the deadline, or a twice
//! confirmed "unknown" does.

use crate::advance::{AdvanceError, Move};
use crate::core::{Core, Line};
use async_trait::async_trait;
use futures::StreamExt;
use providers::{PollItem, PollOutcome};
use queue::{Batch, Claim, Finish, Handler, LeaseKeeper};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use task::{Failure, FailureKind, Operation, Phase, State, Step, Task, TaskId};
use tracing::Instrument;

/// The pause after a poll that could not be made or read.
const RETRY_MS: i64 = 5_000;

/// Doubts and orphans of one batch that are looked at together; each may read a list of 8 MiB.
const LOOKS_AT_ONCE: usize = 4;

/// Handles the poll lane.
pub struct Poll(pub Core);

#[async_trait]
impl Handler for Poll {
    async fn handle(&self, batch: Batch, lease: LeaseKeeper) -> Vec<(Claim, Finish)> {
        tokio::select! {
            finished = self.0.poll_batch(batch) => finished,
            // Somebody else has these by now: what is left would only be asked twice.
            () = lease.keep() => Vec::new(),
        }
    }
}

/// A running task and its handle.
pub(crate) struct Polled<'a> {
    pub(crate) task: &'a Task,
    pub(crate) operation: &'a Operation,
}

impl Core {
    async fn poll_batch(&self, batch: Batch) -> Vec<(Claim, Finish)> {
        let ids: Vec<TaskId> = batch.claims.iter().map(|claim| claim.id).collect();
        let tasks = match self.ledger.tasks(&ids).await {
            Ok(tasks) => tasks,
            Err(error) => {
                tracing::warn!(channel = batch.channel, %error, "tasks not read; polling later");
                let due_ms = self.clock.now_ms() + RETRY_MS;
                return batch.claims.into_iter().map(|claim| (claim, Finish::At(due_ms))).collect();
            }
        };
        let errands = self.begin_errands(&ids, &tasks).await;
        let mut finish = self.poll_running(&tasks).await;
        finish.extend(self.look_at_others(&tasks).await);
        self.end_errands(errands).await;
        batch
            .claims
            .into_iter()
            .map(|claim| {
                let end = finish.get(&claim.id).copied().unwrap_or(Finish::Done);
                (claim, end)
            })
            .collect()
    }

    /// Tasks that are asked about one by one: doubts, and operations found too late. A few at a time, and
    /// no longer than one call may take: running tasks share this look and must not wait for them.
    async fn look_at_others(&self, tasks: &[Task]) -> HashMap<TaskId, Finish> {
        let looks: Vec<_> =
            tasks.iter().filter(|task| task.state != State::Running).map(|task| self.look_at(task)).collect();
        let mut looks = futures::stream::iter(looks).buffer_unordered(LOOKS_AT_ONCE);
        let limit = Duration::from_millis(self.settings.call_timeout_ms.max(1).cast_unsigned());
        let mut finish = HashMap::new();
        let all = async {
            while let Some((id, end)) = looks.next().await {
                finish.insert(id, end);
            }
        };
        let in_time = tokio::time::timeout(limit, all).await.is_ok();
        if !in_time {
            let due_ms = self.clock.now_ms() + RETRY_MS;
            for task in tasks.iter().filter(|task| task.state != State::Running) {
                finish.entry(task.id).or_insert(Finish::At(due_ms));
            }
        }
        finish
    }

    async fn look_at(&self, task: &Task) -> (TaskId, Finish) {
        let end = match task.state {
            State::Uncertain => self.resolve_doubt(task).instrument(self.span("doubt", task)).await,
            State::Submitting => self.overtake(task).instrument(self.span("doubt", task)).await,
            State::Queued => self.heed_hint(task).await,
            _ if task.is_over() => match self.heed_hint(task).await {
                Finish::Done => self.watch_orphan(task).await,
                again => again,
            },
            _ => Finish::Done,
        };
        (task.id, end)
    }

    /// Asks about all running tasks of one channel, in as few requests as its dialect allows.
    async fn poll_running(&self, tasks: &[Task]) -> HashMap<TaskId, Finish> {
        let mut finish = HashMap::new();
        let mut by_channel: HashMap<&str, Vec<Polled<'_>>> = HashMap::new();
        for task in tasks.iter().filter(|task| task.state == State::Running) {
            match &task.operation {
                Some(operation) => by_channel.entry(&task.channel).or_default().push(Polled { task, operation }),
                None => {
                    tracing::error!(task = %task.id, "running without an operation");
                    finish.insert(task.id, self.expire_or(task, RETRY_MS).await);
                }
            }
        }
        for (channel, polled) in by_channel {
            let Some(line) = self.line(channel) else {
                self.without_line(&polled, &mut finish).await;
                continue;
            };
            let size = line.dialect.capabilities(&line.channel.options).poll_batch.max(1);
            for chunk in polled.chunks(size) {
                self.poll_chunk(&line, chunk, &mut finish).await;
            }
        }
        finish
    }

    /// The channel's row is gone: nothing can be asked, so only the deadline ends these tasks.
    async fn without_line(&self, polled: &[Polled<'_>], finish: &mut HashMap<TaskId, Finish>) {
        for Polled { task, .. } in polled {
            tracing::error!(task = %task.id, channel = task.channel, "no such channel; the task can't be polled");
            finish.insert(task.id, self.expire_or(task, RETRY_MS).await);
        }
    }

    pub(crate) async fn poll_chunk(&self, line: &Line, chunk: &[Polled<'_>], finish: &mut HashMap<TaskId, Finish>) {
        metrics::histogram!("poll_batch_size", "channel" => line.channel.name.clone()).record(chunk.len() as f64);
        let items: Vec<PollItem<'_>> =
            chunk.iter().map(|p| PollItem { operation: p.operation, kind: p.task.spec.kind }).collect();
        let asked = match self.ask(line, &items).await {
            Ok(asked) => asked,
            Err(failure) => {
                tracing::warn!(channel = line.channel.name, error = failure.private, "poll failed; tasks go on");
                metrics::counter!("poll_errors_total", "channel" => line.channel.name.clone()).increment(1);
                let pause_ms = match failure.retry {
                    task::Retry::Later(Some(after_ms)) => after_ms.clamp(1_000, 60_000),
                    _ => RETRY_MS,
                };
                for polled in chunk {
                    finish.insert(polled.task.id, self.expire_or(polled.task, self.jittered_ms(pause_ms)).await);
                }
                return;
            }
        };
        for (polled, outcome) in chunk.iter().zip(asked.outcomes) {
            let end = self.follow_outcome(line, polled, outcome, chunk.len() == 1).await;
            finish.insert(polled.task.id, end);
        }
    }

    async fn follow_outcome(&self, line: &Line, polled: &Polled<'_>, outcome: PollOutcome, alone: bool) -> Finish {
        let task = polled.task;
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
            PollOutcome::Missing => return self.missed(line, polled, alone).await,
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
            Err(AdvanceError::Stale | AdvanceError::Illegal(_)) => Finish::At(self.clock.now_ms() + 1_000),
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
        // Without a vendor's number, a task at work stands at 30 (`contract/DECISIONS.md`, times and progress).
        let guessed = (phase == Phase::Working).then_some(30);
        let known = self.ledger.known_progress(task.id).unwrap_or(task.progress);
        if let Some(percent) = percent.or(guessed).map(|p| p.clamp(0, 99)).filter(|p| *p > known) {
            self.ledger.note_progress(task.id, percent, None);
            self.scheduler.announce(&[task.id]).await;
        }
        if phase > task.phase {
            let moved = self.advance_in("poll", Move::new(task, Step::Work { phase }, Value::Null)).await;
            if let Err(AdvanceError::Ledger(error)) = moved {
                tracing::warn!(task = %task.id, %error, "phase not recorded; the next poll tells it again");
            }
        }
        let period_ms = line.dialect.capabilities(&line.channel.options).poll_period_ms;
        let pause_ms = poll_after_ms.map_or(period_ms, |ms| ms.clamp(100, 120_000));
        Finish::At(now_ms + self.jittered_ms(pause_ms))
    }

    /// "Unknown" counts only when it is heard twice, the second time asked singly.
    async fn missed(&self, line: &Line, polled: &Polled<'_>, alone: bool) -> Finish {
        let task = polled.task;
        let now_ms = self.clock.now_ms();
        if now_ms >= task.deadline_ms {
            return self.expire(task).await;
        }
        let fresh_ms = 4 * self.settings.missing_confirm_ms;
        let since_ms = self.missing.since(task.id, task.missing_ms, now_ms, fresh_ms);
        if since_ms == now_ms {
            tracing::warn!(task = %task.id, operation = polled.operation.id, "unknown to the upstream; asking again");
            self.ledger.note_progress(task.id, task.progress, Some(Some(now_ms)));
            return Finish::At(now_ms + self.settings.missing_confirm_ms);
        }
        let again_ms = since_ms + self.settings.missing_confirm_ms;
        if now_ms < again_ms {
            return Finish::At(again_ms);
        }
        if !alone {
            return self.ask_alone(line, polled).await;
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
    async fn ask_alone(&self, line: &Line, polled: &Polled<'_>) -> Finish {
        let item = PollItem { operation: polled.operation, kind: polled.task.spec.kind };
        if let Ok(mut asked) = self.ask(line, &[item]).await
            && let Some(outcome) = asked.outcomes.pop()
        {
            return Box::pin(self.follow_outcome(line, polled, outcome, true)).await;
        }
        self.expire_or(polled.task, self.settings.missing_confirm_ms).await
    }

    /// Ends a task whose time is up; otherwise looks again after `pause_ms`.
    async fn expire_or(&self, task: &Task, pause_ms: i64) -> Finish {
        let now_ms = self.clock.now_ms();
        if now_ms >= task.deadline_ms { self.expire(task).await } else { Finish::At(now_ms + pause_ms) }
    }

    async fn expire(&self, task: &Task) -> Finish {
        let failure =
            Failure::never(FailureKind::Expired, "the task took too long", "deadline passed while running upstream");
        let moved = self.advance_in("poll", Move::new(task, Step::Fail(failure), Value::Null)).await;
        self.finish_of(task, moved)
    }
}
