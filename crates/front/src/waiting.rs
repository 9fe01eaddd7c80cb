//! Holding an answer until a task ends (`Prefer: wait=N`).

use crate::api::Api;
use crate::views::{HANDOVERS_MAX, goes_on_as};
use std::time::Duration;
use task::TaskId;
use tokio::time::{Instant, sleep_until};

/// Returns when the task has ended (or the one that it was handed over to), when `limit` has passed,
/// or when the process begins to drain. The caller reads the task again: nothing here is an error.
pub async fn until_over(api: &Api, id: TaskId, limit: Duration) {
    let deadline = Instant::now() + limit;
    let mut next = Some(id);
    for _ in 0..=HANDOVERS_MAX {
        let Some(id) = next else { return };
        next = end_of(api, id, deadline).await;
    }
}

/// Waits for the end of one task; the child that it goes on as, if it has one.
async fn end_of(api: &Api, id: TaskId, deadline: Instant) -> Option<TaskId> {
    let mut watcher = api.watch.on(id);
    // Read after the watcher listens, so that no end falls between the two.
    let first = api.reader.task(id).await.ok()??;
    if first.is_over() {
        return goes_on_as(&first);
    }
    loop {
        let latest = tokio::select! {
            latest = watcher.next() => latest?,
            () = sleep_until(deadline) => return None,
            () = api.front.draining.cancelled() => return None,
        };
        if latest.is_over() {
            return goes_on_as(&latest);
        }
    }
}
