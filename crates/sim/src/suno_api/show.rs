//! How a task looks (section 1.3).

use super::clip_id;
use super::wish::{FILES_A_CLIP, STREAM_PERCENT};
use crate::job::{Desk, Job, Seen, State};
use crate::script::unmarked;
use serde_json::{Value, json};

/// Up to which percentage a task that is worked on stands in Suno's own queue.
const QUEUED_PERCENT: u8 = 10;

/// `MUSIC`, `LYRICS` or `CONCAT`.
pub(super) fn action(job: &Job) -> String {
    job.route.to_uppercase()
}

/// The task object.
pub(super) fn task(desk: &Desk, seen: &Seen) -> Value {
    let (job, at) = (&seen.job, &seen.at);
    let seconds = |ms: Option<i64>| ms.map_or(0, |ms| ms / 1_000);
    json!({
        "task_id": job.id,
        "action": action(job),
        "status": at.odd_status.as_deref().unwrap_or_else(|| status(&at.state)),
        "fail_reason": fail_reason(&at.state).unwrap_or_default(),
        "notify_hook": job.notify_url,
        "submit_time": job.submit_ms / 1_000,
        "start_time": seconds(at.started_ms),
        "finish_time": seconds(at.finished_ms),
        "progress": format!("{}%", at.percent()),
        "data": data(desk, seen),
    })
}

fn status(state: &State) -> &'static str {
    match state {
        State::Waiting { is_sent: false } => "NOT_START",
        State::Waiting { is_sent: true } => "SUBMITTED",
        State::Working { percent } if *percent < QUEUED_PERCENT => "QUEUED",
        State::Working { .. } => "IN_PROGRESS",
        State::Done => "SUCCESS",
        State::Failed { .. } | State::Moderated { .. } | State::Cancelled => "FAILURE",
    }
}

fn fail_reason(state: &State) -> Option<String> {
    match state {
        State::Failed { reason, .. } => Some(reason.clone()),
        State::Moderated { reason } => Some(format!("moderation_failure: {reason}")),
        State::Cancelled => Some("cancelled".to_owned()),
        State::Waiting { .. } | State::Working { .. } | State::Done => None,
    }
}

fn data(desk: &Desk, seen: &Seen) -> Value {
    let job = &seen.job;
    if matches!(seen.at.state, State::Waiting { .. }) {
        return Value::Null;
    }
    if job.route == "lyrics" {
        return lyrics(seen);
    }
    (0..job.outputs.len() / FILES_A_CLIP).map(|number| clip(desk, seen, number)).collect()
}

fn lyrics(seen: &Seen) -> Value {
    if !seen.at.is_done() {
        return Value::Null;
    }
    let words = unmarked(&seen.job.prompt);
    let line = |part: &str| format!("[{part}]\n{words}, under a painted sky\n{words}, and no reason why\n");
    let text = [line("Verse"), line("Chorus")].join("\n");
    json!({
        "id": clip_id(seen.job.number, 0),
        "status": "complete",
        "title": words,
        "text": text,
    })
}

/// Clip `number`, from 0. While it streams, `audio_url` is the stream and not the song.
fn clip(desk: &Desk, seen: &Seen, number: usize) -> Value {
    let (job, first) = (&seen.job, number * FILES_A_CLIP + 1);
    let field = |name: &str| job.body.get(name).cloned().unwrap_or_else(|| "".into());
    let (word, audio_url, image_url) = match &seen.at.state {
        State::Done => ("complete", desk.link(job, first), desk.link(job, first + 1)),
        State::Working { percent } if *percent >= STREAM_PERCENT => {
            ("streaming", desk.link(job, first + 2), String::new())
        }
        State::Waiting { .. } | State::Working { .. } => ("queued", String::new(), String::new()),
        State::Failed { .. } | State::Moderated { .. } | State::Cancelled => ("error", String::new(), String::new()),
    };
    let (error_type, error_message) = match &seen.at.state {
        State::Moderated { reason } => ("moderation_failure".into(), reason.as_str().into()),
        State::Failed { reason, .. } => ("internal_error".into(), reason.as_str().into()),
        _ => (Value::Null, Value::Null),
    };
    let duration_ms = job.memo["durations_ms"][number].as_f64().unwrap_or(0.0);
    json!({
        "id": clip_id(job.number, number),
        "title": match job.body.get("title").and_then(Value::as_str).unwrap_or_default() {
            "" => unmarked(&job.prompt),
            title => title.to_owned(),
        },
        "status": word,
        "audio_url": audio_url,
        "video_url": "",
        "image_url": image_url,
        "image_large_url": image_url,
        "major_model_version": "v3",
        "model_name": match job.body.get("mv").and_then(Value::as_str).unwrap_or_default() {
            "" => "chirp-v3-0",
            model => model,
        },
        "metadata": {
            "tags": field("tags"),
            "prompt": field("prompt"),
            "gpt_description_prompt": field("gpt_description_prompt"),
            "duration": if seen.at.is_done() { (duration_ms / 1_000.0).into() } else { Value::Null },
            "error_type": error_type,
            "error_message": error_message,
        },
    })
}
