//! A task as each proxy tells it (section 4).

use super::record::{Flavour, Record};
use super::timeline::{Snapshot, snapshot};
use super::{buttons, words};
use crate::config::SimConfig;
use crate::fields::object;
use crate::script::unmarked;
use serde_json::{Map, Value};

/// From this percentage on, a preview stands in `imageUrl`.
const PREVIEW_PERCENT: u8 = 28;

/// The task object at `now_ms`.
pub(crate) fn show(config: &SimConfig, base_url: &str, record: &Record, now_ms: i64) -> Map<String, Value> {
    let at = snapshot(record, now_ms);
    let failed = at.status == "FAILURE";
    let progress = if failed { String::new() } else { format!("{}%", at.percent) };
    let link = |name: String| format!("{base_url}/sim/files/{name}");
    let (prompt, prompt_en, final_prompt) = words::places(record, at.is_success());
    let properties = object([
        ("finalPrompt", final_prompt.into()),
        ("notifyHook", record.notify_hook.as_str().into()),
        ("discordInstanceId", "1090000000000000001".into()),
    ]);
    let mut task = object([
        ("id", record.id.as_str().into()),
        ("action", record.action.as_str().into()),
        ("status", at.status.as_str().into()),
        ("prompt", prompt.into()),
        ("promptEn", prompt_en.into()),
        ("description", format!("/{} {}", record.action.to_lowercase(), unmarked(&record.prompt)).into()),
        ("state", record.state.as_str().into()),
        ("submitTime", record.submit_ms.into()),
        ("startTime", at.started_ms.into()),
        ("finishTime", at.finished_ms.into()),
        ("progress", progress.into()),
        ("imageUrl", image(record, &at).map(link).into()),
        ("failReason", at.fail_reason.clone().into()),
        ("properties", properties.into()),
    ]);
    if record.flavour == Flavour::TrueAi {
        task.append(&mut extras(config, base_url, record, &at));
    }
    task
}

/// The file that `imageUrl` names: a preview before the end, the picture after it.
fn image(record: &Record, at: &Snapshot) -> Option<String> {
    if record.picture.is_none() {
        return record.inputs.first().filter(|_| at.is_success()).cloned();
    }
    let id = &record.id;
    match at.is_success() {
        true => Some(format!("{id}.png")),
        false => (!at.is_over() && at.percent >= PREVIEW_PERCENT).then(|| format!("{id}-preview.png")),
    }
}

fn extras(config: &SimConfig, base_url: &str, record: &Record, at: &Snapshot) -> Map<String, Value> {
    let done = at.is_success();
    let shown = if done { buttons::show(record) } else { Vec::new() };
    let count =
        record.picture.as_ref().filter(|_| done && config.singles).map_or(0, |picture| match picture.cells.len() {
            4 => 4,
            _ => 0,
        });
    let single = |number: usize| object([("url", format!("{base_url}/sim/files/{}-{number}.png", record.id).into())]);
    let singles: Vec<Map<String, Value>> = (1..=count).map(single).collect();
    object([
        ("buttons", shown.into()),
        ("imageUrls", singles.into()),
        ("jobId", record.job.as_str().into()),
        ("mode", record.mode.as_str().into()),
        ("botType", record.bot_type.as_str().into()),
        ("seed", if done { record.seed.to_string().into() } else { Value::Null }),
    ])
}
