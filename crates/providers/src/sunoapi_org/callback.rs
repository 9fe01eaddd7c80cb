//! Inbound callbacks (section 2.4): unsigned, and in snake case unlike the poll. So a hint that names a task.

use crate::dialect::Hint;
use serde_json::Value;

/// The task that a callback names.
pub(super) fn read(body: &[u8]) -> Option<Hint> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let data = body.get("data")?;
    let told = |name: &str| data.get(name).and_then(Value::as_str).map(str::trim).filter(|id| !id.is_empty());
    let operation_id = told("task_id").or_else(|| told("taskId"))?.to_owned();
    Some(Hint { operation_id, client: None })
}
