//! Pictures and films that go in, in all the forms that callers send them (`contract/DECISIONS.md`, Kling:
//! request tolerance). What an item says beside its file stays with the raw fields, in the same order.

use crate::fields::Fields;
use crate::inputs;
use crate::problem::Problem;
use serde_json::{Map, Value};
use task::Input;

/// The most first and last frames.
const FRAMES_MAX: usize = 2;
/// The most items of a list of references; vendors take seven at most (`upstream/kling.md` section 2.4).
pub(super) const LIST_MAX: usize = 10;

/// A list's files, and what its items say beside them.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// The files, in order.
    pub inputs: Vec<Input>,
    /// For each file the item's other fields; empty for an item that was bare text.
    pub beside: Vec<Value>,
}

/// The first and the last frame: `image_urls`, for whose items `image` and `image_tail` stand in.
pub(super) fn frames(fields: &mut Fields<'_>) -> Result<Vec<Input>, Problem> {
    const FIELD: &str = "image_urls";
    // Empty items count too, as the schema counts them.
    if fields.array(FIELD)?.is_some_and(|items| items.len() > FRAMES_MAX) {
        let message = format!("{FIELD} takes a first and a last frame: at most {FRAMES_MAX} pictures");
        return Err(Problem::invalid(FIELD, message));
    }
    let listed = list(fields, FIELD, &["image_url", "image", "url"], |_| "first_frame")?;
    // Both are read in any case, so that neither is an unknown field and a wrong one is refused.
    let image = file(fields, "image", "first_frame")?;
    let tail = file(fields, "image_tail", "last_frame")?;
    let mut listed = listed.inputs.into_iter();
    let first = listed.next().or(image);
    let last = listed.next().or(tail);
    let last = last.map(|input| Input { role: "last_frame".to_owned(), ..input });
    Ok(first.into_iter().chain(last).collect())
}

/// Pictures to go by: `image_list`.
pub(super) fn references(fields: &mut Fields<'_>) -> Result<Listed, Problem> {
    list(fields, "image_list", &["image_url", "image", "url"], |item| match item.get("type").and_then(Value::as_str) {
        Some("first_frame") => "first_frame",
        Some("end_frame" | "last_frame") => "last_frame",
        _ => "reference_image",
    })
}

/// Films to go by: `video_list`.
pub(super) fn films(fields: &mut Fields<'_>) -> Result<Listed, Problem> {
    list(fields, "video_list", &["video_url", "video", "url"], |_| "reference_video")
}

/// A single file.
pub(super) fn file(fields: &mut Fields<'_>, name: &'static str, role: &str) -> Result<Option<Input>, Problem> {
    fields.long_text(name)?.map(|text| inputs::input(name, role, text)).transpose()
}

/// A single file that has to be there.
pub(super) fn required_file(fields: &mut Fields<'_>, name: &'static str, role: &str) -> Result<Input, Problem> {
    let missing = || Problem::invalid(name, format!("{name} is required: a URL, or a picture as base64 text"));
    file(fields, name, role)?.ok_or_else(missing)
}

fn list(
    fields: &mut Fields<'_>,
    name: &'static str,
    keys: &[&str],
    role_of: fn(&Map<String, Value>) -> &'static str,
) -> Result<Listed, Problem> {
    let items = fields.array(name)?.unwrap_or_default();
    if items.len() > LIST_MAX {
        let message = format!("{name} may hold at most {LIST_MAX} items; it holds {}", items.len());
        return Err(Problem::invalid(name, message));
    }
    let mut listed = Listed::default();
    for (place, item) in items.iter().enumerate() {
        let field = format!("{name}[{place}]");
        match item {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => {
                listed.inputs.push(inputs::input(&field, role_of(&Map::new()), text)?);
                listed.beside.push(Value::Object(Map::new()));
            }
            Value::Object(object) => {
                let text = keys.iter().find_map(|key| object.get(*key)?.as_str().filter(|text| !text.is_empty()));
                let text = text.ok_or_else(|| without_file(&field, keys))?;
                listed.inputs.push(inputs::input(&field, role_of(object), text)?);
                let beside = object.iter().filter(|(key, value)| !keys.contains(&key.as_str()) && !value.is_null());
                listed.beside.push(beside.map(|(key, value)| (key.clone(), value.clone())).collect());
            }
            _ => return Err(without_file(&field, keys)),
        }
    }
    Ok(listed)
}

fn without_file(field: &str, keys: &[&str]) -> Problem {
    let message = format!("{field} has to be a URL or base64 text, or an object with {}", keys[0]);
    Problem::invalid(field, message)
}
