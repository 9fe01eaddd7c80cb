//! Inbound callbacks (section 8): the task object again, unsigned, perhaps out of order. So a hint.

use super::poll;
use super::upstream_task::UpstreamTask;
use crate::dialect::Hint;
use crate::wire::Response;
use serde_json::Value;
use task::ClientId;

/// The task that a callback names.
pub(super) fn read(body: &[u8]) -> Option<Hint> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return None;
    };
    let task = UpstreamTask(&object);
    let client = task.text("state").and_then(|state| state.parse().ok());
    Some(Hint { operation_id: task.id()?, client })
}

/// Whether a fetched task carries our client id as its `state`.
pub(super) fn carries_client(client: ClientId, response: &Response) -> bool {
    let text = client.to_string();
    match poll::tasks(response).as_deref() {
        Ok([task]) => UpstreamTask(task).text("state") == Some(&text),
        _ => false,
    }
}
