//! Inbound callbacks of the extended flavour (section 1.4): unsigned, in forms that differ from server to
//! server. So a hint that names a task, wherever its id stands.

use super::upstream_task::word_of;
use crate::dialect::Hint;
use serde_json::Value;

/// The task that a callback names: `task_id`, at the top or within `data`; else `id` at the top.
pub(super) fn read(body: &[u8]) -> Option<Hint> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return None;
    };
    let data = object.get("data");
    let within = data.and_then(|data| data.get("task_id").and_then(word_of).or_else(|| word_of(data)));
    let operation_id =
        object.get("task_id").and_then(word_of).or(within).or_else(|| object.get("id").and_then(word_of))?;
    Some(Hint { operation_id, client: None })
}
