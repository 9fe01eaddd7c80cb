//! Tasks as this contract shows them.

use crate::family::View;
use crate::times::seconds;
use crate::video;
use serde_json::{Map, Value, json};
use task::{Shown, Task};

/// The word for a public state (`contract/DECISIONS.md`, state → word).
pub(super) fn word(shown: Shown) -> &'static str {
    match shown {
        Shown::Queued | Shown::Submitted => "queued",
        Shown::InProgress | Shown::AwaitingInput => "processing",
        Shown::Succeeded => "succeeded",
        Shown::Failed | Shown::Cancelled => "failed",
    }
}

/// The answer to a submission. `object` is `video` for pictures too, as the page has it.
pub(super) fn accepted(task: &Task) -> Value {
    let mut body = Map::new();
    body.insert("created_at".into(), json!(seconds(task.created_ms)));
    body.insert("id".into(), json!(task.id));
    body.insert("model".into(), json!(task.model));
    body.insert("object".into(), json!("video"));
    body.insert("progress".into(), json!(if task.is_over() { 100 } else { task.progress }));
    body.insert("status".into(), json!(word(task.shown)));
    body.insert("task_id".into(), json!(task.id));
    echo(&mut body, task);
    Value::Object(body)
}

/// The answer to a fetch: the same envelope for all words, failure included.
pub(super) fn task(view: &View<'_>) -> Value {
    let task = view.task;
    let urls = video::urls(view);
    let mut data = Map::new();
    data.insert("error".into(), video::failure(task).unwrap_or(Value::Null));
    data.insert("format".into(), json!(format_of(task)));
    data.insert("metadata".into(), Value::Null);
    data.insert("status".into(), json!(word(task.shown)));
    data.insert("task_id".into(), json!(task.id));
    data.insert("url".into(), json!(urls.first().map_or("", String::as_str)));
    if urls.len() > 1 {
        data.insert("urls".into(), json!(urls));
    }
    echo(&mut data, task);
    json!({ "code": "success", "message": "", "data": data })
}

fn echo(body: &mut Map<String, Value>, task: &Task) {
    if let Some(external_id) = &task.external_id {
        body.insert("external_task_id".into(), json!(external_id));
    }
}

/// The file's real extension; before there is one, that of its sort.
fn format_of(task: &Task) -> &str {
    let extension = video::outputs(task).next().and_then(|artifact| artifact.key.rsplit_once('.'));
    let usual = if video::is_film(task) { "mp4" } else { "png" };
    extension.map_or(usual, |(_, extension)| extension)
}
