//! How fast the queue is being filled, so that what runs is due from when it will be filled and not before: nobody
//! can claim it earlier, and all that came due meanwhile would be a crowd.

use crate::core::Core;
use ledger::LedgerError;
use std::sync::atomic::{AtomicI64, Ordering};

/// Tasks between two lines of the log.
const WORD_TASKS: i64 = 100_000;

/// A filling under way.
#[derive(Debug)]
pub(crate) struct Pace {
    began_ms: i64,
    /// What there is to do; 0 until it is counted.
    tasks: AtomicI64,
    done: AtomicI64,
}

impl Pace {
    /// Begins now.
    pub(crate) fn begin(core: &Core) -> Self {
        Self { began_ms: core.clock.now_ms(), tasks: AtomicI64::new(0), done: AtomicI64::new(0) }
    }

    /// Counts what there is to do. That takes as long as a few pages, so it goes beside the first ones.
    pub(crate) async fn count(&self, core: &Core) -> Result<(), LedgerError> {
        let counts = core.ledger.state_counts().await?;
        self.tasks.store(counts.iter().map(|(_, _, tasks)| tasks).sum(), Ordering::Relaxed);
        Ok(())
    }

    /// So many more tasks are in the queue.
    pub(crate) fn note(&self, tasks: usize) {
        let tasks = i64::try_from(tasks).unwrap_or_default();
        let before = self.done.fetch_add(tasks, Ordering::Relaxed);
        let done = before + tasks;
        if done / WORD_TASKS > before / WORD_TASKS {
            tracing::info!(done, of = self.tasks.load(Ordering::Relaxed), "filling the queue from the ledger");
        }
    }

    /// When all of them will be if it goes on like this; now while nothing is known.
    pub(crate) fn ends_ms(&self, now_ms: i64) -> i64 {
        ends_ms(self.began_ms, now_ms, self.done.load(Ordering::Relaxed), self.tasks.load(Ordering::Relaxed))
    }
}

fn ends_ms(began_ms: i64, now_ms: i64, done: i64, tasks: i64) -> i64 {
    if done == 0 {
        return now_ms;
    }
    let taken_ms = (now_ms - began_ms).max(0);
    now_ms + taken_ms * (tasks - done).max(0) / done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_when_it_would_at_its_pace() {
        assert_eq!(ends_ms(1_000, 1_500, 0, 100), 1_500, "nothing is known yet");
        assert_eq!(ends_ms(1_000, 1_500, 25, 0), 1_500, "it is not counted yet");
        assert_eq!(ends_ms(1_000, 1_500, 25, 100), 3_000);
        assert_eq!(ends_ms(1_000, 2_500, 75, 100), 3_000);
    }

    #[test]
    fn tasks_that_came_meanwhile_and_clocks_that_went_back_do_no_harm() {
        assert_eq!(ends_ms(1_000, 3_000, 120, 100), 3_000);
        assert_eq!(ends_ms(1_000, 900, 50, 100), 900);
    }
}
