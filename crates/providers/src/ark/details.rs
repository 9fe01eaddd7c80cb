//! What a finished task tells: its files (section 6), and what stands beside them (section 3).

use super::text;
use crate::http_call::clean;
use serde_json::{Map, Value};
use task::{Details, Fitted, Output, Role, Source};

/// Fields that are kept under their own names: words, numbers and flags, never a link.
const EXTRAS: &[&str] = &[
    "resolution",
    "ratio",
    "duration",
    "frames",
    "framespersecond",
    "generate_audio",
    "service_tier",
    "execution_expires_after",
    "draft",
    "priority",
    "output_format",
];

/// The most characters of a word that is kept.
const WORD_MAX_CHARS: usize = 64;

/// The film, and its last still when that was asked for.
pub(super) fn outputs(task: &Map<String, Value>) -> Vec<Output> {
    let Some(content) = task.get("content").and_then(Value::as_object) else { return Vec::new() };
    let url = |name: &str| text(content, name).filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let output = |role, url: &str| Output::new(role, Source::Url(url.to_owned()));
    let film = url("video_url").or_else(|| url("file_url")).map(|url| output(Role::Video, url));
    let still = url("last_frame_url").map(|url| output(Role::LastFrame, url));
    film.into_iter().chain(still).collect()
}

/// What stands beside the files.
pub(super) fn read(task: &Map<String, Value>) -> Details {
    let mut extras: Map<String, Value> = Map::new();
    for name in EXTRAS {
        if let Some(value) = task.get(*name).filter(|value| is_plain(value)) {
            extras.insert((*name).to_owned(), value.clone());
        }
    }
    if let Some(usage) = task.get("usage").and_then(Value::as_object) {
        extras.insert("usage".to_owned(), Value::Object(numbers(usage)));
    }
    Details {
        prompt_used: text(task, "revised_prompt").map(clean),
        seed: task.get("seed").and_then(Value::as_i64).filter(|seed| *seed >= 0).map(|seed| seed.to_string()),
        fitted: Fitted { seconds: seconds(task), size: None },
        extras,
        ..Details::default()
    }
}

/// The length as it was made, also where it was left to the model.
fn seconds(task: &Map<String, Value>) -> Option<f64> {
    let number = |name: &str| task.get(name).and_then(Value::as_f64).filter(|number| *number > 0.0);
    number("duration").or_else(|| Some(number("frames")? / number("framespersecond")?))
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.len() <= WORD_MAX_CHARS && !text.contains("://"),
        _ => false,
    }
}

/// The counts of `usage`, those of tools too.
fn numbers(usage: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in usage {
        match value {
            Value::Number(_) => drop(kept.insert(name.clone(), value.clone())),
            Value::Object(tools) => {
                let counts = tools.iter().filter(|(_, count)| count.is_number());
                let counts: Map<_, _> = counts.map(|(name, count)| (name.clone(), count.clone())).collect();
                kept.insert(name.clone(), Value::Object(counts));
            }
            _ => {}
        }
    }
    kept
}
