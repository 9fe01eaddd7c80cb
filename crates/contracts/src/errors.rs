//! The two error bodies that families share (`contract/errors.md`, `contract/DECISIONS.md`, errors
//! before a task exists). Families with a shape of their own build it around [`error_object`].

use crate::problem::Problem;
use serde_json::{Map, Value, json};
use task::{Failure, Task};

/// The inner `error` object: always `message`, `type`, `code`, `param` (the field's name or null) and
/// `request_id`; `task_id` too when a task exists all the same.
pub fn error_object(problem: &Problem, request_id: &str) -> Value {
    let mut error = Map::new();
    error.insert("message".into(), json!(problem.message));
    error.insert("type".into(), json!(problem.kind));
    error.insert("code".into(), json!(problem.code));
    error.insert("param".into(), json!(problem.param));
    error.insert("request_id".into(), json!(request_id));
    if let Some(task) = problem.task {
        error.insert("task_id".into(), json!(task));
    }
    Value::Object(error)
}

/// The task families' body: `{code, message, data:null}` and `error{…}` in one object.
pub fn task_family_body(problem: &Problem, request_id: &str) -> Value {
    json!({
        "code": problem.code,
        "message": problem.message,
        "data": null,
        "error": error_object(problem, request_id),
    })
}

/// The JSON Schema of [`error_object`].
pub fn error_object_schema() -> Value {
    json!({
        "type": "object",
        "required": ["message", "type", "code", "param"],
        "properties": {
            "message": { "type": "string", "description": "What is wrong, and what would be accepted." },
            "type": { "type": "string" },
            "code": { "type": "string" },
            "param": { "type": ["string", "null"], "description": "The field that is wrong." },
            "request_id": { "type": "string", "description": "The same as the header x-request-id." },
            "task_id": { "type": "string", "description": "The task that exists all the same." },
        },
    })
}

/// The JSON Schema of [`task_family_body`].
pub fn task_family_schema() -> Value {
    json!({
        "type": "object",
        "required": ["code", "message", "data", "error"],
        "properties": {
            "code": { "type": "string" },
            "message": { "type": "string" },
            "data": { "type": "null" },
            "error": error_object_schema(),
        },
    })
}

/// A failed task's `error` (`contract/DECISIONS.md`, failure object); `None` when it has not failed.
pub fn failure_object(task: &Task) -> Option<Value> {
    let Failure { kind, public, .. } = task.failure.as_ref()?;
    Some(json!({ "message": public, "code": "task_failed", "type": kind.public_type() }))
}
