//! What the API page says of these routes.

use crate::errors::task_family_schema;
use crate::family::{Parameter, Route, RouteDoc};
use serde_json::{Value, json};

const EXAMPLE_ID: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

pub(super) fn of(route: &Route) -> RouteDoc {
    let query = match route.name {
        "query" => ["id", "task_id"]
            .map(|name| Parameter {
                name,
                summary: "A task's id; one of the two is enough.",
                schema: json!({ "type": "string" }),
            })
            .into(),
        _ => Vec::new(),
    };
    RouteDoc { query, answer: object(), answer_example: example(), error: task_family_schema() }
}

fn object() -> Value {
    json!({
        "type": "object",
        "required": ["id", "task_id", "object", "model", "status", "progress", "created_at", "status_update_time"],
        "properties": {
            "id": { "type": "string" },
            "task_id": { "type": "string" },
            "object": { "const": "video" },
            "model": { "type": "string" },
            "status": { "enum": ["processing", "completed", "failed"] },
            "progress": { "type": "integer", "minimum": 0, "maximum": 100 },
            "created_at": { "type": "integer" },
            "status_update_time": { "type": "integer", "description": "When the status last changed, s." },
            "video_url": { "type": "string" },
            "url": { "type": "string" },
            "video_urls": { "type": "array", "items": { "type": "string" } },
            "thumbnail_url": { "type": ["string", "null"] },
            "expires_at": { "type": ["integer", "null"] },
            "completed_at": { "type": ["integer", "null"] },
            "duration": { "type": "number" },
            "error": { "type": "object", "required": ["message", "code", "type"] },
        },
    })
}

fn example() -> Value {
    json!({
        "id": EXAMPLE_ID, "task_id": EXAMPLE_ID, "object": "video", "model": "veo-3.1", "status": "processing",
        "progress": 0, "created_at": 1_709_123_456, "status_update_time": 1_709_123_456,
    })
}
