//! Running tasks as this process last read them, so that a poll of one that has not changed reads its pulse and
//! not its whole row. Nothing in it is the truth: whatever has another version is read anew.

use ledger::Pulse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use task::{Kind, Operation, Phase, Task, TaskId};

/// Tasks that are remembered at the same time, some 300 bytes each. Further ones are read whole each time.
const TASKS_MAX: usize = 500_000;
/// A task that was not polled here for this long has ended, or is polled elsewhere: more than the longest pause
/// between two polls.
const IDLE_MS: i64 = 300_000;
/// The pause between two looks for such tasks.
const TIDY_PERIOD_MS: i64 = 60_000;

/// What a poll has to know of a running task. All but `progress` stays as it is as long as the version does.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) version: i64,
    pub(crate) kind: Kind,
    pub(crate) phase: Phase,
    pub(crate) operation: Operation,
    pub(crate) deadline_ms: i64,
    /// The furthest that was heard of here.
    pub(crate) progress: i64,
    pub(crate) seen_ms: i64,
}

impl Flight {
    /// Of a task that was read whole; `None` when it is not running.
    pub(crate) fn of(task: &Task) -> Option<Self> {
        let operation = task.operation.clone().filter(|_| task.state == task::State::Running)?;
        Some(Self {
            version: task.version,
            kind: task.spec.kind,
            phase: task.phase,
            operation,
            deadline_ms: task.deadline_ms,
            progress: task.progress,
            seen_ms: 0,
        })
    }
}

/// The tasks of this process that are between two polls.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    tasks: HashMap<TaskId, Flight>,
    tidied_ms: i64,
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what is known of the tasks that are still as they were, and forgets it: whoever drops it has
    /// to read the row. Tasks with an errand are left out, because an errand needs the whole row.
    pub(crate) fn take(&self, pulses: &[Pulse]) -> Vec<(Pulse, Flight)> {
        let mut memory = self.lock();
        let known = |pulse: &Pulse| {
            let flight = memory.tasks.remove(&pulse.id)?;
            (flight.version == pulse.version && !pulse.has_errand).then_some((*pulse, flight))
        };
        pulses.iter().filter_map(known).collect()
    }

    /// Remembers tasks until their next poll.
    pub(crate) fn keep(&self, flights: impl Iterator<Item = (TaskId, Flight)>, now_ms: i64) {
        let mut memory = self.lock();
        if now_ms - memory.tidied_ms >= TIDY_PERIOD_MS {
            memory.tidied_ms = now_ms;
            memory.tasks.retain(|_, flight| now_ms - flight.seen_ms < IDLE_MS);
        }
        for (id, flight) in flights {
            if memory.tasks.len() < TASKS_MAX {
                memory.tasks.insert(id, Flight { seen_ms: now_ms, ..flight });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use task::clock::SeededEntropy;

    const BEGIN_MS: i64 = 1_790_000_000_000;

    fn flight(version: i64) -> Flight {
        Flight {
            version,
            kind: Kind::Image,
            phase: Phase::Working,
            operation: Operation { id: "op".to_owned(), memo: Value::Null },
            deadline_ms: BEGIN_MS,
            progress: 7,
            seen_ms: 0,
        }
    }

    fn pulse(id: TaskId, version: i64) -> Pulse {
        Pulse { id, version, missing_ms: None, has_errand: false }
    }

    #[test]
    fn only_a_task_that_is_as_it_was_is_known() {
        let entropy = SeededEntropy::new(1);
        let ids: Vec<TaskId> = (0..4).map(|_| TaskId::new(BEGIN_MS, &entropy)).collect();
        let known = InFlight::default();
        known.keep(ids[..3].iter().map(|id| (*id, flight(4))), BEGIN_MS);
        let pulses =
            [pulse(ids[0], 4), pulse(ids[1], 5), Pulse { has_errand: true, ..pulse(ids[2], 4) }, pulse(ids[3], 4)];
        let taken = known.take(&pulses);
        assert_eq!(taken.iter().map(|(pulse, _)| pulse.id).collect::<Vec<_>>(), [ids[0]]);
        assert_eq!(known.take(&pulses).len(), 0, "what was handed out has to come back");
    }

    #[test]
    fn a_task_that_is_polled_no_more_is_forgotten() {
        let entropy = SeededEntropy::new(2);
        let (gone, here) = (TaskId::new(BEGIN_MS, &entropy), TaskId::new(BEGIN_MS, &entropy));
        let known = InFlight::default();
        known.keep([(gone, flight(1)), (here, flight(1))].into_iter(), BEGIN_MS);
        for now_ms in [BEGIN_MS + IDLE_MS / 2, BEGIN_MS + IDLE_MS] {
            let back = known.take(&[pulse(here, 1)]);
            known.keep(back.into_iter().map(|(pulse, flight)| (pulse.id, flight)), now_ms);
        }
        assert_eq!(known.take(&[pulse(gone, 1), pulse(here, 1)]).len(), 1);
    }
}
