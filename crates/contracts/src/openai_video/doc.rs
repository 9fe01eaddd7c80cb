//! What the API page says of these routes.

use super::routes::EXAMPLE_ID;
use crate::errors::task_family_schema;
use crate::family::{Call, Parameter, Route, RouteDoc};
use crate::field_schema::TASK_ID;
use serde_json::{Value, json};

pub(super) fn of(route: &Route) -> RouteDoc {
    let (answer, answer_example) = match route.call {
        Call::Content => (Value::Null, Value::Null),
        Call::List => (
            page(),
            json!({ "object": "list", "data": [example()], "first_id": EXAMPLE_ID,
            "last_id": EXAMPLE_ID, "has_more": false }),
        ),
        Call::Delete => (
            json!({ "type": "object", "required": ["id", "object", "deleted"], "properties": {
                "id": { "type": "string" }, "object": { "const": "video.deleted" }, "deleted": { "const": true } } }),
            json!({ "id": EXAMPLE_ID, "object": "video.deleted", "deleted": true }),
        ),
        _ => (object(), example()),
    };
    RouteDoc { query: query(route.call), answer, answer_example, error: task_family_schema() }
}

fn query(call: Call) -> Vec<Parameter> {
    let parameter = |name, summary, schema| Parameter { name, summary, schema };
    match call {
        Call::List => vec![
            parameter("limit", "How many, 20 by default.", json!({ "type": "integer", "minimum": 0, "maximum": 100 })),
            parameter("order", "By time of creation, desc by default.", json!({ "enum": ["asc", "desc"] })),
            parameter(
                "after",
                "The id of the last one of the page before.",
                json!({ "type": "string", "pattern": TASK_ID }),
            ),
        ],
        Call::Content => vec![parameter(
            "variant",
            "Which file: the film by default.",
            json!({ "enum": ["video", "thumbnail", "spritesheet"] }),
        )],
        _ => Vec::new(),
    }
}

fn page() -> Value {
    json!({
        "type": "object",
        "required": ["object", "data", "first_id", "last_id", "has_more"],
        "properties": {
            "object": { "const": "list" },
            "data": { "type": "array", "items": object() },
            "first_id": { "type": ["string", "null"] },
            "last_id": { "type": ["string", "null"] },
            "has_more": { "type": "boolean" },
        },
    })
}

fn object() -> Value {
    let text_or_null = json!({ "type": ["string", "null"] });
    let whole_or_null = json!({ "type": ["integer", "null"] });
    json!({
        "type": "object",
        "required": ["id", "task_id", "object", "model", "status", "progress", "created_at", "completed_at",
            "expires_at", "prompt", "size", "seconds", "quality", "remixed_from_video_id", "error"],
        "properties": {
            "id": { "type": "string" },
            "task_id": { "type": "string" },
            "object": { "const": "video" },
            "model": { "type": "string" },
            "status": { "enum": ["queued", "in_progress", "completed", "failed"] },
            "progress": { "type": "integer", "minimum": 0, "maximum": 100 },
            "created_at": { "type": "integer" },
            "completed_at": whole_or_null.clone(),
            "expires_at": whole_or_null,
            "prompt": text_or_null.clone(),
            "size": { "type": "string" },
            "seconds": { "type": "string" },
            "quality": { "type": "string" },
            "remixed_from_video_id": text_or_null.clone(),
            "error": { "type": ["object", "null"] },
            "video": { "type": "object", "required": ["url", "duration", "width", "height"] },
            "url": { "type": "string" },
            "video_url": { "type": "string" },
            "thumbnail_url": text_or_null,
            "videos": { "type": "array", "items": { "type": "object", "required": ["url"] } },
        },
    })
}

fn example() -> Value {
    let url = format!("https://media.example.com/task-artifacts/2026/11/22/openai_video/generate/{EXAMPLE_ID}.mp4");
    json!({
        "id": EXAMPLE_ID, "task_id": EXAMPLE_ID, "object": "video", "model": "sora-2", "status": "completed",
        "progress": 100, "created_at": 1_709_123_456, "completed_at": 1_709_123_576, "expires_at": null,
        "prompt": "A timelapse of a city skyline", "size": "1792x1024", "seconds": "12", "quality": "standard",
        "remixed_from_video_id": null, "error": null,
        "video": { "url": url, "duration": 12.0, "width": 1792, "height": 1024 },
        "url": url, "video_url": url, "thumbnail_url": null, "videos": [{ "url": url }],
    })
}
