//! Where claimed batches wait for apalis to start them: a moment, because each has its place already.

use crate::scheduler::Batch;
use futures::task::AtomicWaker;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;

/// A claimed batch and the place that it takes.
#[derive(Debug)]
pub(super) struct Work {
    /// What was claimed.
    pub(super) batch: Batch,
    /// Free again when this is dropped.
    pub(super) place: OwnedSemaphorePermit,
}

/// The batches between the claimer and apalis's worker, never more than there are places.
#[derive(Debug, Default)]
pub(super) struct Handoff {
    works: Mutex<VecDeque<Work>>,
    waker: AtomicWaker,
}

impl Handoff {
    fn works(&self) -> MutexGuard<'_, VecDeque<Work>> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands batches over.
    pub(super) fn put(&self, works: impl Iterator<Item = Work>) {
        self.works().extend(works);
        self.waker.wake();
    }

    /// The next batch to start. One task waits at a time.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Work> {
        // Registered before looking, so that a batch put in between wakes the task.
        self.waker.register(cx.waker());
        self.works().pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    /// Everything that was not started.
    pub(super) fn take_all(&self) -> Vec<Work> {
        self.works().drain(..).collect()
    }
}
