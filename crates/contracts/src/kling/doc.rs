//! JSON Schemas and examples of the answers, for the API page.

use super::routes::EXAMPLE_ID;
use super::show;
use crate::errors::task_family_schema;
use crate::family::{Call, Route, RouteDoc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use task::Shown;

pub(super) fn of(route: &Route) -> RouteDoc {
    let (answer, answer_example) = match route.call {
        Call::Submit => (submit_answer(), submit_example()),
        _ => (task_answer(), task_example()),
    };
    RouteDoc { query: Vec::new(), answer, answer_example, error: task_family_schema() }
}

fn words() -> Value {
    let words: BTreeSet<&str> = Shown::ALL.into_iter().map(show::word).collect();
    json!({ "enum": words })
}

fn submit_answer() -> Value {
    json!({
        "type": "object",
        "required": ["created_at", "id", "model", "object", "progress", "status", "task_id"],
        "properties": {
            "created_at": { "type": "integer", "description": "Seconds since the epoch." },
            "id": { "type": "string" },
            "model": { "type": "string" },
            "object": { "const": "video" },
            "progress": { "type": "integer", "minimum": 0, "maximum": 100 },
            "status": words(),
            "task_id": { "type": "string", "description": "The same as id." },
            "external_task_id": { "type": "string", "description": "As the caller gave it." },
        },
    })
}

fn submit_example() -> Value {
    json!({
        "created_at": 1_774_539_107,
        "id": EXAMPLE_ID,
        "model": "kling-v2-5-turbo",
        "object": "video",
        "progress": 0,
        "status": "queued",
        "task_id": EXAMPLE_ID,
    })
}

fn task_answer() -> Value {
    let failure = json!({
        "type": ["object", "null"],
        "required": ["message", "code", "type"],
        "properties": {
            "message": { "type": "string" },
            "code": { "const": "task_failed" },
            "type": { "enum": ["moderation", "invalid_input", "upstream", "expired", "cancelled"] },
        },
    });
    let data = json!({
        "type": "object",
        "required": ["error", "format", "metadata", "status", "task_id", "url"],
        "properties": {
            "error": failure,
            "format": { "type": "string", "description": "The file's extension, such as mp4 or png." },
            "metadata": { "type": "null" },
            "status": words(),
            "task_id": { "type": "string" },
            "url": { "type": "string", "description": "The first result; empty until the task has succeeded." },
            "urls": { "type": "array", "items": { "type": "string" }, "description": "All results, when there are several." },
            "external_task_id": { "type": "string", "description": "As the caller gave it." },
        },
    });
    json!({
        "type": "object",
        "required": ["code", "message", "data"],
        "properties": { "code": { "const": "success" }, "message": { "type": "string" }, "data": data },
    })
}

fn task_example() -> Value {
    json!({
        "code": "success",
        "message": "",
        "data": {
            "error": null,
            "format": "mp4",
            "metadata": null,
            "status": "succeeded",
            "task_id": EXAMPLE_ID,
            "url": format!("https://media.example.com/task-artifacts/2026/03/26/kling/textGenerate/{EXAMPLE_ID}.mp4"),
        },
    })
}
