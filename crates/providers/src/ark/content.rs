//! `content`: the caller's own items with their files put back, or items made from the common fields
//! (section 2, `content[]` items).

use super::{NAME, fit};
use crate::dialect::Submission;
use crate::json_tree::JsonTree;
use crate::wire::Encoding;
use serde_json::{Map, Value, json};
use task::{Failure, FailureKind, InputData, Spec};

/// Builds it. `Err` when there is nothing to go by, or the items do not match the files.
pub(super) fn build(submission: &Submission<'_>) -> Result<JsonTree, Failure> {
    let items = if fit::is_own(submission.spec) { restored(submission)? } else { made(submission.spec)? };
    Ok(JsonTree::Array(items))
}

/// The n-th `null` where a URL belongs stands for the n-th input.
fn restored(submission: &Submission<'_>) -> Result<Vec<JsonTree>, Failure> {
    let spec = submission.spec;
    let mut positions = 0..spec.inputs.len();
    let mut built = Vec::new();
    for item in spec.extra(NAME, "content").and_then(Value::as_array).into_iter().flatten() {
        let item = item.as_object().ok_or_else(|| broken("an item of content is no object"))?;
        let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
        let inside = item.get(kind).and_then(Value::as_object);
        let open = |name: &str| inside.is_some_and(|inside| inside.get(name).is_some_and(Value::is_null));
        built.push(if open("url") {
            let position = positions.next().ok_or_else(|| broken("content names more files than there are"))?;
            filled(item, kind, "url", file(spec, position, kind))
        } else if open("id") {
            let parent = submission.parent.ok_or_else(|| invalid("the draft to go on from is not known upstream"))?;
            filled(item, kind, "id", JsonTree::from(parent.operation.id.as_str()))
        } else {
            JsonTree::from(Value::Object(item.clone()))
        });
    }
    if positions.next().is_some() {
        return Err(broken("there are more files than content names"));
    }
    Ok(built)
}

/// The item with `value` at `<kind>.<name>`.
fn filled(item: &Map<String, Value>, kind: &str, name: &str, value: JsonTree) -> JsonTree {
    let mut out = JsonTree::object();
    for (member, raw) in item.iter().filter(|(member, _)| *member != kind) {
        out.put(member, raw.clone());
    }
    let mut inside = JsonTree::object();
    let others = item.get(kind).and_then(Value::as_object).into_iter().flatten();
    for (member, raw) in others.filter(|(member, _)| *member != name) {
        inside.put(member, raw.clone());
    }
    inside.put(name, value);
    out.put(kind, inside);
    out
}

fn made(spec: &Spec) -> Result<Vec<JsonTree>, Failure> {
    let mut items = Vec::new();
    let text = prompt(spec);
    if !text.trim().is_empty() {
        items.push(JsonTree::from(json!({ "type": "text", "text": text })));
    }
    for (position, input) in spec.inputs.iter().enumerate() {
        let (kind, role) = match input.role.as_str() {
            "reference_video" => ("video_url", "reference_video"),
            "reference_audio" => ("audio_url", "reference_audio"),
            "first_frame" => ("image_url", "first_frame"),
            "last_frame" => ("image_url", "last_frame"),
            _ => ("image_url", "reference_image"),
        };
        let mut inside = JsonTree::object();
        inside.put("url", file(spec, position, kind));
        let mut item = JsonTree::object();
        item.put("type", kind).put(kind, inside).put("role", role);
        items.push(item);
    }
    if items.is_empty() {
        return Err(invalid("there is neither a prompt nor a picture to go by"));
    }
    Ok(items)
}

/// The prompt, with the shots of a storyboard joined to it.
fn prompt(spec: &Spec) -> String {
    let shots = spec.shots.iter().enumerate().map(|(place, shot)| {
        let length = shot.seconds.map(|seconds| format!(" ({seconds} s)")).unwrap_or_default();
        format!("Shot {}{length}: {}", place + 1, shot.prompt)
    });
    let words = (!spec.prompt.is_empty()).then(|| spec.prompt.clone());
    words.into_iter().chain(shots).collect::<Vec<_>>().join("\n")
}

/// A caller's URL as it is; a file of ours within the body, but films as a link (no base64 for them).
fn file(spec: &Spec, position: usize, kind: &str) -> JsonTree {
    match spec.inputs.get(position).map(|input| &input.data) {
        Some(InputData::Url(url)) => JsonTree::from(url.as_str()),
        _ if kind == "video_url" => JsonTree::Input { position, encoding: Encoding::Link },
        _ => JsonTree::Input { position, encoding: Encoding::DataUri },
    }
}

/// The request can never work as it is.
pub(super) fn invalid(public: impl Into<String>) -> Failure {
    Failure::never(FailureKind::InvalidInput, public, "refused before it was sent")
}

fn broken(private: &str) -> Failure {
    Failure::never(FailureKind::Internal, "internal error", private)
}
