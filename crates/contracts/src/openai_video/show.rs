//! The video object: the official one, and what the reference page adds (`contract/DECISIONS.md`, OpenAI
//! video: object).

use crate::family::View;
use crate::times::seconds;
use crate::{film_order, video};
use serde_json::{Map, Value, json};
use task::{FailureKind, Shown, State, Task};

/// The official words; any other would end the SDK's own polling at once.
pub(super) fn word(shown: Shown) -> &'static str {
    match shown {
        Shown::Queued | Shown::Submitted => "queued",
        Shown::InProgress | Shown::AwaitingInput => "in_progress",
        Shown::Succeeded => "completed",
        Shown::Failed | Shown::Cancelled => "failed",
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
    let (made_s, size) = film_order::shown_measures(task);
    let completed_ms = task.finished_ms.filter(|_| task.state == State::Succeeded);
    let members = json!({
        "id": task.id,
        "task_id": task.id,
        "object": "video",
        "model": task.model,
        "status": word(task.shown),
        "progress": progress,
        "created_at": seconds(task.created_ms),
        "completed_at": completed_ms.map(seconds),
        "expires_at": null,
        "prompt": prompt(task),
        "size": size.to_string(),
        "seconds": made_s.to_string(),
        "quality": "standard",
        "remixed_from_video_id": task.spec.parent,
        "error": failure(task),
    });
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn prompt(task: &Task) -> Option<&str> {
    Some(task.spec.prompt.as_str()).filter(|prompt| !prompt.is_empty())
}

fn failure(task: &Task) -> Option<Value> {
    let mut error = video::failure(task)?;
    if task.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Moderation) {
        error["code"] = json!("moderation_blocked");
    }
    Some(error)
}

fn completed(view: &View<'_>, object: &mut Map<String, Value>) {
    let task = view.task;
    let urls = video::urls(view);
    let first = video::outputs(task).next();
    let (_, size) = film_order::shown_measures(task);
    let width = first.and_then(|artifact| artifact.width).unwrap_or(size.width);
    let height = first.and_then(|artifact| artifact.height).unwrap_or(size.height);
    let url = urls.first().cloned().unwrap_or_default();
    let duration = video::duration_s(task).unwrap_or_default();
    object.insert("video".into(), json!({ "url": url, "duration": duration, "width": width, "height": height }));
    object.insert("expires_at".into(), json!(view.expires_ms().map(seconds)));
    object.insert("url".into(), json!(url));
    object.insert("video_url".into(), json!(url));
    object.insert("thumbnail_url".into(), json!(video::cover_url(view)));
    object.insert("videos".into(), urls.iter().map(|url| json!({ "url": url })).collect());
}

/// When to ask again, 2,000 to 10,000 ms: often near an end, seldom in the middle.
pub(super) fn poll_after_ms(task: &Task) -> i64 {
    match task.shown {
        Shown::Queued | Shown::Submitted => 3_000,
        Shown::InProgress if task.progress < 80 => 5_000,
        _ => 2_000,
    }
}
