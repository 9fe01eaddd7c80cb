//! The routes of `/v1/videos`; `edits`, `extensions` and `characters` are there once a channel can make them.

use crate::family::{Call, Route};
use crate::{field_schema, film_order};
use http::Method;
use serde_json::{Value, json};

/// A task id in the form that submissions answer, for examples.
pub(super) const EXAMPLE_ID: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

pub(super) fn all() -> Vec<Route> {
    let route = |method, path: &str, call, name, summary| Route {
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
            example: json!({
                "model": "sora-2",
                "prompt": "A timelapse of a city skyline from day to night, clouds moving quickly",
                "size": "1920x1080",
                "duration": 10,
            }),
            schema: film_order::schema(false),
            ..route(Method::POST, "/v1/videos", Call::Submit, "create", "Makes a film. Takes JSON or a form.")
        },
        route(Method::GET, "/v1/videos", Call::List, "list", "Lists the films of this key, newest first."),
        route(Method::GET, "/v1/videos/{id}", Call::Show, "retrieve", "Shows a film's task."),
        route(
            Method::DELETE,
            "/v1/videos/{id}",
            Call::Delete,
            "delete",
            "Stops a film that is not finished; hides one that is.",
        ),
        route(Method::GET, "/v1/videos/{id}/content", Call::Content, "content", "Answers the film itself."),
        Route {
            example: json!({ "prompt": "The same scene at night" }),
            schema: json!({
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "prompt": field_schema::required_text(film_order::PROMPT_MAX_CHARS, "What is to be different."),
                    "notifyHook": field_schema::callback("Called back whenever the status changes. Has to be public."),
                    "callback_url": field_schema::callback("The same as notifyHook, which wins."),
                },
            }),
            ..route(
                Method::POST,
                "/v1/videos/{id}/remix",
                Call::Submit,
                "remix",
                "Makes a finished film anew with other words.",
            )
        },
    ]
}
