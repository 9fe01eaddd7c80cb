//! The start page's list: the dev token's newest tasks, each as a small card.

use super::{host, not_here};
use crate::auth::key_hash;
use crate::state::{Dev, Front};
use axum::Json;
use axum::extract::{Request, State as FromState};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ledger::TaskFilter;
use maud::{Markup, html};
use serde_json::{Value, json};
use task::{Artifact, FailureKind, Role, Secret, Shown, State, Task, Token};

/// How many tasks the page shows.
const TASKS_SHOWN: i64 = 12;

/// The longest prompt that a card carries, in characters; the page cuts it to two lines anyway.
const WORDS_MAX_CHARACTERS: usize = 240;

/// The dev token: the key out of its file, and its row.
pub(super) async fn dev_token(front: &Front, dev: &Dev) -> Result<(Secret, Token), String> {
    let path = dev.token_path.display();
    let text = tokio::fs::read_to_string(&dev.token_path)
        .await
        .map_err(|error| format!("the dev token can't be read from {path}: {}", error.kind()))?;
    let key = Secret::new(text.trim());
    let found = front.ledger.token_by_hash(&key_hash(key.expose())).await.map_err(|error| {
        tracing::warn!(%error, "the dev token could not be looked up");
        "the ledger does not answer".to_owned()
    })?;
    let token = found.filter(|token| token.is_usable(front.clock.now_ms()));
    token.map(|token| (key, token)).ok_or_else(|| format!("the token in {path} is unknown or was revoked; start again"))
}

/// The newest tasks with what this process knows of their progress.
pub(super) async fn latest(front: &Front, dev: &Dev) -> Result<Vec<Task>, String> {
    let (_, token) = dev_token(front, dev).await?;
    let filter = TaskFilter { token: Some(token.id), limit: TASKS_SHOWN, ..TaskFilter::default() };
    let mut tasks = front.ledger.list_tasks(&filter).await.map_err(|error| {
        tracing::warn!(%error, "the start page's tasks could not be read");
        "the ledger does not answer".to_owned()
    })?;
    for task in &mut tasks {
        if let Some(percent) = front.ledger.known_progress(task.id) {
            task.raise_progress(percent);
        }
    }
    Ok(tasks)
}

/// `GET /start/tasks`: `{tasks:[{id, status, progress, html}], unfinished}`.
pub(super) async fn feed(FromState(front): FromState<Front>, request: Request) -> Response {
    let Some(dev) = &front.settings.dev else { return not_here() };
    if let Some(refusal) = host::refuse_foreign(&front, &request) {
        return refusal;
    }
    match latest(&front, dev).await {
        Ok(tasks) => Json(written(&front, &tasks)).into_response(),
        Err(message) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": { "message": message } }))).into_response()
        }
    }
}

fn written(front: &Front, tasks: &[Task]) -> Value {
    let now_ms = front.clock.now_ms();
    let link = |key: &str| front.link(key);
    let rows: Vec<Value> = tasks
        .iter()
        .map(|task| {
            let html = card(task, &link, now_ms).into_string();
            json!({ "id": task.id, "status": task.shown, "progress": task.progress, "html": html })
        })
        .collect();
    json!({ "tasks": rows, "unfinished": tasks.iter().filter(|task| !task.is_over()).count() })
}

/// The inside of a task's list item. What it says of an ended task never changes, so that a page that
/// asks again leaves the picture alone.
pub(super) fn card(task: &Task, link: &dyn Fn(&str) -> String, now_ms: i64) -> Markup {
    let (word, tone) = status(task);
    let took_ms = task.finished_ms.unwrap_or(now_ms) - task.created_ms;
    html! {
        (shot(task, link))
        @if !task.is_over() { progress max="100" value=(task.progress) aria-label="Progress" {} }
        div.about {
            div.line { span class={ "pill " (tone) } { (word) } span.what { (task.action.to_lowercase()) } time { (seconds(took_ms)) } }
            p.words title=(words(task)) { (words(task)) }
            @if let Some(failure) = &task.failure {
                p.why { (failure.public) @if failure.kind == FailureKind::Moderation { " (refused by moderation)" } }
            }
            code title=(task.id) { (task.id) }
        }
    }
}

fn shot(task: &Task, link: &dyn Fn(&str) -> String) -> Markup {
    let main = contracts::family::main_output(task).or(task.artifacts.first());
    match main {
        Some(artifact) => html! { div.shot { (media(task, artifact, link)) } },
        None if task.is_over() => html! { div.shot { span.big aria-hidden="true" { "—" } } },
        None => html! { div.shot.live { span.big { (task.progress) "%" } } },
    }
}

/// A picture to be opened; a film or a song to be played here, with its cover when there is one.
fn media(task: &Task, artifact: &Artifact, link: &dyn Fn(&str) -> String) -> Markup {
    let (url, words) = (link(&artifact.key), words(task));
    let is_cover = |other: &&Artifact| other.role == Role::Cover && other.piece == artifact.piece;
    let cover = task.artifacts.iter().find(is_cover).map(|cover| link(&cover.key));
    html! {
        @if artifact.content_type.starts_with("video/") {
            // A browser paints no frame of its own accord until it is told where to begin.
            video src={ (url) "#t=0.1" } poster=[cover] controls muted loop playsinline preload="metadata" {}
        } @else if artifact.content_type.starts_with("audio/") {
            @if let Some(cover) = cover { img src=(cover) alt=(words) loading="lazy"; }
            audio src=(url) controls preload="none" {}
        } @else {
            a href=(url) target="_blank" rel="noopener" title="Open the file" { img src=(url) alt=(words) loading="lazy"; }
        }
    }
}

/// What was asked for, else what came out, else the model's name.
fn words(task: &Task) -> String {
    let asked = || task.spec.song.as_ref().and_then(|song| song.title.clone().or(song.tags.clone()));
    let made = || task.details.clips.first().map(|clip| clip.title.clone()).or(task.details.title.clone());
    let mut words = task.spec.prompt.clone();
    for other in [asked(), made(), Some(task.details.texts.join(" · ")), Some(task.model.clone())] {
        if words.is_empty() {
            words = other.unwrap_or_default();
        }
    }
    words.chars().take(WORDS_MAX_CHARACTERS).collect()
}

fn status(task: &Task) -> (&'static str, &'static str) {
    match (task.state, task.shown) {
        (State::Uncertain, _) => ("In doubt", "rest"),
        (State::Archiving, _) => ("Saving", ""),
        (_, Shown::Queued) => ("Queued", "rest"),
        (_, Shown::Submitted) => ("Sent", ""),
        (_, Shown::InProgress) => ("Working", ""),
        (_, Shown::AwaitingInput) => ("Asks for input", "rest"),
        (_, Shown::Succeeded) => ("Done", "good"),
        (_, Shown::Failed) => ("Failed", "bad"),
        (_, Shown::Cancelled) => ("Cancelled", "rest"),
    }
}

fn seconds(ms: i64) -> String {
    let whole = ms.max(0) / 1_000;
    if whole < 60 { format!("{whole} s") } else { format!("{} min {} s", whole / 60, whole % 60) }
}
