//! Submissions as they are read (section 2).

use super::content::{self, Content};
use super::fields::{choice, field, flag, missing, number, text, wrong};
use super::flags::{self, Flags};
use super::measures::{FPS, RATIOS, RESOLUTIONS, adapted, size};
use super::model::Generation;
use crate::job::{Arrived, Desk, Output, Refusal, Wish};
use crate::media::Media;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// Seconds when nothing is asked for, and when the model chooses.
const DURATION_S: i64 = 5;

/// `execution_expires_after`, s: the usual and the allowed.
const EXPIRES_S: i64 = 172_800;
const EXPIRES_RANGE_S: RangeInclusive<i64> = 3_600..=259_200;

/// Seeds; -1: the model chooses.
const SEEDS: RangeInclusive<i64> = -1..=4_294_967_295;

/// The most characters of `safety_identifier`.
const IDENTIFIER_MAX_CHARS: usize = 64;

/// How long a video is asked to be.
#[derive(Debug, Clone, Copy)]
enum Length {
    Seconds(i64),
    Frames(i64),
}

/// Reads a submission. The notes of the job are the fields that every answer repeats.
pub(super) fn read(desk: &Desk, arrived: &Arrived) -> Result<Wish, Refusal> {
    let body = &arrived.body;
    let model = text(body, "model")?.filter(|model| !model.is_empty()).ok_or_else(|| missing("model"))?;
    let generation = Generation::of(model);
    let content = content::read(body, generation)?;
    let flags = match generation.obeys_text() {
        true => flags::read(&content.words),
        false => Flags { words: content.words.clone(), ..Flags::default() },
    };
    let is_draft = draft(desk, body, &content, generation)?;
    let length = length(body, &flags, generation)?;
    let resolution = resolution(body, &flags, generation, is_draft)?;
    let ratio = ratio(body, &flags, &content)?;
    let with_sound = flag(body, "generate_audio")?.unwrap_or(true) && generation.has_sound();
    let mut memo = echoed(body, generation, &content)?;
    memo.insert("model".to_owned(), model.into());
    memo.insert("seed".to_owned(), seed(body, &flags)?.into());
    memo.insert("resolution".to_owned(), resolution.into());
    memo.insert("ratio".to_owned(), ratio.into());
    memo.insert("framespersecond".to_owned(), FPS.into());
    memo.insert("generate_audio".to_owned(), with_sound.into());
    memo.insert("draft".to_owned(), is_draft.into());
    let duration_ms = match length {
        Length::Seconds(seconds) => {
            memo.insert("duration".to_owned(), seconds.into());
            seconds * 1_000
        }
        Length::Frames(frames) => {
            memo.insert("frames".to_owned(), frames.into());
            frames * 1_000 / i64::from(FPS)
        }
    };
    let (width, height) = size(resolution, ratio);
    let duration_ms = u32::try_from(duration_ms).unwrap_or(0);
    let mut outputs = vec![Output::at_end(Media::Mp4 { width, height, duration_ms, with_sound })];
    if flag(body, "return_last_frame")?.unwrap_or(false) {
        outputs.push(Output::at_end(Media::Png { width, height }));
    }
    Ok(Wish {
        prompt: flags.words,
        notify_url: callback_url(body)?.to_owned(),
        outputs,
        take_ms: desk.config().pace.video_ms,
        memo: Value::Object(memo),
        client: String::new(),
    })
}

/// The fields that answers repeat as they came, and those that are only checked.
fn echoed(body: &Value, generation: Generation, content: &Content) -> Result<Map<String, Value>, Refusal> {
    let mut memo = Map::new();
    let tier = choice(body, "service_tier", &["default", "flex"])?.unwrap_or("default");
    if tier == "flex" && generation.is_second() {
        return Err(wrong("service_tier", "can't be flex with this model"));
    }
    memo.insert("service_tier".to_owned(), tier.into());
    let expires_s = number(body, "execution_expires_after")?.unwrap_or(EXPIRES_S);
    within("execution_expires_after", expires_s, &EXPIRES_RANGE_S)?;
    memo.insert("execution_expires_after".to_owned(), expires_s.into());
    let identifier = text(body, "safety_identifier")?;
    if identifier.is_some_and(|text| text.chars().count() > IDENTIFIER_MAX_CHARS) {
        return Err(wrong("safety_identifier", "is longer than 64 characters"));
    }
    if flag(body, "camera_fixed")?.unwrap_or(false) && (generation.is_second() || content.has_references()) {
        return Err(wrong("camera_fixed", "is not known with this model or with references"));
    }
    flag(body, "watermark")?;
    number(body, "priority")?;
    if field(body, "tools").is_some_and(|tools| !tools.is_array()) {
        return Err(wrong("tools", "must be an array"));
    }
    for name in ["safety_identifier", "priority", "tools", "output_format"] {
        memo.extend(field(body, name).map(|value| (name.to_owned(), value.clone())));
    }
    memo.extend(content.draft_task.as_deref().map(|id| ("draft_task_id".to_owned(), id.into())));
    Ok(memo)
}

/// Whether a draft is asked for. A draft that is to be finished must be there and done.
fn draft(desk: &Desk, body: &Value, content: &Content, generation: Generation) -> Result<bool, Refusal> {
    let is_draft = flag(body, "draft")?.unwrap_or(false);
    if (is_draft || content.draft_task.is_some()) && !generation.takes_drafts() {
        return Err(wrong("draft", "is not known with this model"));
    }
    if let Some(id) = &content.draft_task {
        let known = desk.find(id).filter(|seen| seen.at.is_done() && seen.job.memo["draft"] == true);
        known.ok_or_else(|| wrong("content.draft_task.id", "names no draft that has succeeded"))?;
    }
    Ok(is_draft)
}

/// `frames` wins over `duration`, and both over the text.
fn length(body: &Value, flags: &Flags, generation: Generation) -> Result<Length, Refusal> {
    if let Some(frames) = number(body, "frames")? {
        let fits = (29..=289).contains(&frames) && (frames - 25) % 4 == 0;
        return match (generation.takes_frames(), fits) {
            (false, _) => Err(wrong("frames", "is not known with this model")),
            (true, false) => Err(wrong("frames", "must be 25 + 4n, from 29 to 289")),
            (true, true) => Ok(Length::Frames(frames)),
        };
    }
    match number(body, "duration")?.or(flags.duration) {
        None => Ok(Length::Seconds(DURATION_S)),
        Some(-1) if generation.chooses_duration() => Ok(Length::Seconds(DURATION_S)),
        Some(seconds) => within("duration", seconds, &generation.durations()).map(Length::Seconds),
    }
}

fn resolution<'a>(
    body: &'a Value,
    flags: &'a Flags,
    generation: Generation,
    is_draft: bool,
) -> Result<&'a str, Refusal> {
    let given = choice(body, "resolution", &RESOLUTIONS)?.or(flags.resolution.as_deref());
    let resolution = match given {
        Some(given) => given,
        None if is_draft => "480p",
        None => generation.resolution(),
    };
    let is_known = RESOLUTIONS.contains(&resolution);
    is_known.then_some(resolution).ok_or_else(|| wrong("resolution", "is not known"))
}

fn ratio<'a>(body: &'a Value, flags: &'a Flags, content: &Content) -> Result<&'a str, Refusal> {
    let usual = if content.picture.is_some() { "adaptive" } else { "16:9" };
    let ratio = choice(body, "ratio", &RATIOS)?.or(flags.ratio.as_deref()).unwrap_or(usual);
    match ratio {
        "adaptive" => Ok(adapted(content.picture.as_deref())),
        ratio if RATIOS.contains(&ratio) => Ok(ratio),
        _ => Err(wrong("ratio", "is not known")),
    }
}

fn seed(body: &Value, flags: &Flags) -> Result<i64, Refusal> {
    within("seed", number(body, "seed")?.or(flags.seed).unwrap_or(-1), &SEEDS)
}

fn callback_url(body: &Value) -> Result<&str, Refusal> {
    let url = text(body, "callback_url")?.unwrap_or_default();
    let is_good = url.is_empty() || url.starts_with("http://") || url.starts_with("https://");
    is_good.then_some(url).ok_or_else(|| wrong("callback_url", "is no link"))
}

fn within(name: &str, value: i64, range: &RangeInclusive<i64>) -> Result<i64, Refusal> {
    let why = || wrong(name, &format!("must be from {} to {}", range.start(), range.end()));
    range.contains(&value).then_some(value).ok_or_else(why)
}
