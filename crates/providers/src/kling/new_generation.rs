//! Bodies of the new generation: the model in the path, lengths as integers, files and words side by side in
//! `contents` (`upstream/kling.md` section 5). A file goes up as a URL: its field is called nothing else.

use super::endpoint::Endpoint;
use super::files::{self, Form, file, impossible, invalid};
use super::{NAME, fit, models};
use crate::dialect::Submission;
use crate::film::joined_prompt;
use crate::http_call::segment;
use crate::json_tree::JsonTree;
use serde_json::{Map, Value};
use task::{Failure, Spec};

/// Fields of the bag that have a place in this generation.
const PLACED: &[&str] = &[
    "route",
    "mode",
    "resolution",
    "sound",
    "duration",
    "aspect_ratio",
    "multi_shot",
    "multi_prompt",
    "image_list",
    "video_list",
    "watermark_info",
];

/// The path and the body.
pub(super) fn call(submission: &Submission<'_>) -> Result<(String, JsonTree), Failure> {
    let spec = submission.spec;
    let model = models::in_new_generation(submission.upstream_model);
    let endpoint = Endpoint::of(spec, model);
    let mut body = JsonTree::object();
    let path = match endpoint {
        Endpoint::Text => {
            body.put("prompt", prompt(spec, true)?);
            format!("/text-to-video/{}", segment(model))
        }
        Endpoint::Frames => {
            body.put("contents", contents(spec, false)?);
            format!("/image-to-video/{}", segment(model))
        }
        Endpoint::MultiImage | Endpoint::Omni => {
            body.put("contents", contents(spec, true)?);
            format!("/omni-video/{}", segment(models::omni(model).unwrap_or(model)))
        }
        Endpoint::Pictures | Endpoint::TryOn => return Err(impossible("the new generation makes films only")),
    };
    body.put("settings", settings(endpoint, model, spec)).put("options", options(submission));
    Ok((path, body))
}

/// What the caller said to this vendor and has no place in this generation.
pub(super) fn left_out(spec: &Spec, endpoint: Endpoint) -> impl Iterator<Item = &str> {
    let has_place = move |name: &&str| match *name {
        // Told below, for any caller.
        "negative_prompt" => true,
        // A film from words has nothing but words.
        "element_list" => endpoint != Endpoint::Text,
        name => PLACED.contains(&name),
    };
    let bag = spec.extras.get(NAME).into_iter().flatten().map(|(name, _)| name.as_str());
    bag.filter(move |name| !has_place(name)).chain(spec.negative_prompt.as_ref().map(|_| "negative_prompt"))
}

fn prompt(spec: &Spec, needed: bool) -> Result<String, Failure> {
    let prompt = joined_prompt(spec);
    if needed && prompt.trim().is_empty() { Err(invalid("prompt is empty")) } else { Ok(prompt) }
}

fn contents(spec: &Spec, omni: bool) -> Result<JsonTree, Failure> {
    let mut items = Vec::new();
    let prompt = prompt(spec, omni)?;
    if !prompt.is_empty() {
        let mut item = typed("prompt");
        item.put("text", prompt);
        items.push(item);
    }
    for (position, input, beside) in files::pictures(spec) {
        let kind = files::frame_word(input, "last_frame").unwrap_or("refer_image");
        items.push(with_file(kind, file(position, input, Form::Link), &beside, "image_id"));
    }
    for (position, input, beside) in files::films(spec) {
        let is_base = beside.get("refer_type").and_then(Value::as_str) == Some("base");
        let kind = if is_base { "base_video" } else { "feature_video" };
        items.push(with_file(kind, file(position, input, Form::Link), &beside, "video_id"));
    }
    let elements = spec.extra(NAME, "element_list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for element in elements.iter().filter_map(Value::as_object) {
        let mut item = typed("element");
        for (name, value) in element.iter().filter(|(name, _)| *name != "type") {
            item.put(name, value.clone());
        }
        items.push(item);
    }
    Ok(JsonTree::Array(items))
}

fn typed(kind: &str) -> JsonTree {
    let mut item = JsonTree::object();
    item.put("type", kind);
    item
}

fn with_file(kind: &str, url: JsonTree, beside: &Map<String, Value>, id: &str) -> JsonTree {
    let mut item = typed(kind);
    item.put("url", url);
    if let Some(id) = beside.get(id).or_else(|| beside.get("id")) {
        item.put("id", id.clone());
    }
    item
}

fn settings(endpoint: Endpoint, model: &str, spec: &Spec) -> JsonTree {
    let mut settings = JsonTree::object();
    if let Some(resolution) = fit::resolution(model, spec) {
        settings.put("resolution", resolution);
    }
    if let Some(ratio) = fit::ratio(endpoint, spec) {
        settings.put("aspect_ratio", ratio);
    }
    if let Some(seconds) = fit::seconds(endpoint, model, spec) {
        settings.put("duration", seconds);
    }
    let keeps = |beside: &Map<String, Value>| beside.get("keep_original_sound").and_then(Value::as_str) == Some("yes");
    if files::films(spec).iter().any(|(_, _, beside)| keeps(beside)) {
        settings.put("audio", "original");
    } else if let Some(sound) = spec.sound {
        settings.put("audio", if sound { "native" } else { "off" });
    }
    // Here the default is several shots; callers who don't ask for them expect one.
    let told = spec.extra(NAME, "multi_shot").and_then(Value::as_bool);
    settings.put("multi_shot", told.unwrap_or(!spec.shots.is_empty()));
    settings
}

fn options(submission: &Submission<'_>) -> JsonTree {
    let mut options = JsonTree::object();
    if let Some(hook) = submission.hook_url {
        options.put("callback_url", hook);
    }
    options.put("external_task_id", submission.client.to_string());
    if let Some(watermark) = submission.spec.extra(NAME, "watermark_info") {
        options.put("watermark_info", watermark.clone());
    }
    options
}
