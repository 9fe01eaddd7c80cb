//! Callbacks that arrived and could not be written down, because the ledger was away just then.

use ledger::{Callback, CallbackAttempt};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use task::{CallbackId, TaskId};

/// Deliveries that are remembered at the same time: more than one process has in flight.
const DELIVERED_MAX: usize = 10_000;

/// The last delivery of each task that the ledger does not know of yet, so that the receiver does not get it a
/// second time. Only this process's memory: after a crash it goes out again, with the same id.
#[derive(Debug, Default)]
pub(crate) struct Delivered(Mutex<HashMap<TaskId, (CallbackId, CallbackAttempt)>>);

impl Delivered {
    /// Remembers that this one has arrived.
    pub(crate) fn keep(&self, callback: &Callback, attempt: CallbackAttempt) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < DELIVERED_MAX {
            kept.insert(callback.task, (callback.id, attempt));
        }
    }

    /// How the task's callback that is next arrived, if it did, and forgets it. What is remembered of another
    /// one is written down already: one is in flight at a time.
    pub(crate) fn take(&self, task: TaskId, next: Option<&Callback>) -> Option<CallbackAttempt> {
        let (id, attempt) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&task)?;
        next.is_some_and(|callback| callback.id == id).then_some(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::CallbackState;
    use serde_json::Value;
    use task::clock::SeededEntropy;

    fn callback(task: TaskId, entropy: &SeededEntropy) -> Callback {
        Callback {
            id: CallbackId::new(1, entropy),
            task,
            seq: 1,
            url: "https://receiver.test".to_owned(),
            host: "receiver.test".to_owned(),
            word: "SUCCESS".to_owned(),
            body: Vec::new(),
            terminal: true,
            state: CallbackState::Pending,
            attempts: 0,
            due_ms: 1,
            created_ms: 1,
            ended_ms: None,
            last: None,
            trace: None,
        }
    }

    #[test]
    fn an_arrival_is_told_once_and_of_its_own_callback_alone() {
        let entropy = SeededEntropy::new(1);
        let task = TaskId::new(1, &entropy);
        let (first, second) = (callback(task, &entropy), callback(task, &entropy));
        let attempt = CallbackAttempt { at_ms: 5, status: Some(200), class: "ok".to_owned(), note: Value::Null };
        let delivered = Delivered::default();
        delivered.keep(&first, attempt.clone());
        assert_eq!(delivered.take(task, Some(&first)), Some(attempt.clone()));
        assert_eq!(delivered.take(task, Some(&first)), None, "it was forgotten");
        delivered.keep(&first, attempt.clone());
        assert_eq!(delivered.take(task, Some(&second)), None, "the first was written down after all");
        delivered.keep(&first, attempt);
        assert_eq!(delivered.take(task, None), None);
        assert!(delivered.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
    }
}
