//! Submissions under way in this process, so that one which is told to end at once says what becomes of them
//! instead of leaving them to their leases.

use crate::advance::{AdvanceError, Move};
use crate::core::Core;
use crate::record::with_end;
use futures::StreamExt;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use task::{Requeue, Step, Task, TaskId};

/// Tasks that are let go of at the same time: together they are one or two commits.
const AT_ONCE: usize = 64;

/// One submission.
#[derive(Debug, Clone)]
struct Submission {
    leased: Task,
    /// Whether the first byte of its paid request may have gone out.
    is_paid: bool,
}

/// The submissions of one process between their lease and their record.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<TaskId, Submission>,
    /// The process has let go: nothing may be paid for any more.
    is_over: bool,
}

impl UnderWay {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task whose lease is recorded.
    pub(crate) fn begin(&self, leased: &Task) {
        let submission = Submission { leased: leased.clone(), is_paid: false };
        self.known().by_id.insert(leased.id, submission);
    }

    /// The paid request goes out now. `false`: it must not, because the process has let go of the task.
    pub(crate) fn pay(&self, id: TaskId) -> bool {
        let mut known = self.known();
        if let Some(submission) = known.by_id.get_mut(&id) {
            submission.is_paid = true;
        }
        !known.is_over
    }

    /// What the attempt came to is recorded.
    pub(crate) fn end(&self, id: TaskId) {
        self.known().by_id.remove(&id);
    }

    fn let_go(&self) -> Vec<Submission> {
        let mut known = self.known();
        known.is_over = true;
        known.by_id.drain().map(|(_, submission)| submission).collect()
    }
}

impl Core {
    /// For a process that ends at once, when its handlers have been dropped: what was not paid for yet goes
    /// back to its queue, and what may have been paid for is in doubt now and not only when its lease runs
    /// out. Nothing is paid for afterwards. Tells how many tasks were moved; one that can't be is left to its
    /// lease.
    pub async fn let_go(&self) -> usize {
        let moves = self.under_way.let_go().into_iter().map(|submission| self.release(submission));
        let released: Vec<bool> = futures::stream::iter(moves).buffer_unordered(AT_ONCE).collect().await;
        released.into_iter().filter(|released| *released).count()
    }

    async fn release(&self, Submission { leased, is_paid }: Submission) -> bool {
        let due_ms = self.clock.now_ms();
        let (step, outcome) = match is_paid {
            true => (Step::Doubt { due_ms }, "uncertain"),
            false => (Step::Requeue { why: Requeue::GivenBack, due_ms }, "given_back"),
        };
        let note = json!({ "why": "its process was told to end at once" });
        let one = Move::new(&leased, step, note.clone());
        match self.advance(with_end(one, leased.attempt, outcome, note)).await {
            Ok(_) => true,
            // It was recorded in the last moment.
            Err(AdvanceError::Stale | AdvanceError::Illegal(_)) => false,
            Err(AdvanceError::Ledger(error)) => {
                tracing::warn!(task = %leased.id, %error, "a submission under way is left to its lease");
                false
            }
        }
    }
}
