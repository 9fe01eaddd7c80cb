//! The answer to a submission: both pages' shapes in one object.

use super::read::BAG;
use crate::family::Answer;
use serde_json::json;
use task::Task;

/// `{id, task_id, code, message, data}`; `safety_identifier` too when the caller gave one, as Ark echoes
/// it (`upstream/seedance.md`, section 2).
pub(super) fn accepted(task: &Task) -> Answer {
    let mut body = json!({
        "id": task.id,
        "task_id": task.id,
        "code": 0,
        "message": "success",
        "data": { "task_id": task.id },
    });
    if let Some(echo) = task.spec.extra(BAG, "safety_identifier") {
        body["safety_identifier"] = echo.clone();
    }
    Answer::ok(body)
}
