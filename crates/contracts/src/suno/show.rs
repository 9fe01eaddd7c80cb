//! Fetched tasks (`contract/DECISIONS.md`, Suno: fetch by state, lyrics in other states).

use super::clips;
use crate::family::View;
use crate::times::seconds;
use crate::video;
use serde_json::{Map, Value, json};
use task::{Kind, Shown, Task};

/// The public word for a state.
pub(super) fn word(shown: Shown) -> &'static str {
    match shown {
        Shown::Queued | Shown::Submitted => "submitted",
        Shown::InProgress | Shown::AwaitingInput => "processing",
        Shown::Succeeded => "complete",
        Shown::Failed | Shown::Cancelled => "error",
    }
}

/// The answer to a fetch of one task. Lyrics have their id and status at the top too: the page's own
/// example has nothing around them.
pub(super) fn one(view: &View<'_>) -> Value {
    let mut answer = envelope(item(view));
    if view.task.spec.kind == Kind::Lyrics {
        answer.insert("id".into(), json!(view.task.id));
        answer.insert("status".into(), json!(word(view.task.shown)));
    }
    Value::Object(answer)
}

/// The answer to a fetch of several.
pub(super) fn many(views: &[View<'_>]) -> Value {
    Value::Object(envelope(views.iter().map(item).collect()))
}

fn envelope(data: Value) -> Map<String, Value> {
    Map::from_iter([("code".to_owned(), json!(1)), ("message".to_owned(), json!("")), ("data".to_owned(), data)])
}

/// A task within `data`.
fn item(view: &View<'_>) -> Value {
    let task = view.task;
    let failure = video::failure(task);
    let mut item = Map::new();
    item.insert("task_id".into(), json!(task.id));
    item.insert("action".into(), json!(task.action));
    item.insert("status".into(), json!(word(task.shown)));
    let reason = failure.as_ref().map_or(json!(""), |failure| failure["message"].clone());
    item.insert("fail_reason".into(), reason);
    item.insert("submit_time".into(), json!(seconds(task.created_ms)));
    item.insert("start_time".into(), json!(seconds(task.started_ms.unwrap_or(0))));
    item.insert("finish_time".into(), json!(seconds(task.finished_ms.unwrap_or(0))));
    if let Some(failure) = failure {
        item.insert("error".into(), failure);
    }
    if task.spec.kind == Kind::Lyrics {
        let words = words(task);
        item.insert("id".into(), json!(task.id));
        item.insert("title".into(), words["title"].clone());
        item.insert("text".into(), words["text"].clone());
        item.insert("data".into(), words);
    } else {
        item.insert("data".into(), Value::Array(clips::shown(view)));
    }
    Value::Object(item)
}

/// The lyrics that came out: `{title, text}`, both `""` before the end.
pub(super) fn words(task: &Task) -> Value {
    if task.shown != Shown::Succeeded {
        return json!({ "title": "", "text": "" });
    }
    let text = task.details.texts.first().map(String::as_str).unwrap_or_default();
    json!({ "title": task.details.title.as_deref().unwrap_or_default(), "text": text })
}
