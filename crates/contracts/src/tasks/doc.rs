//! JSON Schemas, parameters and examples, for the API page.

use super::query::{FILTER_MAX_CHARS, LIMIT_DEFAULT, LIMIT_MAX};
use super::show::WORDS;
use crate::errors::task_family_schema;
use crate::family::{Call, Parameter, Route, RouteDoc};
use crate::field_schema::{NO_NUL, TASK_ID};
use serde_json::{Value, json};

const EXAMPLE_ID: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

pub(super) fn of(route: &Route) -> RouteDoc {
    let listing = route.call == Call::List;
    RouteDoc {
        query: if listing { filters() } else { Vec::new() },
        answer: if listing { page() } else { task() },
        answer_example: if listing { page_example() } else { task_example() },
        error: task_family_schema(),
    }
}

fn filters() -> Vec<Parameter> {
    let words = WORDS.map(|(word, _)| word);
    let families: Vec<&str> = crate::all().iter().map(|family| family.name()).collect();
    let parameter = |name, summary, schema| Parameter { name, summary, schema };
    vec![
        parameter("status", "Only tasks with this status.", json!({ "enum": words })),
        parameter("family", "Only tasks that came in by this contract.", json!({ "enum": families })),
        parameter(
            "model",
            "Only tasks of this model.",
            json!({ "type": "string", "maxLength": FILTER_MAX_CHARS, "pattern": NO_NUL }),
        ),
        parameter(
            "after",
            "Only tasks older than this one: last_id of the page before.",
            json!({ "type": "string", "pattern": TASK_ID }),
        ),
        parameter(
            "limit",
            "At most so many.",
            json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT }),
        ),
    ]
}

fn task() -> Value {
    let text = || json!({ "type": "string" });
    let time_s = || json!({ "type": "integer", "description": "Seconds since the epoch." });
    let strings = || json!({ "type": "array", "items": { "type": "string" } });
    let failure = json!({
        "type": ["object", "null"],
        "required": ["message", "code", "type"],
        "properties": {
            "message": text(),
            "code": text(),
            "type": { "enum": ["moderation", "invalid_input", "upstream", "expired"] },
        },
    });
    let output = json!({
        "type": "object",
        "required": ["url", "role", "content_type", "bytes", "sha256"],
        "properties": {
            "url": text(),
            "role": { "enum": ["image", "single", "video", "audio", "cover"] },
            "content_type": text(),
            "bytes": { "type": "integer" },
            "sha256": text(),
            "width": { "type": "integer" },
            "height": { "type": "integer" },
            "duration": { "type": "number", "description": "Seconds." },
            "late": { "type": "boolean", "description": "Found after the task had ended." },
        },
    });
    json!({
        "type": "object",
        "required": [
            "id", "object", "family", "action", "model", "status", "progress", "created_at", "updated_at",
            "completed_at", "external_id", "outputs", "texts", "error", "quota", "warnings",
        ],
        "properties": {
            "id": text(),
            "object": { "const": "task" },
            "family": text(),
            "action": text(),
            "model": text(),
            "status": { "enum": WORDS.map(|(word, _)| word) },
            "progress": { "type": "integer", "minimum": 0, "maximum": 100 },
            "created_at": time_s(),
            "updated_at": time_s(),
            "completed_at": { "type": ["integer", "null"] },
            "external_id": { "type": ["string", "null"] },
            "outputs": { "type": "array", "items": output },
            "texts": strings(),
            "error": failure,
            "quota": { "type": "integer", "description": "Held while it goes on, taken once it has ended." },
            "warnings": strings(),
        },
    })
}

fn page() -> Value {
    json!({
        "type": "object",
        "required": ["object", "data", "first_id", "last_id", "has_more"],
        "properties": {
            "object": { "const": "list" },
            "data": { "type": "array", "items": task() },
            "first_id": { "type": ["string", "null"] },
            "last_id": { "type": ["string", "null"] },
            "has_more": { "type": "boolean" },
        },
    })
}

fn page_example() -> Value {
    json!({
        "object": "list",
        "data": [task_example()],
        "first_id": EXAMPLE_ID,
        "last_id": EXAMPLE_ID,
        "has_more": false,
    })
}

fn task_example() -> Value {
    json!({
        "id": EXAMPLE_ID,
        "object": "task",
        "family": "midjourney",
        "action": "IMAGINE",
        "model": "mj_imagine",
        "status": "succeeded",
        "progress": 100,
        "created_at": 1_709_123_456,
        "updated_at": 1_709_123_520,
        "completed_at": 1_709_123_520,
        "external_id": null,
        "outputs": [{
            "url": format!("https://media.example.com/task-artifacts/2024/02/28/midjourney/IMAGINE/{EXAMPLE_ID}.png"),
            "role": "image",
            "content_type": "image/png",
            "bytes": 1_234_567,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "width": 2048,
            "height": 2048,
        }],
        "texts": [],
        "error": null,
        "quota": 50_000,
        "warnings": [],
    })
}
