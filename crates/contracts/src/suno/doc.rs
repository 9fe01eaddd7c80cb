//! JSON Schemas and examples of the answers, for the API page.

use super::answers::SUBMITTED;
use super::routes::EXAMPLE_ID;
use super::show;
use crate::errors::task_family_schema;
use crate::family::{Call, Route, RouteDoc};
use serde_json::{Map, Value, json};
use task::Shown;

pub(super) fn of(route: &Route) -> RouteDoc {
    let (answer, answer_example) = match route.call {
        Call::Submit => (submit_answer(), json!({ "code": 1, "description": SUBMITTED, "result": EXAMPLE_ID })),
        Call::Show => (shown(item()), json!({ "code": 1, "message": "", "data": example() })),
        _ => {
            let items = json!({ "type": "array", "items": item() });
            (shown(items), json!({ "code": 1, "message": "", "data": [example()] }))
        }
    };
    RouteDoc { query: Vec::new(), answer, answer_example, error: task_family_schema() }
}

fn submit_answer() -> Value {
    json!({
        "type": "object",
        "required": ["code", "description", "result"],
        "properties": {
            "code": { "const": 1 },
            "description": { "type": "string" },
            "result": { "type": "string", "description": "The task's id." },
        },
    })
}

fn shown(data: Value) -> Value {
    json!({
        "type": "object",
        "required": ["code", "message", "data"],
        "properties": {
            "code": { "const": 1 },
            "message": { "type": "string" },
            "data": data,
            "id": { "type": "string", "description": "Lyrics only: the task's id." },
            "status": status("Lyrics only: the same as in data."),
        },
    })
}

fn status(description: &str) -> Value {
    let mut words: Vec<&str> = Shown::ALL.into_iter().map(show::word).collect();
    words.dedup();
    json!({ "enum": words, "description": description })
}

fn item() -> Value {
    let text = || json!({ "type": "string" });
    let time = || json!({ "type": "integer", "minimum": 0, "description": "Seconds since the epoch; 0 when not yet." });
    let words = json!({ "type": "object", "required": ["title", "text"],
        "properties": { "title": text(), "text": text() } });
    json!({
        "type": "object",
        "required": ["task_id", "action", "status", "fail_reason", "submit_time", "start_time", "finish_time", "data"],
        "properties": {
            "task_id": text(),
            "action": text(),
            "status": status("submitted, processing, then complete or error."),
            "fail_reason": text(),
            "submit_time": time(),
            "start_time": time(),
            "finish_time": time(),
            "error": { "type": "object", "required": ["message", "code", "type"],
                "properties": { "message": text(), "code": text(), "type": text() } },
            "id": text(),
            "title": text(),
            "text": text(),
            "data": { "anyOf": [{ "type": "array", "items": clip() }, words],
                "description": "The finished clips, [] before the end; of lyrics their title and text." },
        },
    })
}

fn clip() -> Value {
    const TEXTS: [&str; 10] = [
        "id",
        "title",
        "audio_url",
        "image_url",
        "image_large_url",
        "video_url",
        "tags",
        "prompt",
        "status",
        "model_name",
    ];
    let mut properties: Map<String, Value> =
        TEXTS.into_iter().map(|name| (name.to_owned(), json!({ "type": "string" }))).collect();
    properties.insert("duration".into(), json!({ "type": "number", "minimum": 0, "description": "Seconds." }));
    properties.insert("created_at".into(), json!({ "type": "integer", "description": "Seconds since the epoch." }));
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn example() -> Value {
    let link = |extension: &str| {
        format!("https://media.example.com/task-artifacts/2024/02/28/suno/MUSIC/{EXAMPLE_ID}.{extension}")
    };
    json!({
        "task_id": EXAMPLE_ID,
        "action": "MUSIC",
        "status": "complete",
        "fail_reason": "",
        "submit_time": 1_709_123_456_i64,
        "start_time": 1_709_123_457_i64,
        "finish_time": 1_709_123_520_i64,
        "data": [{
            "id": "8c1f8a3e-7f4d-4c3b-9a51-2f0f6d5f0c11",
            "title": "Summer Beach",
            "audio_url": link("mp3"),
            "image_url": link("png"),
            "image_large_url": link("png"),
            "video_url": "",
            "duration": 120.5,
            "tags": "pop, english, upbeat",
            "prompt": "[Verse]\nSunshine on the ocean waves",
            "status": "complete",
            "model_name": "chirp-v4",
            "created_at": 1_709_123_510_i64,
        }],
    })
}
