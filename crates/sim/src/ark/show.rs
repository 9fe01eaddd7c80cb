//! How a task looks (section 3).

use super::expiry::{expires_ms, is_expired};
use super::measures::FPS;
use crate::job::{Desk, Job, Seen, State};
use crate::media::Media;
use serde_json::{Value, json};

/// The status word.
pub(super) fn status(seen: &Seen) -> &str {
    if is_expired(seen) {
        return "expired";
    }
    let word = match &seen.at.state {
        State::Waiting { .. } => "queued",
        State::Working { .. } => "running",
        State::Done => "succeeded",
        State::Failed { .. } | State::Moderated { .. } => "failed",
        State::Cancelled => "cancelled",
    };
    seen.at.odd_status.as_deref().unwrap_or(word)
}

/// The task object: the fields that are always repeated, and what became of it.
pub(super) fn task(desk: &Desk, seen: &Seen) -> Value {
    let (job, at) = (&seen.job, &seen.at);
    let mut task = job.memo.clone();
    task["id"] = job.id.as_str().into();
    task["status"] = status(seen).into();
    task["created_at"] = (job.submit_ms / 1_000).into();
    let expired_ms = expires_ms(job).filter(|_| is_expired(seen));
    task["updated_at"] = (expired_ms.unwrap_or_else(|| at.changed_ms(job)) / 1_000).into();
    if task["seed"] == -1 {
        task["seed"] = (job.seed & 0xffff_ffff).into();
    }
    match &at.state {
        _ if is_expired(seen) => {}
        State::Done => {
            task["content"] = content(desk, job);
            let tokens = tokens(job);
            task["usage"] = json!({"completion_tokens": tokens, "total_tokens": tokens});
        }
        State::Failed { code, reason } => {
            let code = code.as_deref().unwrap_or("InternalServiceError");
            task["error"] = json!({"code": code, "message": reason});
        }
        State::Moderated { reason } => {
            task["error"] = json!({"code": "OutputVideoSensitiveContentDetected", "message": reason});
        }
        State::Waiting { .. } | State::Working { .. } | State::Cancelled => {}
    }
    task
}

fn content(desk: &Desk, job: &Job) -> Value {
    let links = ["video_url", "last_frame_url"].into_iter().zip(1..);
    let known = links.filter(|(_, number)| job.outputs.len() >= *number);
    known.map(|(name, number)| (name.to_owned(), Value::from(desk.link(job, number)))).collect()
}

/// What is billed: width × height × frames a second × seconds / 1024 (section 10).
fn tokens(job: &Job) -> u64 {
    match job.outputs.first().map(|output| output.media) {
        Some(Media::Mp4 { width, height, duration_ms, .. }) => {
            let frames_thousandfold = u64::from(FPS) * u64::from(duration_ms);
            u64::from(width) * u64::from(height) * frames_thousandfold / 1_024 / 1_000
        }
        _ => 0,
    }
}
