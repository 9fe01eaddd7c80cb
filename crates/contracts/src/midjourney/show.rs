//! The task object: always every key, never null (`contract/DECISIONS.md`, task object).

use super::read::{BAG, BOTS};
use super::words::without_links;
use crate::family::View;
use serde_json::{Map, Value, json};
use task::{Artifact, Button, Kind, Role, Shown, Speed, State, Task};

/// The public word for a state.
pub(super) fn word(shown: Shown) -> &'static str {
    match shown {
        Shown::Queued => "NOT_START",
        Shown::Submitted => "SUBMITTED",
        Shown::InProgress => "IN_PROGRESS",
        Shown::AwaitingInput => "MODAL",
        Shown::Succeeded => "SUCCESS",
        Shown::Failed => "FAILURE",
        Shown::Cancelled => "CANCEL",
    }
}

/// Shows one task. Pictures and films are there once it has succeeded; previews are not archived.
pub(super) fn task(view: &View<'_>) -> Value {
    let task = view.task;
    let face = view.face();
    let pictures = Pictures::of(view, face);
    let (prompt, prompt_en) = prompts(task, face);
    json!({
        "id": task.id,
        "action": task.action,
        "customId": task.spec.button.as_deref().unwrap_or_default(),
        "botType": bot(task),
        "mode": mode(task),
        "status": word(face.shown),
        "prompt": prompt,
        "promptEn": prompt_en,
        "description": without_links(face.details.description.as_deref().unwrap_or_default(), &prompt),
        "state": task.external_id.as_deref().unwrap_or_default(),
        "submitTime": task.created_ms,
        "startTime": task.started_ms.or(face.started_ms).unwrap_or(0),
        "finishTime": finished(face),
        "progress": format!("{}%", face.progress.max(task.progress)),
        "imageUrl": pictures.first_image,
        "imageUrls": pictures.singles,
        "videoUrl": pictures.first_video,
        "videoUrls": pictures.videos,
        "failReason": face.failure.as_ref().map_or("", |failure| failure.public.as_str()),
        "properties": properties(view, face),
        "buttons": buttons(face),
    })
}

fn succeeded(face: &Task) -> bool {
    face.shown == Shown::Succeeded
}

/// A handed-over task has ended for us, but for its caller only the child's end counts.
fn finished(face: &Task) -> i64 {
    if face.state == State::HandedOver { 0 } else { face.finished_ms.unwrap_or(0) }
}

/// The bot that was asked for; the default where the request has the field; else what upstream told.
fn bot(task: &Task) -> &str {
    let asked = task.spec.extra(BAG, "botType").and_then(Value::as_str);
    let told = || task.details.extras.get("botType").and_then(Value::as_str);
    let default = if task.spec.kind.needs_parent() { "" } else { BOTS[0] };
    asked.or_else(told).unwrap_or(default)
}

fn mode(task: &Task) -> &str {
    let told = || task.details.extras.get("mode").and_then(Value::as_str).unwrap_or_default();
    match task.spec.speed {
        Some(Speed::Relax) => "RELAX",
        Some(Speed::Fast) => "FAST",
        Some(Speed::Turbo) => "TURBO",
        None => told(),
    }
}

/// Words that came out go to both places that clients read; else the caller's own words.
fn prompts(task: &Task, face: &Task) -> (String, String) {
    if let Some(texts) = texts_of(face) {
        let text = texts.join("\n\n");
        return (text.clone(), text);
    }
    let prompt = if face.spec.prompt.is_empty() { &task.spec.prompt } else { &face.spec.prompt };
    let translated = face.details.extras.get("promptEn").and_then(Value::as_str).filter(|text| !text.is_empty());
    (prompt.clone(), without_links(translated.unwrap_or(prompt), prompt))
}

fn texts_of(face: &Task) -> Option<&[String]> {
    let wordy = matches!(face.spec.kind, Kind::Describe | Kind::Shorten);
    (wordy && succeeded(face) && !face.details.texts.is_empty()).then_some(face.details.texts.as_slice())
}

fn properties(view: &View<'_>, face: &Task) -> Value {
    let mut properties = Map::new();
    if let Some(texts) = texts_of(face) {
        properties.insert("finalPrompt".into(), json!(texts.join("\n\n")));
        properties.insert("prompts".into(), json!(texts));
    } else if let Some(prompt) = &face.details.prompt_used {
        properties.insert("finalPrompt".into(), json!(without_links(prompt, &face.spec.prompt)));
    }
    // Found upstream after the task had ended without a result.
    let late: Vec<Value> =
        face.artifacts.iter().filter(|artifact| artifact.late).map(|artifact| url_item(view, artifact)).collect();
    if !late.is_empty() {
        properties.insert("late".into(), Value::Array(late));
    }
    Value::Object(properties)
}

fn buttons(face: &Task) -> Vec<Value> {
    if !succeeded(face) || face.spec.kind == Kind::Describe {
        return Vec::new();
    }
    face.details.buttons.iter().map(button).collect()
}

fn button(button: &Button) -> Value {
    json!({
        "customId": button.custom_id,
        "emoji": button.emoji,
        "label": button.label,
        "style": button.style,
        "type": button.kind,
    })
}

fn url_item(view: &View<'_>, artifact: &Artifact) -> Value {
    json!({ "url": (view.link)(&artifact.key) })
}

/// The links of a task that has succeeded; all empty before.
#[derive(Default)]
struct Pictures {
    first_image: String,
    singles: Vec<Value>,
    first_video: String,
    videos: Vec<Value>,
}

impl Pictures {
    fn of(view: &View<'_>, face: &Task) -> Self {
        if !succeeded(face) {
            return Self::default();
        }
        let with = |role: Role| face.artifacts.iter().filter(move |artifact| artifact.role == role && !artifact.late);
        let first = |role: Role| with(role).next().map(|artifact| (view.link)(&artifact.key));
        Self {
            // Words without a picture have no picture; a grid that upstream lost leaves its first single one.
            first_image: first(Role::Image).or_else(|| first(Role::Single)).unwrap_or_default(),
            singles: with(Role::Single).map(|artifact| url_item(view, artifact)).collect(),
            first_video: first(Role::Video).unwrap_or_default(),
            videos: with(Role::Video).map(|artifact| url_item(view, artifact)).collect(),
        }
    }
}
