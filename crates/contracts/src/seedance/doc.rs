//! JSON Schemas, parameters and examples of the answers, for the API page.

use super::query::{PAGE_NUM_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};
use super::routes::EXAMPLE_ID;
use super::words;
use crate::errors::task_family_schema;
use crate::family::{Call, Parameter, Route, RouteDoc};
use serde_json::{Map, Value, json};

const EXAMPLE_URL: &str =
    "https://media.example.com/task-artifacts/2026/03/28/seedance/generate/task_01jd3k8w9q2v5x7z4m6n8p0r1s.mp4";

pub(super) fn of(route: &Route) -> RouteDoc {
    let (answer, answer_example) = match route.call {
        Call::Submit => (accepted(), accepted_example()),
        Call::List => (page(), json!({ "items": [task_example()], "total": 1 })),
        Call::Delete | Call::Cancel => (json!({ "type": "object" }), json!({})),
        _ => (either(), task_example()),
    };
    let query = if route.call == Call::List { filters() } else { Vec::new() };
    RouteDoc { query, answer, answer_example, error: task_family_schema() }
}

fn filters() -> Vec<Parameter> {
    let parameter = |name, summary, schema| Parameter { name, summary, schema };
    let whole =
        |most: usize, usual: usize| json!({ "type": "integer", "minimum": 1, "maximum": most, "default": usual });
    let words: Vec<&str> =
        words::SEEDANCE.into_iter().chain(["running", "succeeded", "cancelled", "expired"]).collect();
    vec![
        parameter("page_num", "Which page, from 1.", whole(PAGE_NUM_MAX, 1)),
        parameter("page_size", "How many tasks a page holds.", whole(PAGE_SIZE_MAX, PAGE_SIZE_DEFAULT)),
        parameter("filter.status", "Only tasks with this status; Ark's words are taken too.", json!({ "enum": words })),
        parameter("filter.task_ids", "Only this task; may be repeated.", json!({ "type": "string" })),
        parameter("filter.model", "Only tasks of this model.", json!({ "type": "string", "maxLength": 200 })),
    ]
}

fn failure() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "type": ["object", "null"],
        "required": ["message", "code", "type"],
        "properties": {
            "message": text(),
            "code": text(),
            "type": { "enum": ["moderation", "invalid_input", "upstream", "expired", "cancelled"] },
        },
    })
}

fn accepted() -> Value {
    let text = || json!({ "type": "string" });
    let data = json!({ "type": "object", "required": ["task_id"], "properties": { "task_id": text() } });
    json!({
        "type": "object",
        "required": ["id", "task_id", "code", "message", "data"],
        "properties": { "id": text(), "task_id": text(), "code": { "const": 0 }, "message": text(), "data": data,
            "safety_identifier": text() },
    })
}

fn accepted_example() -> Value {
    json!({ "id": EXAMPLE_ID, "task_id": EXAMPLE_ID, "code": 0, "message": "success",
        "data": { "task_id": EXAMPLE_ID } })
}

fn task() -> Value {
    let text = || json!({ "type": "string" });
    let time_s = || json!({ "type": "integer", "description": "Seconds since the epoch." });
    let metadata = json!({
        "type": "object",
        "description": "Empty until the task is completed.",
        "properties": {
            "url": text(), "artifact_url": text(), "urls": { "type": "array", "items": text() },
            "resolution": text(), "ratio": text(), "frames_per_second": { "type": "number" },
        },
    });
    let content = json!({ "type": "object", "required": ["video_url"],
        "properties": { "video_url": text(), "last_frame_url": text() } });
    json!({
        "type": "object",
        "description": "The Seedance shape.",
        "required": ["id", "task_id", "object", "model", "status", "progress", "created_at", "updated_at", "seconds",
            "error", "completed_at", "metadata"],
        "properties": {
            "id": text(), "task_id": text(), "object": { "const": "video" }, "model": text(),
            "status": { "enum": words::SEEDANCE },
            "progress": { "type": "integer", "minimum": 0, "maximum": 100 },
            "created_at": time_s(), "updated_at": time_s(),
            "completed_at": { "type": ["integer", "null"] },
            "seconds": text(),
            "error": failure(),
            "metadata": metadata,
            "content": content,
            "usage": { "type": ["object", "null"], "properties": {
                "completion_tokens": { "type": "integer" }, "total_tokens": { "type": "integer" } } },
            "seed": { "type": ["integer", "null"] },
            "duration": { "type": "number" },
            "safety_identifier": text(),
            "resolution": text(),
            "ratio": text(),
            "framespersecond": { "type": "number" },
            "frames": { "type": "integer" },
            "generate_audio": { "type": "boolean" },
            "service_tier": text(),
            "execution_expires_after": { "type": "integer" },
        },
    })
}

fn volcengine() -> Value {
    let text = || json!({ "type": "string" });
    let content = json!({
        "type": "object",
        "description": "Empty until SUCCESS.",
        "properties": { "video_url": text(), "duration": { "type": "number" },
            "video_urls": { "type": "array", "items": text() } },
    });
    let data = json!({
        "type": "object",
        "required": ["task_id", "status", "content"],
        "properties": { "task_id": text(), "status": { "enum": words::VOLCENGINE }, "content": content,
            "error": failure(), "fail_reason": text() },
    });
    json!({
        "type": "object",
        "description": "The Volcengine shape.",
        "required": ["code", "message", "data"],
        "properties": { "code": { "const": 0 }, "message": text(), "data": data },
    })
}

/// A task in the shape of its own submission.
fn either() -> Value {
    let (task, volcengine) = (task(), volcengine());
    let names = [&task, &volcengine].into_iter().filter_map(|schema| schema["properties"].as_object());
    let properties: Map<String, Value> =
        names.flat_map(|fields| fields.keys()).map(|name| (name.clone(), json!({}))).collect();
    json!({ "type": "object", "properties": properties, "anyOf": [task, volcengine] })
}

fn page() -> Value {
    json!({
        "type": "object",
        "required": ["items", "total"],
        "properties": { "items": { "type": "array", "items": task() }, "total": { "type": "integer", "minimum": 0 } },
    })
}

fn task_example() -> Value {
    json!({
        "id": EXAMPLE_ID,
        "task_id": EXAMPLE_ID,
        "object": "video",
        "model": "doubao-seedance-2-0",
        "status": "completed",
        "progress": 100,
        "created_at": 1_774_580_000,
        "updated_at": 1_774_580_030,
        "completed_at": 1_774_580_030,
        "seconds": "11",
        "error": null,
        "metadata": {
            "url": EXAMPLE_URL,
            "artifact_url": EXAMPLE_URL,
            "urls": [EXAMPLE_URL],
            "resolution": "720p",
            "ratio": "16:9",
            "frames_per_second": 24,
        },
        "content": { "video_url": EXAMPLE_URL },
        "usage": { "completion_tokens": 238_230, "total_tokens": 238_230 },
        "seed": 10,
        "duration": 11,
    })
}
