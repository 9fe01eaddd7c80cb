//! The scheduler alone: entries that are looked at by nobody and come due again.

use async_trait::async_trait;
use queue::{Batch, Claim, Entry, Finish, Handler, Lane, LeaseKeeper, Scheduler};
use std::sync::Arc;
use task::{Clock, Entropy, TaskId};

/// Entries of one call.
const PAGE: usize = 500;

/// Lets everything come due again after a period.
pub(super) struct Again {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) period_ms: i64,
}

#[async_trait]
impl Handler for Again {
    async fn handle(&self, batch: Batch, _lease: LeaseKeeper) -> Vec<(Claim, Finish)> {
        let due_ms = self.clock.now_ms() + self.period_ms;
        batch.claims.into_iter().map(|claim| (claim, Finish::At(due_ms))).collect()
    }
}

/// Fills the poll lane with so many entries, spread over the channels and over one period.
pub(super) async fn fill(
    scheduler: &dyn Scheduler,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    tasks: u64,
    channels: u64,
    period_ms: i64,
) -> anyhow::Result<()> {
    let now_ms = clock.now_ms();
    let numbers: Vec<u64> = (0..tasks).collect();
    for page in numbers.chunks(PAGE) {
        let entry = |number: &u64| Entry {
            id: TaskId::new(now_ms, entropy),
            channel: format!("c{}", number % channels),
            due_ms: now_ms
                + i64::try_from(*number).unwrap_or_default() * period_ms / i64::try_from(tasks).unwrap_or(i64::MAX),
        };
        scheduler.add(Lane::Poll, &page.iter().map(entry).collect::<Vec<_>>()).await?;
    }
    Ok(scheduler.set_filled().await?)
}
