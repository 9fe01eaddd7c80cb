//! Clips as callers see them (`contract/DECISIONS.md`, Suno: clip object): what the vendor told of each,
//! and our own links to its files.

use crate::family::View;
use crate::times::seconds;
use serde_json::{Value, json};
use std::time::Duration;
use task::{Artifact, Clip, Role, Shown, Song, Task};

/// The clips of a task that has succeeded, in order; none before. A clip is there when its sound is in the
/// store: a vendor may finish one of two.
pub(super) fn shown(view: &View<'_>) -> Vec<Value> {
    let task = view.task;
    if task.shown != Shown::Succeeded {
        return Vec::new();
    }
    let sounds = task.artifacts.iter().filter(|artifact| artifact.role == Role::Audio && !artifact.late);
    sounds.map(|sound| clip(view, sound)).collect()
}

fn clip(view: &View<'_>, sound: &Artifact) -> Value {
    let task = view.task;
    let untold = Clip::default();
    let told = usize::try_from(sound.piece).ok().and_then(|piece| task.details.clips.get(piece)).unwrap_or(&untold);
    let asked = task.spec.song.as_deref();
    let asked = |of: fn(&Song) -> Option<&str>| asked.and_then(of).unwrap_or_default();
    let image_url = link(view, sound.piece, Role::Cover);
    let large = link(view, sound.piece, Role::Single);
    json!({
        "id": told.id,
        "title": or(&told.title, asked(|song| song.title.as_deref())),
        "audio_url": (view.link)(&sound.key),
        "image_url": image_url,
        "image_large_url": or(&large, &image_url),
        "video_url": link(view, sound.piece, Role::Video),
        "duration": duration_s(sound, told),
        "tags": or(&told.tags, asked(|song| song.tags.as_deref())),
        "prompt": or(&told.lyrics, asked(|song| song.lyrics.as_deref())),
        "status": "complete",
        "model_name": told.model,
        "created_at": created_at(task, told),
    })
}

/// The link of a piece's file of this role; `""` when there is none.
fn link(view: &View<'_>, piece: i64, role: Role) -> String {
    let wanted = |artifact: &&Artifact| artifact.piece == piece && artifact.role == role && !artifact.late;
    view.task.artifacts.iter().find(wanted).map(|artifact| (view.link)(&artifact.key)).unwrap_or_default()
}

/// Playing time as measured, else as the vendor told, s.
fn duration_s(sound: &Artifact, told: &Clip) -> f64 {
    let measured = sound.duration_ms.map(|ms| Duration::from_millis(ms.max(0).unsigned_abs()).as_secs_f64());
    measured.or(told.duration_s).unwrap_or(0.0)
}

/// When the vendor made it; when it told us of it, if it does not say.
fn created_at(task: &Task, told: &Clip) -> i64 {
    let known_ms = told.created_ms.or(task.answered_ms).unwrap_or(task.created_ms);
    seconds(known_ms)
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}
