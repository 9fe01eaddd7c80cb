//! Finished clips: their files and what is told of them (section 1.3).

use super::upstream_task::Fields;
use serde_json::{Map, Value};
use task::{Clip, Output, Role, Source};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The most clips that are taken from one task; Suno makes two.
const CLIPS_MAX: usize = 16;

/// The clips that are ready, in order: what belongs to one carries its place.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// What is told of each.
    pub clips: Vec<Clip>,
    /// Their files.
    pub outputs: Vec<Output>,
}

/// Whether a clip is still being made. While it is, its sound is a stream and not the file.
pub(super) fn is_unfinished(clip: Fields<'_>) -> bool {
    matches!(clip.text("status").to_ascii_lowercase().as_str(), "submitted" | "queued" | "streaming")
}

fn is_finished(clip: Fields<'_>) -> bool {
    let status = clip.text("status");
    // A server that tells no word of its own for a clip means that of the task.
    (status.is_empty() || status.eq_ignore_ascii_case("complete")) && clip.url("audio_url").is_some()
}

/// Takes the finished clips; `wav` also names the file beside each sound.
pub(super) fn finished(clips: &[Fields<'_>], wav: bool) -> Finished {
    let mut finished = Finished::default();
    let ready = clips.iter().copied().filter(|clip| is_finished(*clip)).take(CLIPS_MAX);
    for (piece, clip) in (0i64..).zip(ready) {
        finished.clips.push(told(clip));
        finished.outputs.extend(files(clip, wav).into_iter().map(|output| output.of_piece(piece)));
    }
    finished
}

fn told(clip: Fields<'_>) -> Clip {
    let text = |name: &str| clip.text(name).to_owned();
    let model = if clip.text("model_name").is_empty() { "major_model_version" } else { "model_name" };
    let version = Some(clip.text("major_model_version")).filter(|text| !text.is_empty());
    Clip {
        id: text("id"),
        title: text("title"),
        tags: text("tags"),
        lyrics: text("prompt"),
        model: text(model),
        duration_s: clip.number("duration"),
        created_ms: clip.raw("created_at").and_then(created_ms),
        extras: version
            .map(|text| ("major_model_version".to_owned(), Value::from(text)))
            .into_iter()
            .collect::<Map<_, _>>(),
    }
}

fn files(clip: Fields<'_>, wav: bool) -> Vec<Output> {
    let sound = clip.url("audio_url").unwrap_or_default();
    let small = clip.url("image_url");
    let large = clip.url("image_large_url");
    let beside = wav.then(|| wav_beside(sound)).flatten();
    let named = [
        (Role::Audio, Some(sound.to_owned())),
        (Role::Wav, beside),
        (Role::Cover, small.or(large).map(str::to_owned)),
        (Role::Single, large.filter(|url| small.is_some_and(|small| small != *url)).map(str::to_owned)),
        (Role::Video, clip.url("video_url").map(str::to_owned)),
    ];
    named.into_iter().filter_map(|(role, url)| Some(Output::new(role, Source::Url(url?)))).collect()
}

/// The same link with another ending, when it ends in `.mp3`.
fn wav_beside(sound: &str) -> Option<String> {
    let place = sound.find(['?', '#']).unwrap_or(sound.len());
    let (path, rest) = sound.split_at(place);
    path.strip_suffix(".mp3").map(|stem| format!("{stem}.wav{rest}"))
}

/// ISO 8601, or seconds or milliseconds since the epoch.
fn created_ms(value: &Value) -> Option<i64> {
    /// Seconds stay below this for some thousand years; milliseconds have been above it since 1973.
    const MS_FROM: i64 = 100_000_000_000;
    if let Some(number) = value.as_i64() {
        return Some(if number < MS_FROM { number.saturating_mul(1_000) } else { number }).filter(|ms| *ms > 0);
    }
    let at = OffsetDateTime::parse(value.as_str()?.trim(), &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}
