//! How many callbacks are in flight when something is struck: those alone may come to their receiver twice.

use crate::service::scheduler;
use queue::{Lane, Scheduler};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

/// The prefix of a service's keys, as it is shipped.
const PREFIX: &str = "backlot";
/// The pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Looks that count for a fault: the last half second.
const LOOKS: usize = 10;

/// Counts, by the leases that the queue has given out for callbacks.
#[derive(Debug)]
pub(super) struct InFlight {
    scheduler: Arc<dyn Scheduler>,
    looks: Arc<Mutex<VecDeque<u64>>>,
    at_faults: AtomicU64,
    _looking: AbortOnDropHandle<()>,
}

impl InFlight {
    /// Looks at this Redis from now on. While it is away the last looks count.
    pub(super) fn watch(redis: &str) -> anyhow::Result<Self> {
        let (scheduler, looks) = (scheduler(redis, PREFIX)?, Arc::default());
        let _looking = AbortOnDropHandle::new(tokio::spawn(look(Arc::clone(&scheduler), Arc::clone(&looks))));
        Ok(Self { scheduler, looks, at_faults: AtomicU64::new(0), _looking })
    }

    /// Something has just been struck, or is about to be. A lease of a process that was struck before counts as long
    /// as it runs. Looks once more: what was struck may have taken its lease since the last look, and holds it still.
    pub(super) async fn struck(&self) {
        let before = self.looks.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().max();
        let now = self.scheduler.counts(Lane::Notify).await.map_or(0, |counts| counts.leased.unsigned_abs());
        self.at_faults.fetch_add(before.unwrap_or_default().max(now), Ordering::SeqCst);
    }

    /// How many were in flight at all faults together.
    pub(super) fn at_faults(&self) -> u64 {
        self.at_faults.load(Ordering::SeqCst)
    }
}

async fn look(scheduler: Arc<dyn Scheduler>, looks: Arc<Mutex<VecDeque<u64>>>) {
    let mut pace = interval(LOOK_PAUSE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let Ok(counts) = scheduler.counts(Lane::Notify).await else { continue };
        let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.push_back(counts.leased.unsigned_abs());
        if looks.len() > LOOKS {
            looks.pop_front();
        }
    }
}
