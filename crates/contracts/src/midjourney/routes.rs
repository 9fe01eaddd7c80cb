//! Every route, each under every speed prefix (`contract/DECISIONS.md`, Midjourney beyond the pages).

use super::schema;
use crate::family::{Call, Route};
use http::Method;
use serde_json::{Value, json};

/// The plain prefix, then the speed prefixes in both forms that clients use.
const PREFIXES: [&str; 7] =
    ["/mj", "/mj-fast", "/mj-fast/mj", "/mj-turbo", "/mj-turbo/mj", "/mj-relax", "/mj-relax/mj"];

/// A picture of one pixel, for examples.
const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A task id in the form that submissions answer, for examples.
pub(super) const EXAMPLE_ID: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

struct Endpoint {
    method: Method,
    path: &'static str,
    call: Call,
    name: &'static str,
    summary: &'static str,
    body: Option<(Value, Value)>,
}

pub(super) fn all() -> Vec<Route> {
    let endpoints: Vec<Endpoint> = submissions().into_iter().chain(questions()).collect();
    let under = |prefix: &'static str| endpoints.iter().map(move |endpoint| route(prefix, endpoint));
    PREFIXES.into_iter().flat_map(under).collect()
}

fn route(prefix: &str, endpoint: &Endpoint) -> Route {
    let (example, schema) = endpoint.body.clone().unwrap_or_default();
    Route {
        method: endpoint.method.clone(),
        path: format!("{prefix}{}", endpoint.path),
        call: endpoint.call,
        name: endpoint.name,
        summary: endpoint.summary,
        open: endpoint.call == Call::Content,
        example,
        schema,
    }
}

fn submit(path: &'static str, name: &'static str, summary: &'static str, example: Value, schema: Value) -> Endpoint {
    Endpoint { method: Method::POST, path, call: Call::Submit, name, summary, body: Some((example, schema)) }
}

fn submissions() -> Vec<Endpoint> {
    vec![
        submit(
            "/submit/imagine",
            "imagine",
            "Makes a grid of four pictures from a prompt.",
            json!({
                "botType": "MID_JOURNEY",
                "prompt": "a beautiful sunset over the ocean, cinematic lighting --ar 16:9 --v 6",
                "notifyHook": "",
                "state": "",
            }),
            schema::imagine(),
        ),
        submit(
            "/submit/action",
            "action",
            "Presses a button of a finished task: upscale, variation, reroll, zoom, pan …",
            json!({ "taskId": EXAMPLE_ID, "customId": "MJ::JOB::upsample::1::abc123" }),
            schema::action(),
        ),
        submit(
            "/submit/change",
            "change",
            "Upscales or varies one picture of a grid, or makes the grid anew.",
            json!({ "taskId": EXAMPLE_ID, "action": "UPSCALE", "index": 1 }),
            schema::change(),
        ),
        submit(
            "/submit/simple-change",
            "simple-change",
            "The same in one line: a task id and U1–U4, V1–V4 or R.",
            json!({ "content": format!("{EXAMPLE_ID} U2") }),
            schema::simple_change(),
        ),
        submit(
            "/submit/blend",
            "blend",
            "Makes one picture from two to five.",
            json!({ "base64Array": [PIXEL, PIXEL], "dimensions": "SQUARE" }),
            schema::blend(),
        ),
        submit(
            "/submit/describe",
            "describe",
            "Describes a picture in prompts.",
            json!({ "base64": PIXEL }),
            schema::describe(),
        ),
        submit(
            "/submit/shorten",
            "shorten",
            "Shortens a prompt.",
            json!({ "prompt": "a very long and winding description of a small red house by the sea" }),
            schema::shorten(),
        ),
        submit(
            "/submit/modal",
            "modal",
            "Answers the dialogue that a task opened.",
            json!({ "taskId": EXAMPLE_ID, "prompt": "add a rainbow in the sky" }),
            schema::modal(),
        ),
    ]
}

fn questions() -> Vec<Endpoint> {
    let get = |path, call, name, summary| Endpoint { method: Method::GET, path, call, name, summary, body: None };
    vec![
        Endpoint {
            method: Method::POST,
            path: "/submit/upload-discord-images",
            call: Call::Upload,
            name: "upload-discord-images",
            summary: "Stores pictures and answers their URLs at once.",
            body: Some((json!({ "base64Array": [PIXEL] }), schema::upload())),
        },
        get("/task/{id}/fetch", Call::Show, "fetch", "Shows a task."),
        Endpoint {
            method: Method::POST,
            path: "/task/list-by-condition",
            call: Call::ShowMany,
            name: "list-by-condition",
            summary: "Shows up to 200 tasks by their ids, in the order asked; unknown ids are left out.",
            body: Some((json!({ "ids": [EXAMPLE_ID] }), schema::list_by_condition())),
        },
        get("/task/{id}/image-seed", Call::Lookup, "image-seed", "Tells the seed of a finished task's picture."),
        Endpoint {
            method: Method::POST,
            path: "/task/{id}/cancel",
            call: Call::Cancel,
            name: "cancel",
            summary: "Stops a task that has not ended.",
            body: None,
        },
        get("/image/{id}", Call::Content, "image", "The picture's bytes, without a key; 404 before SUCCESS."),
    ]
}
