//! Callbacks: the same facts as a record, in other words (section 2.4).

use super::show;
use super::wish::FIRST_PERCENT;
use crate::job::{Desk, Seen, State};
use serde_json::{Map, Value, json};

/// What one change tells; words are told at their end only.
pub(super) fn body(desk: &Desk, seen: &Seen) -> Option<Value> {
    let is_words = seen.job.route == "lyrics";
    let (code, msg, kind) = match &seen.at.state {
        State::Done => (200, "All generated successfully.".to_owned(), "complete"),
        State::Failed { reason, .. } => (500, reason.clone(), "error"),
        State::Moderated { reason } => (400, reason.clone(), "error"),
        State::Working { .. } | State::Waiting { .. } if is_words => return None,
        State::Working { percent } if *percent >= FIRST_PERCENT => (200, "First song generated.".to_owned(), "first"),
        State::Working { .. } => (200, "Text generated.".to_owned(), "text"),
        State::Waiting { .. } | State::Cancelled => return None,
    };
    let data = if is_words { show::words(seen) } else { show::songs(desk, seen).map(|songs| in_snake_case(&songs)) };
    // Words keep the spelling of their record in this one field.
    let id = if is_words { "taskId" } else { "task_id" };
    Some(json!({"code": code, "msg": msg, "data": {"callbackType": kind, id: seen.job.id, "data": data}}))
}

/// Songs with their fields in snake case; `createTime` stays as it is.
fn in_snake_case(songs: &Value) -> Value {
    let field = |(name, value): (&String, &Value)| (snake(name), value.clone());
    let song = |song: &Value| song.as_object().map(|song| song.iter().map(field).collect::<Map<_, _>>());
    songs.as_array().into_iter().flatten().filter_map(song).map(Value::Object).collect()
}

fn snake(name: &str) -> String {
    if name == "createTime" {
        return name.to_owned();
    }
    let letter = |c: char| if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.to_string() };
    name.chars().map(letter).collect()
}
