//! JSON Schemas and examples of the answers, for the API page.

use super::routes::EXAMPLE_ID;
use super::show;
use crate::errors::error_object_schema;
use crate::family::{Call, Route, RouteDoc};
use serde_json::{Map, Value, json};
use task::Shown;

pub(super) fn of(route: &Route) -> RouteDoc {
    let (answer, answer_example) = match route.call {
        Call::Submit => (submit_answer(), example(EXAMPLE_ID.into(), "Submitted successfully")),
        Call::Show | Call::Events => (task_object(), task_example()),
        Call::ShowMany | Call::List => (json!({ "type": "array", "items": task_object() }), json!([task_example()])),
        Call::Lookup => (result_answer(json!({ "type": "string" })), example("1234567890".into(), "Success")),
        Call::Cancel | Call::Delete => {
            (result_answer(json!({ "type": "string" })), example(EXAMPLE_ID.into(), "Success"))
        }
        Call::Upload => {
            let urls = json!({ "type": "array", "items": { "type": "string", "format": "uri" } });
            (result_answer(urls), example(json!(["https://media.example.com/uploads/picture.png"]), "Success"))
        }
        Call::Content | Call::Models => (Value::Null, Value::Null),
    };
    RouteDoc { query: Vec::new(), answer, answer_example, error: error() }
}

fn example(result: Value, description: &str) -> Value {
    json!({ "code": 1, "description": description, "result": result, "properties": {} })
}

fn answer(code: Value, result: Value) -> Value {
    json!({
        "type": "object",
        "required": ["code", "description", "result", "properties"],
        "properties": {
            "code": code,
            "description": { "type": "string" },
            "result": result,
            "properties": { "type": "object" },
        },
    })
}

fn submit_answer() -> Value {
    let code = json!({ "enum": [1, 21, 22],
        "description": "1: submitted. 21: it exists, or waits for a modal. 22: queued behind properties.numberOfQueues tasks." });
    answer(code, json!({ "type": "string", "description": "The task's id." }))
}

fn result_answer(result: Value) -> Value {
    answer(json!({ "const": 1 }), result)
}

fn error() -> Value {
    let mut schema = answer(json!({ "enum": [3, 4, 9, 23, 24] }), json!({ "type": "null" }));
    schema["required"] = json!(["code", "description", "result", "properties", "type", "error"]);
    schema["properties"]["type"] = json!({ "const": "upstream_error" });
    schema["properties"]["error"] = error_object_schema();
    schema
}

fn task_object() -> Value {
    let text = || json!({ "type": "string" });
    let time_ms =
        || json!({ "type": "integer", "minimum": 0, "description": "Milliseconds since the epoch; 0 when not yet." });
    let urls = || {
        let item = json!({ "type": "object", "required": ["url"], "properties": { "url": { "type": "string" } } });
        json!({ "type": "array", "items": item })
    };
    let words: Vec<&str> = Shown::ALL.into_iter().map(show::word).collect();
    let button = json!({
        "type": "object",
        "required": ["customId", "emoji", "label", "style", "type"],
        "properties": {
            "customId": text(), "emoji": text(), "label": text(),
            "style": { "type": "integer" }, "type": { "type": "integer" },
        },
    });
    let mut properties = Map::new();
    for name in [
        "id",
        "action",
        "customId",
        "botType",
        "mode",
        "prompt",
        "promptEn",
        "description",
        "state",
        "imageUrl",
        "videoUrl",
        "failReason",
    ] {
        properties.insert(name.into(), text());
    }
    for name in ["submitTime", "startTime", "finishTime"] {
        properties.insert(name.into(), time_ms());
    }
    for name in ["imageUrls", "videoUrls"] {
        properties.insert(name.into(), urls());
    }
    properties.insert("status".into(), json!({ "enum": words }));
    properties.insert("progress".into(), json!({ "type": "string", "pattern": "^([0-9]{1,2}|100)%$" }));
    properties.insert("properties".into(), json!({ "type": "object" }));
    properties.insert("buttons".into(), json!({ "type": "array", "items": button }));
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn task_example() -> Value {
    json!({
        "id": EXAMPLE_ID,
        "action": "IMAGINE",
        "customId": "",
        "botType": "MID_JOURNEY",
        "mode": "",
        "status": "SUCCESS",
        "prompt": "a beautiful sunset over the ocean --ar 16:9 --v 6",
        "promptEn": "a beautiful sunset over the ocean --ar 16:9 --v 6",
        "description": "",
        "state": "",
        "submitTime": 1_709_123_456_000_i64,
        "startTime": 1_709_123_457_000_i64,
        "finishTime": 1_709_123_520_000_i64,
        "progress": "100%",
        "imageUrl": format!("https://media.example.com/task-artifacts/2024/02/28/midjourney/IMAGINE/{EXAMPLE_ID}.png"),
        "imageUrls": [],
        "videoUrl": "",
        "videoUrls": [],
        "failReason": "",
        "properties": {},
        "buttons": [
            { "customId": "MJ::JOB::upsample::1::abc123", "emoji": "", "label": "U1", "style": 2, "type": 2 },
            { "customId": "MJ::JOB::variation::1::abc123", "emoji": "", "label": "V1", "style": 2, "type": 2 },
        ],
    })
}
