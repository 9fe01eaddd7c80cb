//! The archive stage: every output into our own store before the vendor's links die; while the store is away,
//! into this process's spill folder first.

use crate::advance::Move;
use crate::ask::Asked;
use crate::copy::{CopyError, Picked};
use crate::core::Core;
use crate::record::with_dropped_extras;
use crate::spill::{Safe, TRY_PAUSE_MS};
use async_trait::async_trait;
use futures::StreamExt;
use providers::{PollItem, PollOutcome};
use queue::{Batch, Claim, Finish, Handler, LeaseKeeper};
use serde_json::json;
use task::{Artifact, Failure, FailureKind, Kind, Output, Source, State, Step, Task};
use tracing::Instrument;

/// The shortest pause between two tries to copy.
const RETRY_MIN_MS: i64 = 1_000;

/// How long a cover or another file beside the result is waited for once its host says that it is not there:
/// some are made a little later than the result.
const EXTRAS_PATIENCE_MS: i64 = 60_000;

/// Outputs of one task that are copied at the same time, where there are places for so many.
const COPIES_AT_ONCE: usize = 4;

/// Handles the archive lane.
pub struct Archive(pub Core);

#[async_trait]
impl Handler for Archive {
    async fn handle(&self, batch: Batch, lease: LeaseKeeper) -> Vec<(Claim, Finish)> {
        let mut finished = Vec::with_capacity(batch.claims.len());
        for claim in batch.claims {
            let end = tokio::select! {
                end = self.0.archive(claim.id) => end,
                // Somebody else has it now, or will: a copy that goes on would only be made twice.
                () = lease.keep() => Finish::Done,
            };
            finished.push((claim, end));
        }
        finished
    }
}

/// How far the copying of a task came.
struct Copied {
    artifacts: Vec<Artifact>,
    missing: Vec<(i64, CopyError)>,
}

/// Outputs that were asked for once more. They may hold their bytes, and so the room that these take.
struct Fresh {
    outputs: Vec<Output>,
    _asked: Asked,
}

impl Core {
    pub(crate) async fn archive(&self, id: task::TaskId) -> Finish {
        let task = match self.ledger.task(id).await {
            Ok(Some(task)) if task.state == State::Archiving => task,
            Ok(_) => return Finish::Done,
            Err(error) => {
                tracing::warn!(task = %id, %error, "task not read; copying later");
                return Finish::At(self.clock.now_ms() + RETRY_MIN_MS);
            }
        };
        let span = self.span("archive", &task);
        self.archive_task(task).instrument(span).await
    }

    async fn archive_task(&self, task: Task) -> Finish {
        let outputs = outputs_of(&task);
        let mut safe = match self.safe(&task, outputs.len(), self.is_late(&task)).await {
            Ok(safe) => safe,
            Err(error) => {
                // Whoever does not know what is safe must not call it lost.
                tracing::warn!(task = %task.id, %error, "spilled outputs not read; copying later");
                return Finish::At(self.clock.now_ms() + RETRY_MIN_MS);
            }
        };
        let done = safe.with_copies(self.half_copied.take(task.id));
        let mut copied = self.save_all(&task, &outputs, done, &mut safe).await;
        let last_chance = self.waited_ms(&task) >= self.copy_window_ms(&task);
        let asks_again = copied.missing.iter().any(|(_, error)| error.gone || (last_chance && !error.safe));
        if asks_again && let Some(fresh) = self.fresh_outputs(&task).await {
            copied = self.save_all(&task, &fresh.outputs, copied.artifacts, &mut safe).await;
        }
        if copied.missing.is_empty() {
            return self.store_all(&task, copied.artifacts, Vec::new()).await;
        }
        if safe.holds_any() {
            self.note_copies(&task, &copied.artifacts, &safe).await;
        }
        let waited_ms = self.waited_ms(&task);
        if waited_ms >= EXTRAS_PATIENCE_MS && only_extras_are_gone(&task, &copied) {
            let lost = copied.missing.len();
            let warnings = vec![format!("{lost} files beside the result were not there to be copied")];
            return self.store_all(&task, copied.artifacts, warnings).await;
        }
        self.copy_later(&task, copied).await
    }

    /// Copies what is not among the `done` ones yet, and saves from the vendor's deadline what the store does
    /// not take.
    async fn save_all(&self, task: &Task, outputs: &[Output], done: Vec<Artifact>, safe: &mut Safe) -> Copied {
        let mut copied = self.copy_all(task, &safe.staged(task, outputs), done).await;
        if copied.missing.iter().any(|(position, error)| safe.holds(*position) && !error.store_away) {
            // In the folder of a process that may never be heard of again, while the vendor still has it.
            copied = self.copy_all(task, outputs, copied.artifacts).await;
        }
        if self.is_late(task) {
            self.spill_missing(task, outputs, &mut copied.missing, safe).await;
        }
        for (position, error) in &mut copied.missing {
            let output = usize::try_from(*position).ok().and_then(|place| outputs.get(place));
            let is_staged = output.is_some_and(|output| matches!(output.source, Source::Stored(_)));
            error.safe = safe.holds(*position) || (is_staged && error.store_away);
            error.gone &= !error.safe;
        }
        copied
    }

    /// Copies what is not among the `done` ones yet.
    async fn copy_all(&self, task: &Task, outputs: &[Output], done: Vec<Artifact>) -> Copied {
        let has = |position: i64| done.iter().any(|artifact| artifact.position == position);
        let due = (0i64..).zip(0..outputs.len()).filter(|(position, _)| !has(*position));
        let copies: Vec<_> = due.map(|(position, place)| self.copy_at(task, outputs, place, position)).collect();
        let mut copied = Copied { artifacts: done, missing: Vec::new() };
        let mut copies = futures::stream::iter(copies).buffered(COPIES_AT_ONCE);
        while let Some((position, copy)) = copies.next().await {
            match copy {
                Ok(artifact) => copied.artifacts.push(artifact),
                Err(error) => copied.missing.push((position, error)),
            }
        }
        copied.artifacts.sort_by_key(|artifact| artifact.position);
        copied
    }

    async fn copy_at(
        &self,
        task: &Task,
        outputs: &[Output],
        place: usize,
        position: i64,
    ) -> (i64, Result<Artifact, CopyError>) {
        (position, self.copy_output(task, &task.channel, Picked { outputs, place, first: 0 }).await)
    }

    async fn store_all(&self, task: &Task, artifacts: Vec<Artifact>, warnings: Vec<String>) -> Finish {
        let note = json!({ "artifacts": artifacts.len(), "bytes": artifacts.iter().map(|a| a.bytes).sum::<i64>() });
        // An answer that came with the outputs, and a recovered task, have not been told of these yet.
        let warnings = with_dropped_extras(task, self.line(&task.channel), warnings);
        task::fail_point!("archive.before_verb");
        let moved = self.advance(Move::new(task, Step::Store { artifacts, warnings }, note)).await;
        if moved.is_ok() {
            self.forget_staged(task, &task.outputs).await;
            self.forget_spilled(task, task.outputs.len(), self.is_late(task)).await;
        }
        self.finish_of(task, moved)
    }

    /// Tries again until the vendor's copy deadline, and beyond it for as long as bytes that are safe wait for the
    /// store; then takes what there is.
    async fn copy_later(&self, task: &Task, copied: Copied) -> Finish {
        let waited_ms = self.waited_ms(task);
        let window_ms = self.copy_window_ms(task);
        let why: Vec<&str> = copied.missing.iter().map(|(_, error)| error.private.as_str()).collect();
        let why = why.join("; ");
        metrics::counter!("archive_errors_total", "channel" => task.channel.clone()).increment(1);
        let safe = copied.missing.iter().filter(|(_, error)| error.safe).count();
        if waited_ms < window_ms || safe > 0 {
            if safe == copied.missing.len() {
                tracing::warn!(task = %task.id, why, safe, "not stored, but safe; trying again");
            } else if waited_ms > window_ms / 2 {
                tracing::error!(task = %task.id, why, "half of the copy deadline is over");
                metrics::counter!("archive_half_deadline_total").increment(1);
            } else {
                tracing::warn!(task = %task.id, why, "not copied; trying again");
            }
            self.half_copied.keep(task.id, copied.artifacts);
            let pause_ms = (waited_ms / 2).clamp(RETRY_MIN_MS, TRY_PAUSE_MS);
            return Finish::At(self.clock.now_ms() + self.jittered_ms(pause_ms));
        }
        if !copied.artifacts.is_empty() {
            let lost = copied.missing.len();
            let warnings = vec![format!("{lost} of {} outputs could not be copied in time", task.outputs.len())];
            return self.store_all(task, copied.artifacts, warnings).await;
        }
        tracing::error!(task = %task.id, why, "artifact lost");
        let failure = Failure::never(FailureKind::ArtifactLost, "the result could not be copied in time", why.clone());
        let moved = self.advance(Move::new(task, Step::Fail(failure), json!({ "why": why }))).await;
        if moved.is_ok() {
            self.forget_spilled(task, task.outputs.len(), true).await;
        }
        self.finish_of(task, moved)
    }

    /// Whether outputs that the store does not take are spilled from now on.
    fn is_late(&self, task: &Task) -> bool {
        self.waited_ms(task) >= self.spill_after_ms(self.copy_window_ms(task))
    }

    fn copy_window_ms(&self, task: &Task) -> i64 {
        self.line(&task.channel)
            .map_or(3_600_000, |line| line.dialect.capabilities(&line.channel.options).copy_deadline_ms)
    }

    /// Dead links: the upstream is asked once more, and may name fresh ones.
    async fn fresh_outputs(&self, task: &Task) -> Option<Fresh> {
        let line = self.line(&task.channel)?;
        let operation = task.operation.as_ref()?;
        let item = PollItem { operation, kind: task.spec.kind };
        let mut asked = self.ask(&line, &[item]).await.ok()?;
        match asked.outcomes.pop()? {
            PollOutcome::Done { outputs, .. } if !outputs.is_empty() => Some(Fresh { outputs, _asked: asked }),
            _ => None,
        }
    }
}

/// Whether all that was asked for is here, and the files beside it are not to be had even after a fresh look.
fn only_extras_are_gone(task: &Task, copied: &Copied) -> bool {
    let main = task.spec.kind.main_role();
    let role_at =
        |position: i64| usize::try_from(position).ok().and_then(|place| task.outputs.get(place)).map(|o| o.role);
    let has_main = copied.artifacts.iter().any(|artifact| artifact.role == main);
    let is_extra = |position: i64| role_at(position).is_some_and(|role| role != main);
    has_main && copied.missing.iter().all(|(position, error)| error.gone && is_extra(*position))
}

pub(crate) fn answered_ms(task: &Task) -> i64 {
    task.answered_ms.unwrap_or(task.updated_ms)
}

/// The outputs; a description's picture is its own input when the vendor names none.
fn outputs_of(task: &Task) -> Vec<Output> {
    if task.outputs.is_empty() && task.spec.kind == Kind::Describe {
        return Core::input_as_output(task).into_iter().collect();
    }
    task.outputs.clone()
}
