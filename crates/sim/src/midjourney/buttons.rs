//! The buttons under a finished picture, and what pressing one stands for.

use super::record::Record;
use crate::fields::object;
use serde_json::{Map, Value};

/// What a button asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Press {
    /// One of the four, 1 to 4, by itself.
    Upscale(usize),
    /// A single picture with more pixels.
    Larger,
    /// Four like this one (1 to 4; a single counts as 1).
    Variation(usize),
    /// Four new ones.
    Reroll,
    /// Four with more around them; the window grows by this factor.
    Zoom(f32),
    /// Four with more at one side, as window heights to the right and down.
    Pan(f32, f32),
    /// More around it, after a question how much.
    CustomZoom,
    /// Another part inside it, after a question where.
    Inpaint,
}

impl Press {
    /// Reads a `customId`; `None` when it is no button of ours.
    pub(super) fn of(custom_id: &str) -> Option<Self> {
        let (kind, rest) = custom_id.strip_prefix("MJ::")?.split_once("::")?;
        let mut parts = rest.split("::");
        let first = parts.next()?;
        match (kind, first) {
            ("CustomZoom", _) => Some(Self::CustomZoom),
            ("Inpaint", _) => Some(Self::Inpaint),
            ("Outpaint", "50") => Some(Self::Zoom(2.0)),
            ("Outpaint", "75") => Some(Self::Zoom(4.0 / 3.0)),
            ("JOB", job) => Self::of_job(job, parts.next()),
            _ => None,
        }
    }

    fn of_job(job: &str, index: Option<&str>) -> Option<Self> {
        let number = || index?.parse::<usize>().ok().filter(|number| (1..=4).contains(number));
        Some(match job {
            "upsample" => Self::Upscale(number()?),
            "upsample_v6_2x_subtle" | "upsample_v6_2x_creative" => Self::Larger,
            "variation" | "low_variation" | "high_variation" => Self::Variation(number()?),
            "reroll" => Self::Reroll,
            "pan_left" => Self::Pan(-0.5, 0.0),
            "pan_right" => Self::Pan(0.5, 0.0),
            "pan_up" => Self::Pan(0.0, -0.5),
            "pan_down" => Self::Pan(0.0, 0.5),
            _ => return None,
        })
    }

    /// The protocol's word for the task that comes of it.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Upscale(_) => "UPSCALE",
            Self::Larger => "UPSCALE_HD",
            Self::Variation(_) => "VARIATION",
            Self::Reroll => "REROLL",
            Self::Zoom(_) | Self::CustomZoom => "ZOOM",
            Self::Pan(..) => "PAN",
            Self::Inpaint => "INPAINT",
        }
    }

    /// Whether it asks back before it starts.
    pub(super) fn asks(self) -> bool {
        matches!(self, Self::CustomZoom | Self::Inpaint)
    }
}

/// The `customId`s that a finished task offers, with emoji, label and style.
pub(super) fn offered(record: &Record) -> Vec<(String, &'static str, String, i64)> {
    let job = &record.job;
    let Some(picture) = &record.picture else { return Vec::new() };
    if picture.cells.len() == 4 {
        let row = |verb: &'static str, letter: &'static str| {
            (1..=4).map(move |n| (format!("MJ::JOB::{verb}::{n}::{job}"), "", format!("{letter}{n}"), 2))
        };
        let reroll = (format!("MJ::JOB::reroll::0::{job}::SOLO"), "🔄", String::new(), 2);
        return row("upsample", "U").chain(row("variation", "V")).chain([reroll]).collect();
    }
    let plain = |id: String, emoji, label: &str| (id, emoji, label.to_owned(), 2);
    vec![
        plain(format!("MJ::JOB::upsample_v6_2x_subtle::1::{job}::SOLO"), "upscale_1", "Upscale (Subtle)"),
        plain(format!("MJ::JOB::upsample_v6_2x_creative::1::{job}::SOLO"), "upscale_1", "Upscale (Creative)"),
        plain(format!("MJ::JOB::low_variation::1::{job}::SOLO"), "🪄", "Vary (Subtle)"),
        plain(format!("MJ::JOB::high_variation::1::{job}::SOLO"), "🪄", "Vary (Strong)"),
        plain(format!("MJ::Inpaint::1::{job}::SOLO"), "🖌️", "Vary (Region)"),
        plain(format!("MJ::Outpaint::50::1::{job}::SOLO"), "🔍", "Zoom Out 2x"),
        plain(format!("MJ::Outpaint::75::1::{job}::SOLO"), "🔍", "Zoom Out 1.5x"),
        plain(format!("MJ::CustomZoom::{job}"), "🔍", "Custom Zoom"),
        plain(format!("MJ::JOB::pan_left::1::{job}::SOLO"), "⬅️", ""),
        plain(format!("MJ::JOB::pan_right::1::{job}::SOLO"), "➡️", ""),
        plain(format!("MJ::JOB::pan_up::1::{job}::SOLO"), "⬆️", ""),
        plain(format!("MJ::JOB::pan_down::1::{job}::SOLO"), "⬇️", ""),
    ]
}

/// The same as JSON.
pub(super) fn show(record: &Record) -> Vec<Map<String, Value>> {
    let button = |(custom_id, emoji, label, style): (String, &str, String, i64)| {
        object([
            ("customId", custom_id.into()),
            ("emoji", emoji.into()),
            ("label", label.into()),
            ("type", 2.into()),
            ("style", style.into()),
        ])
    };
    offered(record).into_iter().map(button).collect()
}
