//! What a task tells beside its files: buttons, words, the prompt as it was used.

use super::buttons;
use super::options::Flavour;
use super::upstream_task::{UpstreamTask, word_of};
use serde_json::Value;
use task::{Details, Kind};

/// The most lines of words that are kept.
const TEXTS_MAX: usize = 50;

/// Fields that only this protocol has, kept under their own names.
const EXTRAS: &[&str] = &["action", "botType", "jobId", "mode", "promptEn", "promptFull"];

/// Reads them.
pub(super) fn read(task: UpstreamTask<'_>, kind: Kind, flavour: Flavour) -> Details {
    let mut buttons = buttons::read(task.0.get("buttons"));
    if buttons.is_empty() && flavour == Flavour::NoviceZk && task.status() == "SUCCESS" {
        buttons = buttons::made(&task.id().unwrap_or_default(), &task.action());
    }
    let extras = EXTRAS.iter().filter_map(|name| Some(((*name).to_owned(), Value::from(task.text(name)?)))).collect();
    Details {
        buttons,
        texts: texts(task, kind),
        prompt_used: task.property("finalPrompt").map(str::to_owned),
        seed: task.0.get("seed").and_then(word_of),
        description: task.text("description").map(str::to_owned),
        extras,
        ..Details::default()
    }
}

/// The words that came out. Builds differ in where they put them (section 4), so the first place
/// that holds something other than what was asked is taken.
fn texts(task: UpstreamTask<'_>, kind: Kind) -> Vec<String> {
    let final_prompt = task.property("finalPrompt");
    let (prompt, prompt_en) = (task.text("prompt"), task.text("promptEn"));
    let text = match (kind, task.action().as_str()) {
        (Kind::Describe, _) | (_, "DESCRIBE") => prompt_en.or(final_prompt).or(prompt),
        (Kind::Shorten, _) | (_, "SHORTEN") => {
            let changed = |text: &&str| Some(*text) != prompt;
            final_prompt.filter(changed).or(prompt_en.filter(changed)).or(final_prompt).or(prompt_en).or(prompt)
        }
        _ => None,
    };
    let lines = text.unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    lines.take(TEXTS_MAX).map(str::to_owned).collect()
}
