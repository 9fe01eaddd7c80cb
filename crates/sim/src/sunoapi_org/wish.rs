//! Submissions as they are read (section 2.2).

use super::song_id;
use crate::fingerprint::{Dice, fingerprint};
use crate::job::{Arrived, Desk, Job, Output, Refusal, Wish};
use crate::media::Media;
use serde_json::json;

/// Songs of one task.
pub(super) const SONGS: usize = 2;

/// Files of one song: the song, its cover, and the stream that can be heard before the end.
pub(super) const FILES_A_SONG: usize = 3;

/// When the words are there, percent of the work; the streams begin with them.
pub(super) const TEXT_PERCENT: u8 = 25;

/// When the first song is there, percent of the work.
pub(super) const FIRST_PERCENT: u8 = 60;

/// How long a stream is that was cut off in the middle, ms.
const STREAM_MS: u32 = 9_600;

/// Edge of a cover, pixels.
const COVER_PX: u32 = 512;

/// Models, and whether their fields have the shorter limits.
const MODELS: &[(&str, bool)] =
    &[("V4", true), ("V4_5", false), ("V4_5PLUS", false), ("V4_5ALL", false), ("V5", false), ("V5_5", false)];

/// The most characters of a prompt when the mode is not custom.
const SIMPLE_PROMPT_MAX_CHARS: usize = 500;

/// The most characters of prompt, style and title: with V4, and with later models.
const V4_MAX_CHARS: [usize; 3] = [3_000, 200, 80];
const MAX_CHARS: [usize; 3] = [5_000, 1_000, 100];

/// Reads a submission on this route.
pub(super) fn read(desk: &Desk, route: &str, arrived: &Arrived) -> Result<Wish, Refusal> {
    let notify_url = needed(arrived, "callBackUrl")?;
    let pace = desk.config().pace;
    if route == "lyrics" {
        let prompt = needed(arrived, "prompt")?;
        return Ok(Wish { prompt, notify_url, take_ms: pace.words_ms, ..Wish::default() });
    }
    let prompt = if route == "extend" { extension(desk, arrived)? } else { music(arrived)? };
    let durations: Vec<u32> = (0..SONGS).map(|song| duration_ms(&prompt, song)).collect();
    Ok(Wish {
        notify_url,
        outputs: durations.iter().enumerate().flat_map(|(song, ms)| files(song, *ms)).collect(),
        take_ms: pace.song_ms,
        memo: json!({"durations_ms": durations}),
        prompt,
        client: String::new(),
    })
}

/// The words that decide a song: the prompt, or without one its style.
fn music(arrived: &Arrived) -> Result<String, Refusal> {
    let flag = |name: &str| {
        arrived.body[name].as_bool().ok_or_else(|| Refusal::Invalid(format!("{name} must be true or false")))
    };
    let (is_custom, is_instrumental) = (flag("customMode")?, flag("instrumental")?);
    if !is_custom {
        model(arrived)?;
        let prompt = needed(arrived, "prompt")?;
        return within(prompt, "prompt", SIMPLE_PROMPT_MAX_CHARS);
    }
    custom(arrived, !is_instrumental)
}

/// Style and title, and the words of the song when they are needed.
fn custom(arrived: &Arrived, needs_prompt: bool) -> Result<String, Refusal> {
    let [prompt_max, style_max, title_max] = model(arrived)?;
    let style = within(needed(arrived, "style")?, "style", style_max)?;
    within(needed(arrived, "title")?, "title", title_max)?;
    let prompt = if needs_prompt { needed(arrived, "prompt")? } else { arrived.text("prompt").to_owned() };
    let prompt = within(prompt, "prompt", prompt_max)?;
    Ok(if prompt.is_empty() { style } else { prompt })
}

/// A song that goes on must be there; with `defaultParamFlag` it is described anew.
fn extension(desk: &Desk, arrived: &Arrived) -> Result<String, Refusal> {
    let audio = needed(arrived, "audioId")?;
    let owns = |job: &Job| (0..SONGS).any(|number| song_id(job.number, number) == audio);
    let parent = desk.list(1, owns).into_iter().next();
    let parent = parent.ok_or_else(|| Refusal::Invalid("audioId is not known".to_owned()))?;
    let is_described = arrived.body["defaultParamFlag"].as_bool();
    if !is_described.ok_or_else(|| Refusal::Invalid("defaultParamFlag must be true or false".to_owned()))? {
        model(arrived)?;
        return Ok(parent.job.prompt.clone());
    }
    let from_s = arrived.body["continueAt"].as_f64().filter(|from_s| *from_s > 0.0);
    from_s.ok_or_else(|| Refusal::Invalid("continueAt must be more than 0".to_owned()))?;
    custom(arrived, arrived.body["instrumental"] != true)
}

/// The model's limits of prompt, style and title.
fn model(arrived: &Arrived) -> Result<[usize; 3], Refusal> {
    let name = needed(arrived, "model")?;
    let known = MODELS.iter().find(|(known, _)| *known == name);
    let (_, is_short) = known.ok_or_else(|| Refusal::Invalid(format!("model {name} is not known")))?;
    Ok(if *is_short { V4_MAX_CHARS } else { MAX_CHARS })
}

/// The first song can be loaded when it is ready, the second at the end.
fn files(song: usize, duration_ms: u32) -> [Output; FILES_A_SONG] {
    let from_percent = if song == 0 { FIRST_PERCENT } else { 100 };
    [
        Output::early(Media::Mp3 { duration_ms }, from_percent),
        Output::early(Media::Jpeg { width: COVER_PX, height: COVER_PX }, from_percent),
        Output::early(Media::Mp3 { duration_ms: STREAM_MS }, TEXT_PERCENT),
    ]
}

/// Thirty to ninety seconds, in whole MP3 frames.
fn duration_ms(prompt: &str, song: usize) -> u32 {
    let mut dice = Dice::new(fingerprint(song as u64, &["duration", prompt]));
    dice.between(1_250.0, 3_750.0) as u32 * 24
}

fn needed(arrived: &Arrived, name: &str) -> Result<String, Refusal> {
    let text = Some(arrived.text(name)).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| Refusal::Invalid(format!("{name} is missing")))
}

/// Too long is a code of its own (section 2.5).
fn within(text: String, name: &str, most_chars: usize) -> Result<String, Refusal> {
    if text.chars().count() > most_chars {
        tracing::debug!(name, most_chars, "a text is too long");
        return Err(Refusal::Code(413));
    }
    Ok(text)
}
