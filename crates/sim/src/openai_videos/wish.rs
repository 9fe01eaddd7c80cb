//! Submissions as they are read (section 2).

use super::fields::{text, wrong};
use super::picture;
use crate::job::{Arrived, Desk, Job, Output, Refusal, Wish};
use crate::media::Media;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// The model when none is asked for.
const MODEL: &str = "sora-2";

/// The most characters of a prompt.
const PROMPT_MAX_CHARS: usize = 32_000;

/// Seconds that Sora takes: the enum, and the longer ones of the guide. The first is the usual.
const SECONDS: [&str; 5] = ["4", "8", "12", "16", "20"];

/// Sizes that Sora takes; the first is the usual.
const SIZES: [&str; 4] = ["720x1280", "1280x720", "1024x1792", "1792x1024"];

/// Sizes that only the pro models take.
const PRO_SIZES: [&str; 2] = ["1920x1080", "1080x1920"];

/// What other models may be asked for: seconds, and pixels of an edge.
const OTHER_SECONDS: RangeInclusive<u32> = 1..=600;
const OTHER_EDGES: RangeInclusive<u32> = 16..=4_096;

/// All fields that Sora knows.
const FIELDS: [&str; 6] = ["prompt", "model", "seconds", "size", "input_reference", "characters"];

/// The most characters that are seen in one video.
const CHARACTERS_MAX: usize = 2;

/// How many pictures stand side by side in a sprite sheet, and how wide each is, pixels.
const SHEET_PICTURES: u32 = 5;
const SHEET_PICTURE_PX: u32 = 160;

/// Reads a creation.
pub(super) fn read(desk: &Desk, arrived: &Arrived) -> Result<Wish, Refusal> {
    let body = &arrived.body;
    let model = text(body, "model")?.unwrap_or(MODEL);
    let is_sora = model.starts_with("sora-2");
    if is_sora {
        refuse_unknown(arrived)?;
    }
    let prompt = prompt(body)?;
    let seconds = text(body, "seconds")?.unwrap_or(SECONDS[0]);
    let size = text(body, "size")?.unwrap_or(SIZES[0]);
    if is_sora && !SECONDS.contains(&seconds) {
        return Err(wrong("seconds", "must be one of 4, 8, 12, 16, 20"));
    }
    if is_sora && !SIZES.contains(&size) && !(model.starts_with("sora-2-pro") && PRO_SIZES.contains(&size)) {
        return Err(wrong("size", "is not among those of this model"));
    }
    let length_s = seconds.parse().ok().filter(|seconds| OTHER_SECONDS.contains(seconds));
    let length_s = length_s.ok_or_else(|| wrong("seconds", "is no number of seconds"))?;
    let pixels = pixels(size).ok_or_else(|| wrong("size", "must be like 1280x720"))?;
    picture::check(arrived, is_sora.then_some(pixels))?;
    characters(body)?;
    let memo = json!({"model": model, "seconds": seconds, "size": size});
    Ok(wish(desk, prompt, outputs(pixels, length_s), memo))
}

/// Reads a remix of this job: the same measures, other words.
pub(super) fn remix(desk: &Desk, arrived: &Arrived, of: &Job) -> Result<Wish, Refusal> {
    let mut memo = of.memo.clone();
    memo["remixed_from_video_id"] = of.id.as_str().into();
    Ok(wish(desk, prompt(&arrived.body)?, of.outputs.clone(), memo))
}

fn wish(desk: &Desk, prompt: String, outputs: Vec<Output>, memo: Value) -> Wish {
    let notify_url = desk.config().hook_url.clone().unwrap_or_default();
    Wish { prompt, notify_url, outputs, take_ms: desk.config().pace.video_ms, memo, client: String::new() }
}

fn prompt(body: &Value) -> Result<String, Refusal> {
    let prompt =
        text(body, "prompt")?.filter(|prompt| !prompt.is_empty()).ok_or_else(|| wrong("prompt", "is missing"))?;
    let fits = prompt.chars().count() <= PROMPT_MAX_CHARS;
    fits.then(|| prompt.to_owned()).ok_or_else(|| wrong("prompt", "is longer than 32000 characters"))
}

/// Sora refuses what it does not know; relays with other models let it pass.
fn refuse_unknown(arrived: &Arrived) -> Result<(), Refusal> {
    let given = arrived.body.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let given = given.chain(arrived.files.iter().map(|upload| upload.field.as_str()));
    let base = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
    match given.map(base).find(|name| !FIELDS.contains(&name.as_str())) {
        Some(name) => Err(wrong(&name, "is an unknown parameter")),
        None => Ok(()),
    }
}

fn characters(body: &Value) -> Result<(), Refusal> {
    let Some(characters) = body.get("characters").filter(|value| !value.is_null()) else { return Ok(()) };
    let has_id = |character: &Value| character.get("id").is_some_and(Value::is_string);
    let fits = characters.as_array().is_some_and(|all| all.len() <= CHARACTERS_MAX && all.iter().all(has_id));
    fits.then_some(()).ok_or_else(|| wrong("characters", "must be a list of at most two ids"))
}

/// The video, its thumbnail and its sprite sheet.
fn outputs((width, height): (u32, u32), length_s: u32) -> Vec<Output> {
    let down = (SHEET_PICTURE_PX * height / width.max(1)).max(16);
    [
        Media::Mp4 { width, height, duration_ms: length_s * 1_000, with_sound: true },
        Media::Webp { width: (width / 2).max(16), height: (height / 2).max(16) },
        Media::Jpeg { width: SHEET_PICTURES * SHEET_PICTURE_PX, height: down },
    ]
    .map(Output::at_end)
    .into()
}

fn pixels(size: &str) -> Option<(u32, u32)> {
    let (width, height) = size.split_once('x')?;
    let edge = |text: &str| text.parse().ok().filter(|edge| OTHER_EDGES.contains(edge));
    Some((edge(width)?, edge(height)?))
}
