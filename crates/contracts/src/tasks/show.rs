//! The neutral task object (`contract/DECISIONS.md`, neutral `/v1/tasks` shape).

use crate::errors::failure_object;
use crate::family::View;
use crate::times::seconds;
use serde_json::{Map, Value, json};
use task::{Artifact, Shown, State, Task};

/// The public words, each with the states (one or two) that it stands for.
pub(super) const WORDS: [(&str, [Shown; 2]); 6] = [
    ("queued", [Shown::Queued, Shown::Submitted]),
    ("running", [Shown::InProgress, Shown::InProgress]),
    ("awaiting_input", [Shown::AwaitingInput, Shown::AwaitingInput]),
    ("succeeded", [Shown::Succeeded, Shown::Succeeded]),
    ("failed", [Shown::Failed, Shown::Failed]),
    ("cancelled", [Shown::Cancelled, Shown::Cancelled]),
];

/// The public word for a state.
pub(super) fn word(shown: Shown) -> &'static str {
    match shown {
        Shown::Queued | Shown::Submitted => "queued",
        Shown::InProgress => "running",
        Shown::AwaitingInput => "awaiting_input",
        Shown::Succeeded => "succeeded",
        Shown::Failed => "failed",
        Shown::Cancelled => "cancelled",
    }
}

/// The states that a public word stands for.
pub(super) fn shown_as(word: &str) -> Option<[Shown; 2]> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, shown)| *shown)
}

/// Shows one task. A handed-over one has the status and the results of its child once that runs.
pub(super) fn task(view: &View<'_>) -> Value {
    object(view.task, view.face(), Some(view.link))
}

/// A task without its outputs, where no links can be made.
pub(super) fn plain(task: &Task) -> Value {
    object(task, task, None)
}

/// A page, newest first.
pub(super) fn list(views: &[View<'_>], has_more: bool) -> Value {
    json!({
        "object": "list",
        "data": views.iter().map(task).collect::<Vec<_>>(),
        "first_id": views.first().map(|view| view.task.id),
        "last_id": views.last().map(|view| view.task.id),
        "has_more": has_more,
    })
}

fn object(task: &Task, face: &Task, link: Option<&dyn Fn(&str) -> String>) -> Value {
    let outputs: Vec<Value> =
        link.map(|link| face.artifacts.iter().map(|artifact| output(artifact, link)).collect()).unwrap_or_default();
    // A handed-over task has ended for us, but for its caller only the child's end counts.
    let completed_ms = face.finished_ms.filter(|_| face.state != State::HandedOver);
    json!({
        "id": task.id,
        "object": "task",
        "family": task.family,
        "action": task.action,
        "model": task.model,
        "status": word(face.shown),
        "progress": face.progress.max(task.progress),
        "created_at": seconds(task.created_ms),
        "updated_at": seconds(task.updated_ms.max(face.updated_ms)),
        "completed_at": completed_ms.map(seconds),
        "external_id": task.external_id,
        "outputs": outputs,
        "texts": face.details.texts,
        "error": failure_object(face),
        "quota": quota(task),
        "warnings": task.warnings,
    })
}

/// What it holds while it goes on, and what it took once it has ended.
fn quota(task: &Task) -> i64 {
    if task.is_over() { task.charged } else { task.reserved }
}

fn output(artifact: &Artifact, link: &dyn Fn(&str) -> String) -> Value {
    let mut output = Map::new();
    output.insert("url".into(), json!(link(&artifact.key)));
    output.insert("role".into(), json!(artifact.role.as_str()));
    output.insert("content_type".into(), json!(artifact.content_type));
    output.insert("bytes".into(), json!(artifact.bytes));
    output.insert("sha256".into(), json!(artifact.sha256));
    for (name, pixels) in [("width", artifact.width), ("height", artifact.height)] {
        if let Some(pixels) = pixels {
            output.insert(name.into(), json!(pixels));
        }
    }
    if let Some(duration_ms) = artifact.duration_ms {
        output.insert("duration".into(), json!(duration_s(duration_ms)));
    }
    if artifact.late {
        output.insert("late".into(), json!(true));
    }
    Value::Object(output)
}

/// Seconds with their fraction.
fn duration_s(duration_ms: i64) -> f64 {
    std::time::Duration::from_millis(duration_ms.max(0).unsigned_abs()).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_every_task_that_shows_its_word() {
        for shown in Shown::ALL {
            assert!(shown_as(word(shown)).is_some_and(|states| states.contains(&shown)), "{shown:?}");
        }
    }
}
