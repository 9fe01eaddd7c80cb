//! The doorbell, after a commit: never awaited by an answer. What is lost here, the sweep finds.

use crate::api::Api;
use queue::{Entry, Lane, QueueError, Scheduler};
use std::sync::Arc;
use std::time::Duration;
use task::{Task, TaskId};
use tokio::time::timeout;

/// How long one ring may take.
pub const RING_LIMIT: Duration = Duration::from_secs(5);

/// A task was opened: the submit lane, and the notify lane when its first callback is due.
pub fn opened(api: &Api, task: &Task, callback_host: Option<String>) {
    let (id, due_ms) = (task.id, task.created_ms);
    let submit = Entry { id, channel: task.channel.clone(), due_ms };
    let notify = callback_host.map(|host| Entry { id, channel: host, due_ms });
    spawn(api, |scheduler| async move {
        scheduler.add(Lane::Submit, &[submit]).await?;
        if let Some(entry) = notify {
            scheduler.add(Lane::Notify, &[entry]).await?;
        }
        scheduler.announce(&[id]).await;
        Ok(())
    });
}

/// A queued task was cancelled.
pub fn cancelled(api: &Api, id: TaskId, callback_host: Option<String>, due_ms: i64) {
    let notify = callback_host.map(|host| Entry { id, channel: host, due_ms });
    spawn(api, |scheduler| async move {
        scheduler.announce(&[id]).await;
        scheduler.remove(Lane::Submit, &[id]).await?;
        if let Some(entry) = notify {
            scheduler.add(Lane::Notify, &[entry]).await?;
        }
        Ok(())
    });
}

/// An errand waits for the poll stage.
pub fn errand(api: &Api, task: &Task, due_ms: i64) {
    let entry = Entry { id: task.id, channel: task.channel.clone(), due_ms };
    spawn(api, |scheduler| async move {
        let id = entry.id;
        scheduler.add(Lane::Poll, &[entry]).await?;
        scheduler.hint(Lane::Poll, &[id]).await
    });
}

fn spawn<F>(api: &Api, ring: impl FnOnce(Arc<dyn Scheduler>) -> F)
where
    F: Future<Output = Result<(), QueueError>> + Send + 'static,
{
    // Boxed, because a task is moved several times before it runs.
    let ring = Box::pin(ring(api.front.scheduler.clone()));
    tokio::spawn(async move {
        match timeout(RING_LIMIT, ring).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the queue could not be rung; the sweep will find it"),
            Err(_) => tracing::warn!("ringing the queue took too long; the sweep will find it"),
        }
    });
}
