//! How a video looks (section 3). It names no link; what would be null is left out, as in the guide.

use crate::job::{Seen, State};
use serde_json::{Value, json};

/// How long the files of a finished video can be had, s.
pub(super) const EXPIRES_S: i64 = 3_600;

/// The video object.
pub(super) fn video(seen: &Seen) -> Value {
    let (job, at) = (&seen.job, &seen.at);
    let mut video = job.memo.clone();
    video["id"] = job.id.as_str().into();
    video["object"] = "video".into();
    video["created_at"] = (job.submit_ms / 1_000).into();
    video["prompt"] = job.prompt.as_str().into();
    let (word, progress) = match &at.state {
        State::Waiting { .. } => ("queued", 0),
        State::Working { percent } => ("in_progress", *percent),
        State::Done => ("completed", 100),
        State::Failed { .. } | State::Moderated { .. } | State::Cancelled => ("failed", 100),
    };
    video["status"] = at.odd_status.as_deref().unwrap_or(word).into();
    video["progress"] = progress.into();
    if let (State::Done, Some(finished_ms)) = (&at.state, at.finished_ms) {
        video["completed_at"] = (finished_ms / 1_000).into();
        video["expires_at"] = (finished_ms / 1_000 + EXPIRES_S).into();
    }
    match &at.state {
        State::Failed { code, reason } => {
            video["error"] = json!({"code": code.as_deref().unwrap_or("video_generation_failed"), "message": reason});
        }
        State::Moderated { reason } => video["error"] = json!({"code": "moderation_blocked", "message": reason}),
        _ => {}
    }
    video
}
