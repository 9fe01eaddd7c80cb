//! The Volcengine page's shape: `content` as an object, and the fetch that goes with it
//! (`contract/volcengine.md`, `contract/DECISIONS.md`, Volcengine: fetch by state). It is the gateway's
//! own; no vendor has it (`upstream/seedance.md`, section 11).

use super::content::TEXT_MAX_CHARS;
use super::{made, words};
use crate::family::View;
use crate::fields::check_text;
use crate::inputs;
use crate::problem::Problem;
use crate::video;
use serde_json::{Map, Value, json};
use task::{Input, Shown};

/// The fields of `content` that the page knows.
pub(super) const FIELDS: [&str; 3] = ["prompt", "image_url", "aspect_ratio"];

/// The most characters of a shape.
pub(super) const RATIO_MAX_CHARS: usize = 64;

/// `content`, read.
pub(super) struct Asked {
    /// The words.
    pub prompt: String,
    /// The picture where the film begins, if one was given.
    pub inputs: Vec<Input>,
    /// The shape.
    pub aspect_ratio: Option<String>,
}

/// Reads `content`. 400 without a prompt.
pub(super) fn read(content: &Map<String, Value>) -> Result<Asked, Problem> {
    const PROMPT: &str = "content.prompt";
    let prompt = text(content, "prompt", PROMPT)?.filter(|text| !text.trim().is_empty());
    let missing =
        || Problem::invalid(PROMPT, format!("{PROMPT} is required: a string of 1 to {TEXT_MAX_CHARS} characters"));
    let prompt = prompt.ok_or_else(missing)?;
    check_text(PROMPT, prompt, TEXT_MAX_CHARS)?;
    let aspect_ratio = text(content, "aspect_ratio", "content.aspect_ratio")?;
    if let Some(ratio) = aspect_ratio {
        check_text("content.aspect_ratio", ratio, RATIO_MAX_CHARS)?;
    }
    Ok(Asked { prompt: prompt.to_owned(), inputs: picture(content)?, aspect_ratio: aspect_ratio.map(str::to_owned) })
}

/// A URL or base64, or an object with a `url`, as the other page has it.
fn picture(content: &Map<String, Value>) -> Result<Vec<Input>, Problem> {
    const FIELD: &str = "content.image_url";
    let url = match content.get("image_url") {
        Some(Value::Object(object)) => text(object, "url", FIELD)?,
        _ => text(content, "image_url", FIELD)?,
    };
    url.map(|url| inputs::input(FIELD, "first_frame", url)).into_iter().collect()
}

fn text<'a>(object: &'a Map<String, Value>, name: &str, field: &str) -> Result<Option<&'a str>, Problem> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(Problem::invalid(field, format!("{field} has to be a string"))),
    }
}

/// Shows a task. `code` tells of the query, which has succeeded even when the task has failed.
pub(super) fn show(view: &View<'_>) -> Value {
    let task = view.task;
    let mut data = Map::new();
    data.insert("task_id".into(), json!(task.id));
    data.insert("status".into(), json!(words::volcengine(task.shown)));
    data.insert("content".into(), content(view));
    if let Some(error) = video::failure(task) {
        data.insert("fail_reason".into(), error["message"].clone());
        data.insert("error".into(), error);
    }
    json!({ "code": 0, "message": "success", "data": data })
}

fn content(view: &View<'_>) -> Value {
    if view.task.shown != Shown::Succeeded {
        return json!({});
    }
    let urls = video::urls(view);
    json!({
        "video_url": urls.first().cloned().unwrap_or_default(),
        "duration": made::duration(view.task),
        "video_urls": urls,
    })
}
