//! Operations that were found after their task had ended: watched to their end, so that what was paid
//! for is not lost. Their artifacts are shown as `late`; state and money stay.

use crate::copy::Picked;
use crate::core::Core;
use ledger::Orphan;
use providers::{PollItem, PollOutcome};
use queue::Finish;
use task::{Output, Task};

/// The pause between two looks at an orphan: nobody waits for it.
const PERIOD_MS: i64 = 10_000;
/// An orphan is given up after this long.
const WATCH_MS: i64 = 86_400_000;

impl Core {
    /// Looks at the orphan of an ended task, if it has one.
    pub(crate) async fn watch_orphan(&self, task: &Task) -> Finish {
        let orphans = match self.ledger.orphans_of(task.id).await {
            Ok(orphans) => orphans,
            Err(error) => {
                tracing::warn!(task = %task.id, %error, "orphans not read");
                return Finish::At(self.clock.now_ms() + PERIOD_MS);
            }
        };
        let mut waiting = false;
        for orphan in orphans {
            waiting |= !self.follow_orphan(task, &orphan).await;
        }
        if waiting { Finish::At(self.clock.now_ms() + PERIOD_MS) } else { Finish::Done }
    }

    /// Tells whether the orphan has come to its end.
    async fn follow_orphan(&self, task: &Task, orphan: &Orphan) -> bool {
        let now_ms = self.clock.now_ms();
        let Some(line) = self.line(&orphan.channel) else {
            return self.end_orphan(orphan, "its channel is gone").await;
        };
        if now_ms - orphan.created_ms > WATCH_MS {
            return self.end_orphan(orphan, "it took too long").await;
        }
        let item = PollItem { operation: &orphan.operation, kind: task.spec.kind };
        let mut asked = match self.ask(&line, &[item]).await {
            Ok(asked) => asked,
            Err(failure) => {
                tracing::debug!(task = %task.id, error = failure.private, "orphan not polled; looking again");
                return false;
            }
        };
        let outcome = asked.outcomes.pop();
        if outcome.as_ref().is_some_and(|outcome| !matches!(outcome, PollOutcome::Missing)) {
            self.missing.clear(task.id);
        }
        match outcome {
            Some(PollOutcome::Done { outputs, .. }) => self.archive_orphan(task, orphan, outputs).await,
            Some(PollOutcome::Failed(_)) => self.end_orphan(orphan, "it failed").await,
            Some(PollOutcome::Cancelled) => self.end_orphan(orphan, "it was cancelled").await,
            Some(PollOutcome::Missing) => self.missed_orphan(task, orphan, now_ms).await,
            Some(PollOutcome::Pending { .. } | PollOutcome::NeedsInput(_)) | None => false,
        }
    }

    /// Unknown counts only when it is heard twice, as for a task of its own.
    async fn missed_orphan(&self, task: &Task, orphan: &Orphan, now_ms: i64) -> bool {
        let confirm_ms = self.settings.missing_confirm_ms;
        let since_ms = self.missing.since(task.id, None, now_ms, 4 * confirm_ms);
        if now_ms - since_ms < confirm_ms {
            return false;
        }
        self.missing.clear(task.id);
        self.end_orphan(orphan, "the upstream does not know it").await
    }

    async fn archive_orphan(&self, task: &Task, orphan: &Orphan, outputs: Vec<Output>) -> bool {
        let Some(outputs) = self.keep_inline(task, outputs).await else { return false };
        // Read anew: another orphan of the same task may have added its own a moment ago.
        let known = match self.ledger.task(task.id).await {
            Ok(Some(fresh)) => fresh.artifacts.iter().map(|artifact| artifact.position + 1).max().unwrap_or(0),
            Ok(None) => return true,
            Err(_) => return false,
        };
        let first = known.max(i64::try_from(task.outputs.len()).unwrap_or(0));
        let mut artifacts = Vec::with_capacity(outputs.len());
        for (place, position) in (0..outputs.len()).zip(first..) {
            let copy = Picked { outputs: &outputs, place, first };
            match self.copy_output(task, &orphan.channel, copy).await {
                Ok(mut artifact) => {
                    artifact.late = true;
                    artifacts.push(artifact);
                }
                Err(error) => {
                    tracing::warn!(task = %task.id, position, error = error.private, "late output not copied; trying again");
                    return false;
                }
            }
        }
        let now_ms = self.clock.now_ms();
        if let Err(error) = self.ledger.add_late_artifacts(task.id, &artifacts, now_ms).await {
            tracing::warn!(task = %task.id, %error, "late artifacts not recorded; trying again");
            return false;
        }
        self.forget_staged(task, &outputs).await;
        self.end_orphan(orphan, "archived").await
    }

    async fn end_orphan(&self, orphan: &Orphan, why: &str) -> bool {
        tracing::info!(task = %orphan.task, operation = orphan.operation.id, why, "orphan ended");
        let now_ms = self.clock.now_ms();
        self.ledger.end_orphan(orphan.task, &orphan.operation.id, now_ms).await.is_ok()
    }
}
