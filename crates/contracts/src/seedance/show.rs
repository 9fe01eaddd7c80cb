//! The Seedance page's task object (`contract/DECISIONS.md`, Seedance: fetch by state).

use super::read::BAG;
use super::{made, words};
use crate::family::View;
use crate::times::seconds;
use crate::video;
use serde_json::{Map, Value, json};
use task::{Role, Shown, Task};

/// Shows one task. The page's words win over Ark's; what is made is there once it is completed.
pub(super) fn task(view: &View<'_>) -> Value {
    let task = view.task;
    let mut body = Map::new();
    body.insert("id".into(), json!(task.id));
    body.insert("task_id".into(), json!(task.id));
    body.insert("object".into(), json!("video"));
    body.insert("model".into(), json!(task.model));
    body.insert("status".into(), json!(words::seedance(task.shown)));
    body.insert("progress".into(), json!(video::progress(view)));
    body.insert("created_at".into(), json!(seconds(task.created_ms)));
    body.insert("updated_at".into(), json!(seconds(task.updated_ms)));
    body.insert("completed_at".into(), json!(task.finished_ms.filter(|_| task.is_over()).map(seconds)));
    body.insert("seconds".into(), json!(made::seconds(task)));
    body.insert("error".into(), video::failure(task).unwrap_or(Value::Null));
    body.insert("metadata".into(), json!({}));
    if let Some(echo) = task.spec.extra(BAG, "safety_identifier") {
        body.insert("safety_identifier".into(), echo.clone());
    }
    if task.shown == Shown::Succeeded {
        complete(&mut body, view);
    }
    Value::Object(body)
}

/// What only a completed task has: the page's `metadata`, and Ark's own fields.
fn complete(body: &mut Map<String, Value>, view: &View<'_>) {
    let task = view.task;
    let urls = video::urls(view);
    let url = urls.first().cloned().unwrap_or_default();
    body.extend(made::others(task));
    body.insert("content".into(), content(view, &url));
    body.insert("usage".into(), made::usage(task));
    body.insert("seed".into(), made::seed(task));
    body.insert("duration".into(), made::duration(task));
    body.insert("metadata".into(), metadata(task, &url, &urls));
}

fn content(view: &View<'_>, url: &str) -> Value {
    let mut content = Map::from_iter([("video_url".to_owned(), json!(url))]);
    if let Some(frame) = video::with_role(view, Role::LastFrame) {
        content.insert("last_frame_url".into(), json!(frame));
    }
    Value::Object(content)
}

fn metadata(task: &Task, url: &str, urls: &[String]) -> Value {
    json!({
        "url": url,
        "artifact_url": url,
        "urls": urls,
        "resolution": made::resolution(task),
        "ratio": made::ratio(task),
        "frames_per_second": made::frames_per_second(task),
    })
}
