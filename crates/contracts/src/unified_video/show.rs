//! One object on both submits and both fetches (`contract/DECISIONS.md`, Unified / Veo / Sora / alias: object).

use crate::family::View;
use crate::times::seconds;
use crate::video;
use serde_json::{Map, Value, json};
use task::{Shown, Task};

/// The public word for a state.
fn word(shown: Shown) -> &'static str {
    match shown {
        Shown::Succeeded => "completed",
        Shown::Failed | Shown::Cancelled => "failed",
        _ => "processing",
    }
}

/// Shows one task.
pub(super) fn task(view: &View<'_>) -> Value {
    let mut object = object(view.task, video::progress(view));
    if view.task.shown == Shown::Succeeded {
        completed(view, &mut object);
    }
    Value::Object(object)
}

/// A task that has just been accepted, or that is shown where no links can be made.
pub(super) fn bare(task: &Task) -> Value {
    Value::Object(object(task, if task.is_over() { 100 } else { task.progress }))
}

fn object(task: &Task, progress: i64) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("id".into(), json!(task.id));
    object.insert("task_id".into(), json!(task.id));
    object.insert("object".into(), json!("video"));
    object.insert("model".into(), json!(task.model));
    object.insert("status".into(), json!(word(task.shown)));
    object.insert("progress".into(), json!(progress));
    object.insert("created_at".into(), json!(seconds(task.created_ms)));
    object.insert("status_update_time".into(), json!(seconds(task.shown_ms)));
    if let Some(error) = video::failure(task) {
        object.insert("error".into(), error);
    }
    object
}

fn completed(view: &View<'_>, object: &mut Map<String, Value>) {
    let task = view.task;
    let urls = video::urls(view);
    let url = urls.first().cloned().unwrap_or_default();
    object.insert("video_url".into(), json!(url));
    object.insert("url".into(), json!(url));
    object.insert("video_urls".into(), json!(urls));
    object.insert("thumbnail_url".into(), json!(video::cover_url(view)));
    object.insert("expires_at".into(), json!(view.expires_ms().map(seconds)));
    object.insert("completed_at".into(), json!(task.finished_ms.map(seconds)));
    object.insert("duration".into(), json!(video::duration_s(task).unwrap_or_default()));
}
