//! Submissions of the new generation as they are read (section 5).

use super::pictures::{self, MODERN_MAX_BYTES};
use super::refusals::NO_MODEL;
use super::{MODERN, size};
use crate::job::{Arrived, Desk, Output, Refusal, Wish};
use crate::media::Media;
use serde_json::{Value, json};

/// The most characters of a prompt.
const PROMPT_MAX_CHARS: usize = 3_072;

/// Kinds of contents that hold a picture, and those that hold a video.
const PICTURES: &[&str] = &["first_frame", "last_frame", "refer_image"];
const FILMS: &[&str] = &["feature_video", "base_video"];

/// What stands in `contents`, or in the plain `prompt` of text-to-video.
#[derive(Default)]
struct Contents {
    prompt: String,
    pictures: usize,
    films: usize,
    /// Of the first picture whose bytes came with it.
    size: Option<(u32, u32)>,
}

/// Reads what came on `/{kind}/{model}`.
pub(super) fn read(desk: &Desk, kind: &str, model: &str, arrived: &Arrived) -> Result<Wish, Refusal> {
    let body = &arrived.body;
    let contents = match kind {
        "text-to-video" => Contents { prompt: arrived.text("prompt").to_owned(), ..Contents::default() },
        "image-to-video" | "omni-video" | "motion-control" => contents(&body["contents"])?,
        _ => return Err(Refusal::Code(1202)),
    };
    check_model(kind, model)?;
    check(kind, &contents)?;
    let (settings, options) = (&body["settings"], &body["options"]);
    let seconds = match &settings["duration"] {
        Value::Null => 5,
        number => {
            number.as_u64().filter(|s| (3..=15).contains(s)).ok_or_else(|| invalid("duration must be 3 to 15"))?
        }
    };
    let short_px = match word(settings, "resolution", &["720p", "1080p", "4k"])? {
        "1080p" => 1_080,
        "4k" => 2_160,
        _ => 720,
    };
    let own = contents.size.map_or("16:9", |(width, height)| size::nearest(width, height));
    let ratio = match word(settings, "aspect_ratio", &["", "16:9", "9:16", "1:1"])? {
        "" => own,
        ratio => ratio,
    };
    let with_sound = word(settings, "audio", &["off", "native", "original"])? != "off";
    let (width, height) = size::of_video(ratio, short_px);
    let duration_ms = seconds as u32 * 1_000;
    Ok(Wish {
        prompt: contents.prompt,
        client: options["external_task_id"].as_str().unwrap_or_default().to_owned(),
        notify_url: options["callback_url"].as_str().unwrap_or_default().to_owned(),
        outputs: vec![Output::at_end(Media::Mp4 { width, height, duration_ms, with_sound })],
        take_ms: desk.config().pace.video_ms,
        memo: json!({
            "generation": MODERN,
            "model": model,
            "seconds": seconds,
            "units": (seconds.div_ceil(5)).to_string(),
        }),
    })
}

fn check_model(kind: &str, model: &str) -> Result<(), Refusal> {
    let is_known = match kind {
        "omni-video" => model == "kling-3.0-omni",
        "motion-control" => matches!(model, "kling-3.0" | "kling-2.6"),
        // The sheet's list ends with dots: any name of this form may be one.
        _ => model.strip_prefix("kling-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())),
    };
    if is_known { Ok(()) } else { Err(NO_MODEL) }
}

fn check(kind: &str, contents: &Contents) -> Result<(), Refusal> {
    if contents.prompt.chars().count() > PROMPT_MAX_CHARS {
        return Err(invalid("prompt is too long"));
    }
    match kind {
        "text-to-video" if contents.prompt.is_empty() => Err(invalid("prompt is empty")),
        "image-to-video" if contents.pictures == 0 => Err(invalid("contents hold no frame")),
        "omni-video" if contents.prompt.is_empty() => Err(invalid("contents hold no prompt")),
        "motion-control" if contents.pictures == 0 || contents.films == 0 => {
            Err(invalid("contents need an image and a video"))
        }
        _ => Ok(()),
    }
}

fn contents(list: &Value) -> Result<Contents, Refusal> {
    let items = list.as_array().ok_or_else(|| invalid("contents is not a list"))?;
    let mut contents = Contents::default();
    for item in items {
        let kind = item["type"].as_str().unwrap_or_default();
        let url = || item["url"].as_str().ok_or_else(|| invalid(&format!("{kind} needs a url")));
        if kind == "prompt" {
            item["text"].as_str().unwrap_or_default().clone_into(&mut contents.prompt);
        } else if PICTURES.contains(&kind) {
            let size = pictures::read(url()?, kind, MODERN_MAX_BYTES)?;
            contents.size = contents.size.or(size);
            contents.pictures += 1;
        } else if FILMS.contains(&kind) {
            url()?;
            contents.films += 1;
        } else if kind != "element" {
            return Err(invalid(&format!("unknown type {kind:?} in contents")));
        }
    }
    Ok(contents)
}

/// One of these words; the first when nothing is said.
fn word(settings: &Value, name: &str, words: &[&'static str]) -> Result<&'static str, Refusal> {
    if settings[name].is_null() {
        return Ok(words.first().copied().unwrap_or_default());
    }
    let known = words.iter().find(|word| settings[name] == **word).copied();
    known.ok_or_else(|| invalid(&format!("{name} is not one of {words:?}")))
}

fn invalid(text: &str) -> Refusal {
    Refusal::Invalid(text.to_owned())
}
