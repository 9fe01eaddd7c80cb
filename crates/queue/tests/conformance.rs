//! The scheduler in process does what every scheduler must.

mod suite;

use async_trait::async_trait;
use queue::{MemoryScheduler, Scheduler};
use std::sync::Arc;
use suite::Rig;
use task::Clock;
use task::clock::ManualClock;

struct MemoryRig {
    scheduler: Arc<MemoryScheduler>,
    clock: Arc<ManualClock>,
}

#[async_trait]
impl Rig for MemoryRig {
    fn scheduler(&self) -> Arc<dyn Scheduler> {
        self.scheduler.clone()
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    async fn advance(&self, ms: i64) {
        self.clock.advance_ms(ms);
    }
}

async fn memory_rig() -> Option<Box<dyn Rig>> {
    let clock = Arc::new(ManualClock::new(1_790_000_000_000));
    Some(Box::new(MemoryRig { scheduler: MemoryScheduler::new(clock.clone()), clock }))
}

conformance!(memory_rig);
