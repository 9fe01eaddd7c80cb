//! How a task looks (sections 2.7, 3, 5 and 8).

use crate::job::{Desk, Job, Seen, State};
use crate::media::Media;
use serde_json::{Value, json};

/// The answer to a legacy submission.
pub(super) fn legacy_opened(seen: &Seen) -> Value {
    let job = &seen.job;
    json!({
        "task_id": job.id,
        "task_status": status(seen, "succeed"),
        "task_info": task_info(job),
        "created_at": job.submit_ms,
        "updated_at": seen.at.changed_ms(job),
    })
}

/// A legacy task, as polls and lists show it.
pub(super) fn legacy(desk: &Desk, seen: &Seen) -> Value {
    let mut task = legacy_opened(seen);
    task["task_status_msg"] = message(&seen.at.state).into();
    if seen.at.is_done() {
        task["task_result"] = result(desk, &seen.job);
        task["final_unit_deduction"] = seen.job.memo["units"].clone();
    }
    task
}

/// A legacy callback: the same facts, without an envelope around them.
pub(super) fn legacy_letter(desk: &Desk, seen: &Seen) -> Value {
    let mut letter = legacy(desk, seen);
    letter["final_balance_deduction"] = json!({"quota": "0", "list_price": "0"});
    letter
}

/// A task of the new generation, in polls and callbacks.
pub(super) fn modern(desk: &Desk, seen: &Seen) -> Value {
    let job = &seen.job;
    let billing = json!([{"charge_type": "unit", "amount": job.memo["units"], "package_type": "video"}]);
    json!({
        "id": job.id,
        "status": status(seen, "succeeded"),
        "message": message(&seen.at.state),
        "create_time": job.submit_ms,
        "update_time": seen.at.changed_ms(job),
        "external_id": job.client,
        "outputs": if seen.at.is_done() { outputs(desk, job) } else { json!([]) },
        "billing": if seen.at.is_done() { billing } else { json!([]) },
    })
}

/// The generations write success in two ways.
fn status(seen: &Seen, success: &str) -> String {
    let word = match &seen.at.state {
        State::Waiting { .. } => "submitted",
        State::Working { .. } => seen.at.odd_status.as_deref().unwrap_or("processing"),
        State::Done => success,
        State::Failed { .. } | State::Moderated { .. } | State::Cancelled => "failed",
    };
    word.to_owned()
}

/// A moderator who comes late speaks here, and only in words (section 10).
fn message(state: &State) -> &str {
    match state {
        State::Failed { reason, .. } | State::Moderated { reason } => reason,
        _ => "",
    }
}

fn task_info(job: &Job) -> Value {
    if job.client.is_empty() { json!({}) } else { json!({"external_task_id": job.client}) }
}

fn result(desk: &Desk, job: &Job) -> Value {
    let links = (1..=job.outputs.len()).map(|number| (number, desk.link(job, number)));
    if is_film(job) {
        let video = |(number, url): (usize, String)| {
            json!({
                "id": file_id(job, number),
                "watermark_url": watermarked(&job.body["watermark_info"], &url),
                "url": url,
                "duration": job.memo["seconds"].to_string(),
            })
        };
        return json!({"videos": links.map(video).collect::<Vec<_>>()});
    }
    let image = |(number, url): (usize, String)| {
        let watermark_url = watermarked(&job.body["watermark_info"], &url);
        json!({"index": number - 1, "url": url, "watermark_url": watermark_url})
    };
    json!({"images": links.map(image).collect::<Vec<_>>()})
}

fn outputs(desk: &Desk, job: &Job) -> Value {
    let output = |number| {
        let url = desk.link(job, number);
        json!({
            "type": "video",
            "id": file_id(job, number),
            "watermark_url": watermarked(&job.body["options"]["watermark_info"], &url),
            "url": url,
            "duration": job.memo["seconds"].to_string(),
        })
    };
    (1..=job.outputs.len()).map(output).collect()
}

/// The kind of output is told by the path, also when a script took all outputs away.
fn is_film(job: &Job) -> bool {
    match job.outputs.first() {
        Some(output) => matches!(output.media, Media::Mp4 { .. }),
        None => !job.memo["seconds"].is_null(),
    }
}

fn file_id(job: &Job, number: usize) -> String {
    format!("{}{number:02}", job.id)
}

/// The same file stands for the one with a watermark.
fn watermarked(info: &Value, url: &str) -> String {
    if info["enabled"] == true { url.to_owned() } else { String::new() }
}
