//! How a request looks (sections 2, 3, 5 and 7.1).

use super::endpoints::TRIED_ON;
use super::{failure, wish};
use crate::job::{Desk, Job, Seen, State};
use crate::script::unmarked;
use serde_json::{Value, json};

/// The answer to a submission, and what every status repeats.
pub(super) fn opened(desk: &Desk, seen: &Seen) -> Value {
    let job = &seen.job;
    let url = |end: &str| {
        let app = job.memo["app"].as_str().unwrap_or_default();
        desk.url(&format!("/{app}/requests/{}{end}", job.id))
    };
    json!({
        "status": "IN_QUEUE",
        "request_id": job.id,
        "response_url": url(""),
        "status_url": url("/status"),
        "cancel_url": url("/cancel"),
        "queue_position": 0,
    })
}

/// The status: also a failure is `COMPLETED`.
pub(super) fn status(desk: &Desk, seen: &Seen) -> Value {
    let (mut status, at) = (opened(desk, seen), &seen.at);
    let word = match at.state {
        State::Waiting { .. } => return status,
        State::Working { .. } => at.odd_status.as_deref().unwrap_or("IN_PROGRESS"),
        _ => "COMPLETED",
    };
    status["status"] = word.into();
    status["logs"] = json!([]);
    if let Value::Object(fields) = &mut status {
        fields.remove("queue_position");
    }
    if at.is_over() {
        let worked_ms = at.finished_ms.zip(at.started_ms).map_or(0, |(end, start)| end - start);
        status["metrics"] = json!({"inference_time": worked_ms as f64 / 1_000.0});
    }
    if let Some(failure) = failure::of(seen) {
        status["error"] = failure.message.into();
        if let Some(kind) = failure.queues {
            status["error_type"] = kind.into();
        }
    }
    status
}

/// The model's output.
pub(super) fn result(desk: &Desk, job: &Job) -> Value {
    let file = |number: usize, content_type: &str| json!({"url": desk.link(job, number), "content_type": content_type, "file_name": job.file_name(number)});
    let endpoint = job.memo["endpoint"].as_str().unwrap_or_default();
    let mut result = json!({});
    if endpoint == TRIED_ON && !job.outputs.is_empty() {
        result["image"] = file(1, "image/png");
    } else if endpoint.starts_with("fal-ai/kling-image/") {
        result["images"] = (1..=job.outputs.len()).map(|number| file(number, "image/png")).collect();
    } else if !job.outputs.is_empty() {
        result["video"] = file(1, "video/mp4");
    }
    if wish::is_sora(endpoint) {
        result["video_id"] = format!("video_{}", job.id).into();
        if job.outputs.len() > 1 {
            result["thumbnail"] = file(2, "image/jpeg");
        }
    } else if endpoint.contains("/wan-") || endpoint.contains("/seedance/") {
        result["seed"] = job.body["seed"].as_u64().unwrap_or(job.seed >> 32).into();
    }
    if endpoint.contains("/wan-25") {
        result["actual_prompt"] = unmarked(&job.prompt).into();
    }
    result
}

/// The webhook's letter.
pub(super) fn letter(desk: &Desk, seen: &Seen) -> Value {
    let job = &seen.job;
    let failure = failure::of(seen);
    let mut letter = json!({
        "request_id": job.id,
        "gateway_request_id": job.id,
        "status": if failure.is_some() { "ERROR" } else { "OK" },
    });
    match failure {
        Some(failure) => {
            letter["error"] = failure.message.into();
            letter["payload"] = failure.body;
        }
        None => letter["payload"] = result(desk, job),
    }
    letter
}
