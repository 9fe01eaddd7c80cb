//! Follow-ups on offer: `trueai` lists them, for `novicezk` they are made here in the same form.

use serde_json::Value;
use task::Button;

/// Discord's number for a grey button, and for a button at all.
const STYLE: i64 = 2;
const KIND: i64 = 2;

/// How many pictures a grid has.
const GRID: i64 = 4;

/// A pressed button in the words of `/mj/submit/change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// `UPSCALE`, `VARIATION` or `REROLL`.
    pub action: &'static str,
    /// Which of the four, 1 to 4; none for a reroll.
    pub index: Option<i64>,
}

/// Reads the proxy's list. Items without a `customId` (links) can't be pressed and are left out.
pub(super) fn read(list: Option<&Value>) -> Vec<Button> {
    let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(read_one).collect()
}

/// The buttons of a finished grid on a proxy that lists none. Other results offer nothing there.
pub(super) fn made(id: &str, action: &str) -> Vec<Button> {
    if !matches!(action, "IMAGINE" | "VARIATION" | "REROLL" | "BLEND") {
        return Vec::new();
    }
    let upscales = (1..=GRID).map(|index| made_one(format!("MJ::JOB::upsample::{index}::{id}"), format!("U{index}")));
    let variations =
        (1..=GRID).map(|index| made_one(format!("MJ::JOB::variation::{index}::{id}"), format!("V{index}")));
    let mut reroll = made_one(format!("MJ::JOB::reroll::0::{id}"), String::new());
    reroll.emoji = "🔄".to_owned();
    upscales.chain(variations).chain([reroll]).collect()
}

/// Reads a button of [`made`]'s form back; `None` for any other.
pub(super) fn pressed(custom_id: &str) -> Option<Change> {
    let mut parts = custom_id.strip_prefix("MJ::JOB::")?.split("::");
    let (job, index) = (parts.next()?, parts.next()?);
    let index: i64 = index.parse().ok()?;
    let picture = (1..=GRID).contains(&index).then_some(index);
    match job {
        "upsample" => Some(Change { action: "UPSCALE", index: Some(picture?) }),
        "variation" => Some(Change { action: "VARIATION", index: Some(picture?) }),
        "reroll" => Some(Change { action: "REROLL", index: None }),
        _ => None,
    }
}

fn made_one(custom_id: String, label: String) -> Button {
    Button { custom_id, emoji: String::new(), label, style: STYLE, kind: KIND }
}

fn read_one(item: &Value) -> Option<Button> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str, usual: i64| item.get(name).and_then(Value::as_i64).unwrap_or(usual);
    let custom_id = text("customId");
    (!custom_id.is_empty()).then(|| Button {
        custom_id: custom_id.to_owned(),
        emoji: text("emoji").to_owned(),
        label: text("label").to_owned(),
        style: number("style", STYLE),
        kind: number("type", KIND),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_made_button_reads_back_as_its_change() {
        let read: Vec<_> = made("42", "IMAGINE").iter().map(|button| pressed(&button.custom_id)).collect();
        let mut expected: Vec<_> = Vec::new();
        for action in ["UPSCALE", "VARIATION"] {
            expected.extend((1..=4).map(|index| Some(Change { action, index: Some(index) })));
        }
        expected.push(Some(Change { action: "REROLL", index: None }));
        assert_eq!(read, expected);
    }

    #[test]
    fn other_buttons_are_not_changes() {
        for text in ["", "MJ::JOB::upsample::5::x", "MJ::JOB::upsample::x::x", "MJ::CustomZoom::x", "upsample::1"] {
            assert_eq!(pressed(text), None, "{text}");
        }
    }
}
