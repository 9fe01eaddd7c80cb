//! The four routes (`contract/seedance.md`, `contract/DECISIONS.md`, checks at the door).

use super::schema;
use crate::family::{Call, Route};
use http::Method;
use serde_json::{Value, json};

/// A task id in the form that submissions answer, for examples.
pub(super) const EXAMPLE_ID: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

const TASKS: &str = "/volc/v1/contents/generations/tasks";
const TASK: &str = "/volc/v1/contents/generations/tasks/{id}";

pub(super) fn all() -> Vec<Route> {
    let plain = |method, path: &str, call, name, summary| Route {
        method,
        path: path.to_owned(),
        call,
        name,
        summary,
        open: false,
        example: Value::Null,
        schema: Value::Null,
    };
    vec![
        Route {
            example: example(),
            schema: schema::submit(),
            ..plain(
                Method::POST,
                TASKS,
                Call::Submit,
                "submit",
                "Makes a film from words, pictures, films and sound. Content as an object is the Volcengine shape.",
            )
        },
        plain(Method::GET, TASKS, Call::List, "list", "Lists this key's tasks of these routes, newest first."),
        plain(Method::GET, TASK, Call::Show, "show", "Shows a task, in the shape of its own submission."),
        plain(Method::DELETE, TASK, Call::Delete, "delete", "Stops a task that waits, hides one that has ended."),
    ]
}

fn example() -> Value {
    json!({
        "model": "doubao-seedance-2-0",
        "content": [{ "type": "text", "text": "A girl turns back on the beach at sunset, natural ambient sound" }],
        "generate_audio": true,
        "ratio": "16:9",
        "resolution": "720p",
        "duration": 11,
        "watermark": false,
    })
}
