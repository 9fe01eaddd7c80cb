//! Every route (`contract/suno.md`).

use super::schema;
use crate::family::{Call, Route};
use http::Method;
use serde_json::{Value, json};

/// A task id in the form that submissions answer, for examples.
pub(super) const EXAMPLE_ID: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

pub(super) fn all() -> Vec<Route> {
    vec![
        submit(
            "/suno/submit/music",
            "music",
            "Makes a song, usually in two variants, from a description, from lyrics or from an earlier clip.",
            json!({
                "prompt": "[Verse]\nSunshine on the ocean waves\n\n[Chorus]\nThis summer we are together",
                "title": "Summer Beach",
                "tags": "pop, english, upbeat, summer",
                "mv": "chirp-v4",
            }),
            schema::music(),
        ),
        submit(
            "/suno/submit/lyrics",
            "lyrics",
            "Writes lyrics on a theme.",
            json!({ "prompt": "A song about missing a faraway friend on a rainy day" }),
            schema::lyrics(),
        ),
        submit(
            "/suno/submit/concat",
            "concat",
            "Joins a continued clip with what it continues.",
            json!({ "clip_id": "clip_abc123", "is_infill": false }),
            schema::concat(),
        ),
        // The paths above win wherever they match; this one is for clients that write the word in capitals,
        // and for the refusal of any other word.
        submit(
            "/suno/submit/{action}",
            "submit",
            "The same three, with the action in any letter case; another word is refused.",
            Value::Null,
            Value::Null,
        ),
        Route {
            method: Method::GET,
            path: "/suno/fetch/{id}".to_owned(),
            call: Call::Show,
            name: "fetch",
            summary: "Shows a task.",
            open: false,
            example: Value::Null,
            schema: Value::Null,
        },
        Route {
            method: Method::POST,
            path: "/suno/fetch".to_owned(),
            call: Call::ShowMany,
            name: "fetch-many",
            summary: "Shows up to 200 tasks by their ids, in the order asked; unknown ids are left out.",
            open: false,
            example: json!({ "ids": [EXAMPLE_ID] }),
            schema: schema::fetch_many(),
        },
    ]
}

fn submit(path: &str, name: &'static str, summary: &'static str, example: Value, schema: Value) -> Route {
    Route {
        method: Method::POST,
        path: path.to_owned(),
        call: Call::Submit,
        name,
        summary,
        open: false,
        example,
        schema,
    }
}
