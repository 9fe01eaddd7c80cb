//! What the families of films and Kling's pictures have in common: progress where no vendor tells one, the
//! outputs that callers see, and the callback (`contract/callback.md`, `contract/DECISIONS.md`, callback:
//! video body by state).

use crate::errors::failure_object;
use crate::family::View;
use crate::times::seconds;
use serde_json::{Map, Value, json};
use task::{Artifact, Kind, Role, Shown, State, Task};

/// How long a film usually takes, for progress that no vendor tells.
const USUAL_MS: i64 = 120_000;

/// The callback's word for a public state.
pub fn callback_word(shown: Shown) -> &'static str {
    match shown {
        Shown::Queued | Shown::Submitted => "queued",
        Shown::InProgress | Shown::AwaitingInput => "processing",
        Shown::Succeeded => "succeed",
        Shown::Failed | Shown::Cancelled => "failed",
    }
}

/// The callback's body.
pub fn callback(view: &View<'_>) -> Value {
    let task = view.task;
    let mut body = Map::new();
    body.insert("id".into(), json!(task.id));
    body.insert("task_id".into(), json!(task.id));
    body.insert("status".into(), json!(callback_word(task.shown)));
    body.insert("type".into(), json!(if is_film(task) { "video" } else { "image" }));
    body.insert("model".into(), json!(task.model));
    body.insert("progress".into(), json!(progress(view)));
    if let Some(external_id) = &task.external_id {
        body.insert("external_task_id".into(), json!(external_id));
    }
    body.insert("output".into(), callback_output(view));
    body.insert("error".into(), failure(task).unwrap_or(Value::Null));
    body.insert("created_at".into(), json!(seconds(task.created_ms)));
    body.insert("updated_at".into(), json!(seconds(task.updated_ms)));
    Value::Object(body)
}

fn callback_output(view: &View<'_>) -> Value {
    let task = view.task;
    let urls = urls(view);
    let Some(first) = urls.first() else { return json!({}) };
    if !is_film(task) {
        return json!({ "image_url": first, "image_urls": urls });
    }
    json!({
        "video_url": first,
        "cover_url": cover_url(view).unwrap_or_default(),
        "duration": duration_s(task).unwrap_or(0.0),
        "video_urls": urls,
    })
}

/// Whether a film is made; a picture otherwise.
pub fn is_film(task: &Task) -> bool {
    matches!(task.spec.kind, Kind::Video | Kind::Remix)
}

/// What was asked for and is there, in order; empty before the task has succeeded.
pub fn outputs(task: &Task) -> impl Iterator<Item = &Artifact> {
    let role = if is_film(task) { Role::Video } else { Role::Image };
    let shown = task.state == State::Succeeded;
    task.artifacts.iter().filter(move |artifact| shown && artifact.role == role && !artifact.late)
}

/// The links of [`outputs`].
pub fn urls(view: &View<'_>) -> Vec<String> {
    outputs(view.task).map(|artifact| (view.link)(&artifact.key)).collect()
}

/// The link of the still beside the film, if there is one.
pub fn cover_url(view: &View<'_>) -> Option<String> {
    with_role(view, Role::Cover)
}

/// The link of the first output of this role, once the task has succeeded.
pub fn with_role(view: &View<'_>, role: Role) -> Option<String> {
    let task = view.task;
    let found = task.artifacts.iter().find(|artifact| artifact.role == role && !artifact.late)?;
    (task.state == State::Succeeded).then(|| (view.link)(&found.key))
}

/// Playing time: as measured, else as made, else as asked for.
pub fn duration_s(task: &Task) -> Option<f64> {
    let measured = outputs(task).next().and_then(|artifact| artifact.duration_ms);
    measured.map(|ms| std::time::Duration::from_millis(ms.max(0).unsigned_abs()).as_secs_f64()).or(task.seconds())
}

/// The task's `error`, also when it was cancelled; `None` when it has not failed.
pub fn failure(task: &Task) -> Option<Value> {
    if task.shown == Shown::Cancelled {
        return Some(json!({ "message": "the task was cancelled", "code": "task_failed", "type": "cancelled" }));
    }
    failure_object(task)
}

/// 0 to 100: the vendor's number, or where there is none one that rises by the clock (queued 0, submitting
/// 10, running from 30, archiving at most 99, ended 100).
pub fn progress(view: &View<'_>) -> i64 {
    let task = view.task;
    if task.is_over() {
        return 100;
    }
    let told = task.progress;
    let by_clock = match task.state {
        State::Queued if task.shown == Shown::Queued => 0,
        State::Archiving => 99,
        State::Running | State::AwaitingInput => {
            let since_ms = view.now_ms.saturating_sub(task.started_ms.unwrap_or(view.now_ms)).max(0);
            // Ever slower towards 95, which it reaches at no time.
            30 + 65 * since_ms / (since_ms + USUAL_MS)
        }
        _ => 10,
    };
    if told > 0 { told.max(by_clock.min(10)) } else { by_clock }
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::clock::SeededEntropy;
    use task::{Spec, TaskId, TokenId};

    fn running(since_ms: i64) -> Task {
        let entropy = SeededEntropy::new(1);
        let mut task = Task::queued(TaskId::new(0, &entropy), TokenId::new(0, &entropy), Spec::new(Kind::Video), 0);
        (task.state, task.shown, task.started_ms) = (State::Running, Shown::InProgress, Some(since_ms));
        task
    }

    #[test]
    fn progress_without_a_vendors_number_rises_and_never_ends_by_itself() {
        let task = running(0);
        let at =
            |now_ms| progress(&View { task: &task, child: None, link: &|_| String::new(), now_ms, retention_ms: None });
        assert_eq!(at(0), 30);
        assert!(at(60_000) > 45 && at(60_000) < at(120_000));
        assert!(at(i64::MAX / 100) <= 95);
    }

    #[test]
    fn a_vendors_number_counts() {
        let task = Task { progress: 12, ..running(0) };
        let view = View { task: &task, child: None, link: &|_| String::new(), now_ms: 600_000, retention_ms: None };
        assert_eq!(progress(&view), 12);
    }
}
