//! What the families promise of a result beyond its files.

use super::super::scenario::Scenario;
use super::Book;
use std::collections::BTreeSet;
use task::{Kind, Role, State, Task};

/// Whoever was promised something of the task when it was submitted finds it.
pub(super) fn are_as_promised(scenario: &Scenario, books: &[Book], book: &Book) -> Result<(), String> {
    let task = &book.task;
    let id = task.id.to_string();
    let Some(told) = scenario.told.iter().find(|told| told.id == id) else { return Ok(()) };
    if told.fits && (task.warnings.is_empty() || task.details.fitted.seconds.is_none()) {
        return Err(format!("it was fitted without a word: {:?} {:?}", task.warnings, task.details.fitted));
    }
    if let Some(parent) = &told.follows {
        let parent =
            books.iter().find(|other| other.task.id.to_string() == *parent).ok_or("its parent is not there")?;
        if task.spec.parent != Some(parent.task.id) || task.channel != parent.task.channel {
            return Err(format!("it left its parent: {:?} on {}", task.spec.parent, task.channel));
        }
    }
    if task.state == State::Succeeded && task.spec.kind == Kind::Music { pieces_are_whole(task) } else { Ok(()) }
}

/// Every clip of a song has its sound, and every file belongs to a clip.
fn pieces_are_whole(task: &Task) -> Result<(), String> {
    let clips = task.details.clips.len();
    let sounds = task.artifacts.iter().filter(|artifact| artifact.role == Role::Audio);
    let sounding: BTreeSet<i64> = sounds.map(|artifact| artifact.piece).collect();
    let stray = task.artifacts.iter().any(|artifact| usize::try_from(artifact.piece).is_ok_and(|piece| piece >= clips));
    if clips == 0 || stray || sounding.len() != clips {
        return Err(format!("{clips} clips, sound of {sounding:?}"));
    }
    Ok(())
}

/// What the story came to, by family.
pub(super) fn reached(scenario: &Scenario, book: &Book) -> Vec<String> {
    let task = &book.task;
    let mut reached = Vec::new();
    if task.state == State::Succeeded {
        reached.push(format!("{} succeeded", task.family));
        reached.push(format!("made by {}", task.channel));
        if task.spec.parent.is_some() && matches!(task.spec.kind, Kind::Music | Kind::Remix) {
            reached.push(format!("{} with a parent succeeded", task.spec.kind.as_str()));
        }
        if task.channel == "vertex" {
            let place = if scenario.shape.bucket { "film from a bucket" } else { "film from an answer" };
            reached.push(place.to_owned());
        }
    }
    if !task.warnings.is_empty() {
        reached.push("warned".to_owned());
    }
    if scenario.world.wire.tokens() > 1 {
        reached.push("another token".to_owned());
    }
    reached
}
