//! Inbound callbacks (section 7): the body of a poll again, unsigned. So a hint.

use super::submit::ECHO;
use super::{id_of, poll, text};
use crate::dialect::Hint;
use crate::wire::Response;
use serde_json::{Map, Value};
use task::ClientId;

/// The task that a callback names.
pub(super) fn read(body: &[u8]) -> Option<Hint> {
    let Ok(Value::Object(task)) = serde_json::from_slice(body) else {
        return None;
    };
    Some(Hint { operation_id: id_of(&task)?.to_owned(), client: client_of(&task) })
}

/// Whether a fetched task echoes our client id.
pub(super) fn carries_client(client: ClientId, response: &Response) -> bool {
    matches!(poll::tasks(response).as_deref(), Ok([task]) if client_of(task) == Some(client))
}

/// Our client id, if the task echoes one.
pub(super) fn client_of(task: &Map<String, Value>) -> Option<ClientId> {
    text(task, ECHO)?.parse().ok()
}
