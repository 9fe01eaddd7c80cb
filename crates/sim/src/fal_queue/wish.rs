//! Submissions as they are read. Everything is accepted; what is wrong with the input comes out as the
//! result (section 2).

use super::endpoints::{self, Endpoint, REMIX, Sound, TRIED_ON};
use super::stills;
use crate::job::{Arrived, Desk, Output, Refusal, Wish};
use crate::media::Media;
use serde_json::{Value, json};

/// What a film without a `duration` plays, s: 81 frames at 16 a second.
const FRAMES_S: u32 = 5;

/// Lines of a film whose endpoint has no `resolution`.
const LINES: u32 = 1_080;

/// Pixels of a thumbnail.
const THUMBNAIL_PX: (u32, u32) = (320, 180);

/// Reads what came for an endpoint.
pub(super) fn read(desk: &Desk, id: &str, arrived: &Arrived) -> Result<Wish, Refusal> {
    let Some(endpoint) = endpoints::find(id) else { return Err(Refusal::NotFound(id.to_owned())) };
    let (mut errors, body) = (Vec::new(), &arrived.body);
    let prompt = arrived.text("prompt").to_owned();
    if prompt.is_empty() && endpoint.id != TRIED_ON {
        errors.push(error("prompt", "field required", "missing"));
    }
    errors.extend(endpoint.needs.split(' ').filter(|name| !name.is_empty()).filter_map(|name| picture(body, name)));
    let chosen = |name: &str, words: &'static str, errors: &mut Vec<Value>| {
        choose(body, name, words).unwrap_or_else(|wrong| {
            errors.push(wrong);
            words.split(' ').next().unwrap_or_default()
        })
    };
    let duration = chosen("duration", endpoint.durations, &mut errors);
    let ratio = chosen("aspect_ratio", endpoint.ratios, &mut errors);
    let resolution = chosen("resolution", endpoint.resolutions, &mut errors);
    let mut seconds = duration.trim_end_matches('s').parse().unwrap_or(FRAMES_S);
    let mut outputs = match stills::of(endpoint, body, ratio, resolution) {
        Some(stills) => stills.unwrap_or_else(|wrong| {
            errors.push(wrong);
            Vec::new()
        }),
        None => film(endpoint, body, ratio, resolution, seconds),
    };
    if endpoint.id == REMIX {
        match remixed(desk, arrived.text("video_id")) {
            Some((parent_s, parents)) => (seconds, outputs) = (parent_s, parents),
            None => errors.push(error("video_id", "the video can't be remixed", "value_error")),
        }
    }
    if !errors.is_empty() {
        outputs.clear();
    }
    Ok(Wish {
        prompt,
        notify_url: arrived.asks("fal_webhook").to_owned(),
        outputs,
        take_ms: if stills::makes(endpoint) { desk.config().pace.picture_ms } else { desk.config().pace.video_ms },
        memo: json!({
            "endpoint": endpoint.id,
            "app": endpoints::app(endpoint.id),
            "seconds": seconds,
            "errors": errors,
            "is_kept": body["delete_video"] == false,
        }),
        client: String::new(),
    })
}

fn film(endpoint: &Endpoint, body: &Value, ratio: &str, resolution: &str, seconds: u32) -> Vec<Output> {
    let short = match resolution {
        "4k" => 2_160,
        "true_1080p" => 1_080,
        "" => LINES,
        name => name.trim_end_matches('p').parse().unwrap_or(720),
    };
    let (wide, high) = match ratio.split_once(':') {
        Some((wide, high)) => (wide.parse().unwrap_or(16), high.parse().unwrap_or(9)),
        None => (16, 9),
    };
    let long = |a: u32, b: u32| (short * a / b) & !1;
    let (width, height) = if wide >= high { (long(wide, high), short) } else { (short, long(high, wide)) };
    let with_sound = match endpoint.sound {
        Sound::Always => true,
        Sound::Never => false,
        Sound::Chosen => body["generate_audio"] != false,
    };
    let mut outputs = vec![Output::at_end(Media::Mp4 { width, height, duration_ms: seconds * 1_000, with_sound })];
    if is_sora(endpoint.id) {
        let (width, height) = THUMBNAIL_PX;
        outputs.push(Output::at_end(Media::Jpeg { width, height }));
    }
    outputs
}

/// Whether an endpoint is one of Sora's, whose films have a name and a thumbnail.
pub(super) fn is_sora(endpoint: &str) -> bool {
    endpoint.starts_with("fal-ai/sora-2/")
}

/// Playing time, s, and files of the film of this name, when it is done and was kept.
fn remixed(desk: &Desk, video_id: &str) -> Option<(u32, Vec<Output>)> {
    let seen = desk.find(video_id.strip_prefix("video_")?)?;
    let is_there = seen.at.is_done() && seen.job.memo["is_kept"] == true;
    let seconds = seen.job.memo["seconds"].as_u64().unwrap_or(4) as u32;
    is_there.then(|| (seconds, seen.job.outputs.clone()))
}

/// A needed field: a link or a data URI, a list of them, or any text for a film's name.
fn picture(body: &Value, name: &str) -> Option<Value> {
    let is_file = |value: &Value| {
        let is_link = |text: &str| ["https://", "http://", "data:"].iter().any(|start| text.starts_with(start));
        value.as_str().is_some_and(|text| is_link(text) || name == "video_id")
    };
    match &body[name] {
        Value::Null => Some(error(name, "field required", "missing")),
        Value::Array(items) if name.ends_with('s') && !items.is_empty() && items.iter().all(is_file) => None,
        value if !name.ends_with('s') && is_file(value) => None,
        _ => Some(error(name, "Failed to download the file", "file_download_error")),
    }
}

/// One of these words, spelled as the endpoint spells them: numbers for Sora's lengths, else texts.
fn choose(body: &Value, name: &str, words: &'static str) -> Result<&'static str, Value> {
    let usual = words.split(' ').next().unwrap_or_default();
    let given = &body[name];
    if given.is_null() || words.is_empty() {
        return Ok(usual);
    }
    let is_number = name == "duration" && words.starts_with("4 8");
    let is_same = |word: &&str| match given {
        Value::String(text) => !is_number && text == word,
        Value::Number(number) => is_number && number.to_string() == **word,
        _ => false,
    };
    words.split(' ').find(is_same).ok_or_else(|| error(name, &format!("must be one of: {words}"), "literal_error"))
}

pub(super) fn error(field: &str, msg: &str, kind: &str) -> Value {
    json!({"loc": ["body", field], "msg": msg, "type": kind})
}
