//! The poll stage: asks upstreams about many tasks at once, and does what their answers say.
//!
//! Transport errors, 429 and 5xx never fail a task. What an answer means for a task is in `outcome`.

use crate::core::{Core, Line};
use crate::in_flight::Flight;
use crate::outcome::{heard, pause_ms};
use crate::polled::Polled;
use async_trait::async_trait;
use futures::StreamExt;
use ledger::{LedgerError, Pulse};
use providers::{PollItem, PollOutcome};
use queue::{Batch, Claim, Finish, Handler, LeaseKeeper};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use task::{State, Task, TaskId};
use tracing::Instrument;

/// The pause after a poll that could not be made or read.
pub(crate) const RETRY_MS: i64 = 5_000;

/// The pause before a task is looked at that somebody else has moved meanwhile.
pub(crate) const STALE_MS: i64 = 1_000;

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

/// What becomes of the tasks of a batch.
#[derive(Default)]
pub(crate) struct Looked {
    pub(crate) finish: HashMap<TaskId, Finish>,
    /// How far those have got whose row was not read for it.
    progress: HashMap<TaskId, i64>,
}

impl Core {
    async fn poll_batch(&self, batch: Batch) -> Vec<(Claim, Finish)> {
        let finish = match self.look_at_batch(&batch).await {
            Ok(finish) => finish,
            Err(error) => {
                tracing::warn!(channel = batch.channel, %error, "tasks not read; polling later");
                let due_ms = self.clock.now_ms() + RETRY_MS;
                return batch.claims.into_iter().map(|claim| (claim, Finish::At(due_ms))).collect();
            }
        };
        let end_of = |claim: Claim| {
            let end = finish.get(&claim.id).copied().unwrap_or(Finish::Done);
            (claim, end)
        };
        batch.claims.into_iter().map(end_of).collect()
    }

    /// Most tasks are running as they were at their last poll: of these only the pulse is read.
    async fn look_at_batch(&self, batch: &Batch) -> Result<HashMap<TaskId, Finish>, LedgerError> {
        let ids: Vec<TaskId> = batch.claims.iter().map(|claim| claim.id).collect();
        let known = self.in_flight.take(&self.ledger.pulses(&ids).await?);
        let is_known: HashSet<TaskId> = known.iter().map(|(pulse, _)| pulse.id).collect();
        let others: Vec<TaskId> = ids.into_iter().filter(|id| !is_known.contains(id)).collect();
        let tasks = self.ledger.tasks(&others).await?;
        let errands = self.begin_errands(&others, &tasks).await;
        let mut looked = self.poll_running(batch, &tasks, &known).await;
        looked.finish.extend(self.look_at_others(&tasks).await);
        self.end_errands(errands).await;
        let flights = known.into_iter().map(|(pulse, flight)| (pulse.id, flight));
        // Only those are known whose channel the queue knows as well.
        let read = tasks.iter().filter(|task| task.channel == batch.channel);
        let flights = flights.chain(read.filter_map(|task| Some((task.id, Flight::of(task)?))));
        let goes_on = |id: &TaskId| matches!(looked.finish.get(id), Some(Finish::At(_)));
        let flights = flights.filter(|(id, _)| goes_on(id)).map(|(id, flight)| {
            let progress = looked.progress.get(&id).copied().unwrap_or(flight.progress);
            (id, Flight { progress, ..flight })
        });
        self.in_flight.keep(flights, self.clock.now_ms());
        Ok(looked.finish)
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

    /// Asks about all running tasks of a batch, in as few requests as their dialect allows.
    async fn poll_running(&self, batch: &Batch, tasks: &[Task], known: &[(Pulse, Flight)]) -> Looked {
        let mut looked = Looked::default();
        let mut by_channel: HashMap<&str, Vec<Polled<'_>>> = HashMap::new();
        let due: HashMap<TaskId, i64> = batch.claims.iter().map(|claim| (claim.id, claim.due_ms)).collect();
        let due_ms = |id: TaskId| due.get(&id).copied().unwrap_or_else(|| self.clock.now_ms());
        if !known.is_empty() {
            let polled = known.iter().map(|(pulse, flight)| Polled::known(pulse, flight, due_ms(pulse.id)));
            by_channel.insert(&batch.channel, polled.collect());
        }
        for task in tasks.iter().filter(|task| task.state == State::Running) {
            match &task.operation {
                Some(operation) => {
                    let polled = Polled::of(task, operation, due_ms(task.id));
                    by_channel.entry(&task.channel).or_default().push(polled);
                }
                None => {
                    tracing::error!(task = %task.id, "running without an operation");
                    looked.finish.insert(task.id, self.expire_or(task, RETRY_MS).await);
                }
            }
        }
        for (channel, polled) in by_channel {
            let Some(line) = self.line(channel) else {
                self.without_line(channel, &polled, &mut looked).await;
                continue;
            };
            let size = line.dialect.capabilities(&line.channel.options).poll_batch.max(1);
            for chunk in polled.chunks(size) {
                self.poll_chunk(&line, chunk, &mut looked).await;
            }
        }
        looked
    }

    /// The channel's row is gone: nothing can be asked, so only the deadline ends these tasks.
    async fn without_line(&self, channel: &str, polled: &[Polled<'_>], looked: &mut Looked) {
        for one in polled {
            tracing::error!(task = %one.id, channel, "no such channel; the task can't be polled");
        }
        self.expire_all_or(polled, RETRY_MS, looked).await;
    }

    pub(crate) async fn poll_chunk(&self, line: &Line, chunk: &[Polled<'_>], looked: &mut Looked) {
        metrics::histogram!("poll_batch_size", "channel" => line.channel.name.clone()).record(chunk.len() as f64);
        let items: Vec<PollItem<'_>> =
            chunk.iter().map(|polled| PollItem { operation: polled.operation, kind: polled.kind }).collect();
        let asked = match self.ask(line, &items).await {
            Ok(asked) => asked,
            Err(failure) => {
                tracing::warn!(channel = line.channel.name, error = failure.private, "poll failed; tasks go on");
                metrics::counter!("poll_errors_total", "channel" => line.channel.name.clone()).increment(1);
                let pause_ms = match failure.retry {
                    task::Retry::Later(Some(after_ms)) => after_ms.clamp(1_000, 60_000),
                    _ => RETRY_MS,
                };
                self.expire_all_or(chunk, pause_ms, looked).await;
                return;
            }
        };
        let moved = self.keep_going(line, chunk, asked.outcomes, looked).await;
        self.follow_moved(line, moved, chunk.len() == 1, looked).await;
    }

    /// Deals with those of a chunk that are at work as they were, all at once: nearly always all of them.
    /// Gives back the others.
    async fn keep_going<'a>(
        &self,
        line: &Line,
        chunk: &[Polled<'a>],
        outcomes: Vec<PollOutcome>,
        looked: &mut Looked,
    ) -> Vec<(Polled<'a>, PollOutcome)> {
        let period_ms = line.dialect.capabilities(&line.channel.options).poll_period_ms;
        let (now_ms, dice) = (self.clock.now_ms(), self.dice());
        let waited_ms = chunk.iter().map(|polled| now_ms - polled.due_ms).max().unwrap_or(0);
        let (mut told, mut moved) = (Vec::with_capacity(chunk.len()), Vec::new());
        for (polled, outcome) in chunk.iter().zip(outcomes) {
            let quiet = now_ms < polled.deadline_ms && polled.missing_ms.is_none() && !self.missing.has(polled.id);
            match outcome {
                PollOutcome::Pending { phase, percent, poll_after_ms, unknown_word: None }
                    if quiet && phase <= polled.phase =>
                {
                    told.extend(heard(phase, percent).map(|percent| (polled.id, polled.progress, percent)));
                    // The same chance for all: what was asked about in one request is so the next time, too.
                    let mut dice = dice.clone();
                    let pause_ms = match poll_after_ms {
                        Some(_) => dice.jittered_ms(pause_ms(poll_after_ms, period_ms)),
                        None => dice.spread_ms(period_ms, waited_ms),
                    };
                    looked.finish.insert(polled.id, Finish::At(now_ms + pause_ms));
                }
                outcome => moved.push((*polled, outcome)),
            }
        }
        let risen = self.ledger.note_risen(&told);
        if !risen.is_empty() {
            self.scheduler.announce(&risen).await;
        }
        looked.progress.extend(told.into_iter().map(|(id, before, now)| (id, now.max(before))));
        moved
    }

    /// Follows the outcomes that change a task, or may: these need its whole row.
    async fn follow_moved(&self, line: &Line, moved: Vec<(Polled<'_>, PollOutcome)>, alone: bool, looked: &mut Looked) {
        let unread: Vec<TaskId> = moved.iter().filter(|(one, _)| one.task.is_none()).map(|(one, _)| one.id).collect();
        let read = match self.ledger.tasks(&unread).await {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(channel = line.channel.name, %error, "tasks not read; polling again later");
                let due_ms = self.clock.now_ms() + RETRY_MS;
                looked.finish.extend(moved.iter().map(|(polled, _)| (polled.id, Finish::At(due_ms))));
                return;
            }
        };
        let read: HashMap<TaskId, &Task> = read.iter().map(|task| (task.id, task)).collect();
        for (polled, outcome) in moved {
            let task = polled.task.or_else(|| read.get(&polled.id).copied());
            let end = match task.filter(|task| task.version == polled.version) {
                Some(task) => self.follow_outcome(line, task, polled.operation, outcome, alone).await,
                // Somebody else has moved it since.
                None => Finish::At(self.clock.now_ms() + STALE_MS),
            };
            looked.finish.insert(polled.id, end);
        }
    }

    /// Ends those whose time is up; looks at the others again after about `pause_ms`.
    async fn expire_all_or(&self, polled: &[Polled<'_>], pause_ms: i64, looked: &mut Looked) {
        let (now_ms, mut dice) = (self.clock.now_ms(), self.dice());
        let (over, others): (Vec<Polled<'_>>, Vec<Polled<'_>>) =
            polled.iter().partition(|one| now_ms >= one.deadline_ms);
        let later = others.iter().map(|one| (one.id, Finish::At(now_ms + dice.jittered_ms(pause_ms))));
        looked.finish.extend(later);
        for one in over {
            let end = match one.task {
                Some(task) => self.expire(task).await,
                None => self.expire_unread(one.id).await,
            };
            looked.finish.insert(one.id, end);
        }
    }

    async fn expire_unread(&self, id: TaskId) -> Finish {
        match self.ledger.task(id).await {
            Ok(Some(task)) if task.state == State::Running => self.expire(&task).await,
            Ok(_) => Finish::At(self.clock.now_ms() + STALE_MS),
            Err(error) => {
                tracing::warn!(task = %id, %error, "task not read; polling again later");
                Finish::At(self.clock.now_ms() + RETRY_MS)
            }
        }
    }
}
