//! Submissions as they are read (section 1.2).

use super::clip_id;
use crate::fingerprint::{Dice, fingerprint};
use crate::job::{Arrived, Desk, Job, Output, Refusal, Wish};
use crate::media::Media;
use serde_json::json;

/// Clips of one music task.
pub(super) const CLIPS: usize = 2;

/// Files of one clip: the song, its cover, and the stream that can be heard before the end.
pub(super) const FILES_A_CLIP: usize = 3;

/// When the streams begin, percent of the work.
pub(super) const STREAM_PERCENT: u8 = 60;

/// How long a stream is that was cut off in the middle, ms.
const STREAM_MS: u32 = 9_600;

/// Edge of a cover, pixels.
const COVER_PX: u32 = 512;

/// Reads a submission of this action, in lower case.
pub(super) fn read(desk: &Desk, action: &str, arrived: &Arrived) -> Result<Wish, Refusal> {
    let pace = desk.config().pace;
    let (prompt, take_ms, clips) = match action {
        "music" => (music(desk, arrived)?, pace.song_ms, CLIPS),
        "lyrics" => (needed(arrived, "prompt")?, pace.words_ms, 0),
        "concat" => (concat(desk, arrived)?, pace.song_ms, 1),
        _ => return Err(Refusal::Invalid(format!("unknown action {action}"))),
    };
    let durations: Vec<u32> = (0..clips).map(|clip| duration_ms(&prompt, clip)).collect();
    Ok(Wish {
        notify_url: arrived.text("notify_hook").to_owned(),
        outputs: durations.iter().flat_map(|ms| files(*ms)).collect(),
        take_ms,
        memo: json!({"durations_ms": durations}),
        prompt,
        client: String::new(),
    })
}

/// The words that decide a song: a description, or lyrics, or at least a style. A piece that goes on
/// must name a clip that is there.
fn music(desk: &Desk, arrived: &Arrived) -> Result<String, Refusal> {
    let clip = arrived.text("continue_clip_id");
    if !clip.is_empty() {
        let task = desk.find(arrived.text("task_id"));
        let owns = |job: &Job| (0..CLIPS).any(|number| clip_id(job.number, number) == clip);
        task.filter(|seen| owns(&seen.job)).ok_or_else(|| invalid("task_id does not own continue_clip_id"))?;
    }
    let words = ["gpt_description_prompt", "prompt", "tags", "title"].map(|name| arrived.text(name));
    let first = words.into_iter().find(|text| !text.is_empty());
    first.map(str::to_owned).ok_or_else(|| invalid("prompt is missing"))
}

fn concat(desk: &Desk, arrived: &Arrived) -> Result<String, Refusal> {
    let clip = needed(arrived, "clip_id")?;
    let owns = |job: &Job| (0..CLIPS).any(|number| clip_id(job.number, number) == clip);
    match desk.list(1, owns).first() {
        Some(seen) => Ok(seen.job.prompt.clone()),
        None => Err(invalid("no such clip")),
    }
}

fn files(duration_ms: u32) -> [Output; FILES_A_CLIP] {
    [
        Output::at_end(Media::Mp3 { duration_ms }),
        Output::at_end(Media::Jpeg { width: COVER_PX, height: COVER_PX }),
        Output::early(Media::Mp3 { duration_ms: STREAM_MS }, STREAM_PERCENT),
    ]
}

/// Thirty to ninety seconds, in whole MP3 frames.
fn duration_ms(prompt: &str, clip: usize) -> u32 {
    let mut dice = Dice::new(fingerprint(clip as u64, &["duration", prompt]));
    dice.between(1_250.0, 3_750.0) as u32 * 24
}

fn needed(arrived: &Arrived, name: &str) -> Result<String, Refusal> {
    Some(arrived.text(name))
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| invalid(&format!("{name} is missing")))
}

fn invalid(text: &str) -> Refusal {
    Refusal::Invalid(text.to_owned())
}
