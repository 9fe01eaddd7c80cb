//! The doorbell, after a commit: never awaited by an answer. What is lost here, the sweep finds.

use crate::api::Api;
use queue::{Entry, Lane, QueueError, Scheduler};
use std::sync::Arc;
use std::time::Duration;
use task::{Task, TaskId};
use tokio::time::timeout;

/// How long one ring may take.
pub const RING_LIMIT: Duration = Duration::from_secs(5);

/// A task was opened: the submit lane, and the notify lane when its first callback is due. Together with others
/// ([`crate::bells`]), because this is rung for every task.
pub fn opened(api: &Api, task: &Task, callback_host: Option<String>) {
    let (id, due_ms) = (task.id, task.created_ms);
    let submit = Entry { id, channel: task.channel.clone(), due_ms };
    api.bells.ring(submit, callback_host.map(|host| Entry { id, channel: host, due_ms }));
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
    let ring = ring(api.front.scheduler.clone());
    tokio::spawn(until_rung(1, ring));
}

/// Waits for a ring of so many tasks, and tells the log if nothing comes of it.
pub(crate) async fn until_rung(tasks: usize, ring: impl Future<Output = Result<(), QueueError>>) {
    match timeout(RING_LIMIT, ring).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(tasks, %error, "the queue could not be rung; the sweep will find them"),
        Err(_) => tracing::warn!(tasks, "ringing the queue took too long; the sweep will find them"),
    }
}
