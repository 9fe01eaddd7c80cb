//! The callback's body (`contract/callback.md`, `contract/DECISIONS.md`, callback: Suno body).

use super::{clips, show};
use crate::family::View;
use crate::video;
use serde_json::{Map, Value, json};
use task::{Kind, Shown};

/// Until `complete`, `output` is `{}` and `data` is `[]`; `error` is null unless it failed.
pub(super) fn body(view: &View<'_>) -> Value {
    let task = view.task;
    let is_lyrics = task.spec.kind == Kind::Lyrics;
    let clips = clips::shown(view);
    let output = match clips.first() {
        _ if is_lyrics && task.shown == Shown::Succeeded => show::words(task),
        Some(first) => output_of(first),
        None => json!({}),
    };
    json!({
        "id": task.id,
        "task_id": task.id,
        "status": show::word(task.shown),
        "type": if is_lyrics { "lyrics" } else { "music" },
        "output": output,
        "data": clips,
        "error": video::failure(task),
    })
}

/// The first clip, with the names that the callback page uses.
fn output_of(clip: &Value) -> Value {
    let mut output: Map<String, Value> = ["audio_url", "title", "duration", "image_url", "tags"]
        .into_iter()
        .map(|name| (name.to_owned(), clip[name].clone()))
        .collect();
    output.insert("clip_id".to_owned(), clip["id"].clone());
    Value::Object(output)
}
