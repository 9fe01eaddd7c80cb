//! How a record looks (section 2.3).

use super::song_id;
use super::wish::{FILES_A_SONG, FIRST_PERCENT, TEXT_PERCENT};
use crate::job::{Desk, Job, Seen, State};
use crate::script::unmarked;
use serde_json::{Value, json};

/// A task that the vendor ends with because its own callback failed; its audio is there nevertheless.
const CALLBACK_EXCEPTION: &str = "CALLBACK_EXCEPTION";

/// States in which a task can fail; the script may name one as its code.
const FAILURES: &[&str] = &[
    "CREATE_TASK_FAILED",
    "GENERATE_AUDIO_FAILED",
    "GENERATE_LYRICS_FAILED",
    "SENSITIVE_WORD_ERROR",
    CALLBACK_EXCEPTION,
];

/// Variants of words that one task gives.
const VARIANTS: usize = 2;

/// The record of a task.
pub(super) fn record(desk: &Desk, seen: &Seen) -> Value {
    let (job, at) = (&seen.job, &seen.at);
    let is_words = job.route == "lyrics";
    let inner = if is_words { words(seen) } else { songs(desk, seen) };
    let field = if is_words { "data" } else { "sunoData" };
    let mut record = json!({
        "taskId": job.id,
        "param": job.body.to_string(),
        "response": match &inner {
            Some(songs) => json!({"taskId": job.id, field: songs}),
            None => Value::Null,
        },
        "status": status(seen),
        "type": if is_words { "LYRICS" } else { "GENERATE" },
        "errorCode": Value::Null,
        "errorMessage": Value::Null,
    });
    if !is_words {
        record["parentMusicId"] = job.body.get("audioId").cloned().unwrap_or_else(|| "".into());
        record["operationType"] = job.route.as_str().into();
    }
    if let State::Failed { reason, .. } | State::Moderated { reason } = &at.state {
        record["errorCode"] = if matches!(at.state, State::Moderated { .. }) { 400.into() } else { 500.into() };
        record["errorMessage"] = reason.as_str().into();
    }
    record
}

/// The status word.
fn status(seen: &Seen) -> String {
    let odd = seen.job.trouble().odd_status();
    let is_songs = seen.job.route != "lyrics";
    let word = match &seen.at.state {
        // This word is one for the end, so it is not shown before.
        State::Done if odd == Some(CALLBACK_EXCEPTION) => CALLBACK_EXCEPTION,
        State::Done => "SUCCESS",
        State::Working { .. } if odd.is_some_and(|odd| odd != CALLBACK_EXCEPTION) => odd.unwrap_or_default(),
        State::Working { percent } if *percent >= FIRST_PERCENT && is_songs => "FIRST_SUCCESS",
        State::Working { percent } if *percent >= TEXT_PERCENT && is_songs => "TEXT_SUCCESS",
        State::Waiting { .. } | State::Working { .. } => "PENDING",
        State::Moderated { .. } => "SENSITIVE_WORD_ERROR",
        State::Failed { code: Some(code), .. } if FAILURES.contains(&code.as_str()) => code,
        State::Failed { .. } | State::Cancelled if is_songs => "GENERATE_AUDIO_FAILED",
        State::Failed { .. } | State::Cancelled => "GENERATE_LYRICS_FAILED",
    };
    word.to_owned()
}

/// Two variants at the end.
pub(super) fn words(seen: &Seen) -> Option<Value> {
    if !seen.at.is_done() {
        return None;
    }
    let words = unmarked(&seen.job.prompt);
    let variant = |number: usize| {
        let line = |part: &str| format!("[{part}]\n{words}, under a painted sky\n{words}, take {number}\n");
        let text = [line("Verse"), line("Chorus")].join("\n");
        json!({"text": text, "title": format!("{words} {number}"), "status": "complete", "errorMessage": ""})
    };
    Some((1..=VARIANTS).map(variant).collect())
}

/// The songs as far as they are there; `None` before the words are, and after a failure.
pub(super) fn songs(desk: &Desk, seen: &Seen) -> Option<Value> {
    let is_there = seen.at.is_done() || (seen.at.percent() >= TEXT_PERCENT && !seen.at.is_over());
    is_there.then(|| (0..seen.job.outputs.len() / FILES_A_SONG).map(|number| song(desk, seen, number)).collect())
}

/// Song `number`, from 0.
fn song(desk: &Desk, seen: &Seen, number: usize) -> Value {
    let (job, first) = (&seen.job, number * FILES_A_SONG + 1);
    let is_ready = seen.at.is_done() || (number == 0 && seen.at.percent() >= FIRST_PERCENT);
    let link = |number: usize| if is_ready { desk.link(job, number) } else { String::new() };
    let duration_ms = job.memo["durations_ms"][number].as_f64().unwrap_or(0.0);
    json!({
        "id": song_id(job.number, number),
        "audioUrl": link(first),
        "sourceAudioUrl": link(first),
        "streamAudioUrl": desk.link(job, first + 2),
        "sourceStreamAudioUrl": desk.link(job, first + 2),
        "imageUrl": link(first + 1),
        "sourceImageUrl": link(first + 1),
        "prompt": unmarked(&job.prompt),
        "modelName": model_name(job),
        "title": title(job),
        "tags": job.body.get("style").cloned().unwrap_or_else(|| "".into()),
        "createTime": job.submit_ms,
        "duration": if is_ready { (duration_ms / 1_000.0).into() } else { Value::Null },
    })
}

fn title(job: &Job) -> String {
    match job.body.get("title").and_then(Value::as_str).unwrap_or_default() {
        "" => unmarked(&job.prompt),
        title => title.to_owned(),
    }
}

fn model_name(job: &Job) -> String {
    let model = job.body.get("model").and_then(Value::as_str).unwrap_or_default();
    format!("chirp-{}", model.to_lowercase().replace('_', "-"))
}
