//! The doorbells of opened tasks, rung together: what is opened while a ring is under way shares the next one. An
//! idle service adds no delay, and a busy one rings once for many.

use crate::ring::until_rung;
use queue::{Entry, Lane, QueueError, Scheduler};
use std::mem::{replace, take};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most tasks of one ring: what a queue elsewhere takes in one call.
pub const BELLS_RUNG: usize = 500;

/// The most tasks that wait to be rung, while the queue is slow or away. Further ones are left to the sweep.
pub const BELLS_WAITING_MAX: usize = 20_000;

/// Rings for opened tasks.
pub struct Bells {
    scheduler: Arc<dyn Scheduler>,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    bells: Vec<Bell>,
    /// Tasks that found no room since the last ring.
    lost: usize,
    /// Whether somebody rings for all that wait.
    is_attended: bool,
}

/// One task's: its entry on the submit lane, and the one on the notify lane.
struct Bell {
    submit: Entry,
    notify: Option<Entry>,
}

impl Bells {
    /// Bells of this queue.
    pub fn new(scheduler: Arc<dyn Scheduler>) -> Self {
        Self { scheduler, waiting: Arc::default() }
    }

    /// Has a task rung, soon and by somebody else.
    pub fn ring(&self, submit: Entry, notify: Option<Entry>) {
        if lock(&self.waiting).put(Bell { submit, notify }) {
            let (scheduler, waiting) = (self.scheduler.clone(), self.waiting.clone());
            tokio::spawn(Ringer { scheduler, waiting, has_left: false }.run());
        }
    }
}

impl Waiting {
    /// Takes a bell in, if there is room; tells whether somebody has to come and ring.
    fn put(&mut self, bell: Bell) -> bool {
        if self.bells.len() >= BELLS_WAITING_MAX {
            self.lost += 1;
            return false;
        }
        self.bells.push(bell);
        !replace(&mut self.is_attended, true)
    }

    /// What is rung next. `None` when nothing waits: whoever asked has left then.
    fn next(&mut self) -> Option<Vec<Bell>> {
        self.is_attended = !self.bells.is_empty();
        if !self.is_attended {
            return None;
        }
        let rest = self.bells.split_off(self.bells.len().min(BELLS_RUNG));
        Some(replace(&mut self.bells, rest))
    }
}

/// Whoever rings; makes room for another even if it is dropped halfway.
struct Ringer {
    scheduler: Arc<dyn Scheduler>,
    waiting: Arc<Mutex<Waiting>>,
    has_left: bool,
}

impl Ringer {
    async fn run(mut self) {
        while let Some(bells) = self.next_bells() {
            until_rung(bells.len(), ring(&*self.scheduler, bells)).await;
        }
    }

    /// What waits, or `None` and the place left: both under one lock, so that a bell which comes at this moment
    /// finds either a ringer that will see it or none.
    fn next_bells(&mut self) -> Option<Vec<Bell>> {
        let (next, lost) = {
            let mut waiting = lock(&self.waiting);
            (waiting.next(), take(&mut waiting.lost))
        };
        if lost > 0 {
            tracing::warn!(tasks = lost, "too many tasks wait to be rung; the sweep will find them");
        }
        self.has_left = next.is_none();
        next
    }
}

impl Drop for Ringer {
    fn drop(&mut self) {
        if !self.has_left {
            lock(&self.waiting).is_attended = false;
        }
    }
}

async fn ring(scheduler: &dyn Scheduler, bells: Vec<Bell>) -> Result<(), QueueError> {
    let ids: Vec<_> = bells.iter().map(|bell| bell.submit.id).collect();
    let (submits, notifies): (Vec<_>, Vec<_>) = bells.into_iter().map(|bell| (bell.submit, bell.notify)).unzip();
    scheduler.add(Lane::Submit, &submits).await?;
    let notifies: Vec<_> = notifies.into_iter().flatten().collect();
    scheduler.add(Lane::Notify, &notifies).await?;
    scheduler.announce(&ids).await;
    Ok(())
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue::MemoryScheduler;
    use task::TaskId;
    use task::clock::{ManualClock, SeededEntropy};

    fn bell() -> Bell {
        let id = TaskId::new(1, &SeededEntropy::new(1));
        Bell { submit: Entry { id, channel: "c".into(), due_ms: 1 }, notify: None }
    }

    #[test]
    fn what_comes_during_a_ring_shares_the_next_one() {
        let mut waiting = Waiting::default();
        assert!(waiting.put(bell()), "nobody rings yet");
        assert_eq!(waiting.next().map(|bells| bells.len()), Some(1));
        for _ in 0..BELLS_RUNG + 1 {
            assert!(!waiting.put(bell()), "somebody rings, and will see it");
        }
        assert_eq!(waiting.next().map(|bells| bells.len()), Some(BELLS_RUNG));
        assert_eq!(waiting.next().map(|bells| bells.len()), Some(1));
        assert!(waiting.next().is_none());
        assert!(waiting.put(bell()), "whoever rang has left");
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let mut waiting = Waiting::default();
        for _ in 0..BELLS_WAITING_MAX + 3 {
            waiting.put(bell());
        }
        assert_eq!((waiting.bells.len(), waiting.lost), (BELLS_WAITING_MAX, 3));
    }

    #[test]
    fn a_ringer_that_is_dropped_halfway_leaves_its_place() {
        let waiting = Arc::<Mutex<Waiting>>::default();
        assert!(lock(&waiting).put(bell()));
        let scheduler = MemoryScheduler::new(Arc::new(ManualClock::new(0)));
        let mut ringer = Ringer { scheduler, waiting: waiting.clone(), has_left: false };
        assert!(ringer.next_bells().is_some());
        drop(ringer);
        assert!(lock(&waiting).put(bell()), "the next one begins anew");
    }
}
