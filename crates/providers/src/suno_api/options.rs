//! The channel's settings for this dialect.

use serde_json::{Map, Value};

/// The bridge itself asks Suno every 5 s (section 1.3): more often tells nothing new.
const POLL_PERIOD_MS: i64 = 5_000;

/// The pauses that a channel may choose.
const POLL_PERIOD_RANGE_MS: std::ops::RangeInclusive<i64> = 100..=600_000;

/// The longest name of a version.
const VERSION_MAX_CHARS: usize = 64;

/// Which server is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// A descendant that also has `concat`, `notify_hook`, `singer_style` and uploads.
    Extended,
    /// Suno-API/Suno-API as published.
    Original,
}

/// The settings, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options<'a> {
    /// Which server.
    pub flavour: Flavour,
    /// What is sent as `mv` when the caller names none; the server's own default without.
    pub version: Option<&'a str>,
    /// Whether the WAV beside each clip is archived too.
    pub wav: bool,
    /// The usual pause between two polls.
    pub poll_period_ms: i64,
}

impl<'a> Options<'a> {
    /// Reads settings that [`check`] has passed; what it would refuse counts as not set.
    pub(super) fn read(options: &'a Map<String, Value>) -> Self {
        let flavour = match options.get("flavour").and_then(Value::as_str) {
            Some("original") => Flavour::Original,
            _ => Flavour::Extended,
        };
        let period_ms = options.get("poll_period_ms").and_then(Value::as_i64);
        Self {
            flavour,
            version: options.get("version").and_then(Value::as_str).filter(|text| is_version(text)),
            wav: options.get("wav").and_then(Value::as_bool).unwrap_or(false),
            poll_period_ms: period_ms.filter(|ms| POLL_PERIOD_RANGE_MS.contains(ms)).unwrap_or(POLL_PERIOD_MS),
        }
    }
}

fn is_version(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= VERSION_MAX_CHARS
}

/// Refuses unknown settings and wrong values, saying what would be accepted.
pub(super) fn check(options: &Map<String, Value>) -> Result<(), String> {
    options.iter().try_for_each(|(name, value)| match name.as_str() {
        "flavour" => match value.as_str() {
            Some("extended" | "original") => Ok(()),
            _ => Err("option flavour must be \"extended\" or \"original\"".to_owned()),
        },
        "version" if value.as_str().is_some_and(is_version) => Ok(()),
        "version" => Err(format!("option version must be a name of 1 to {VERSION_MAX_CHARS} characters")),
        "wav" if value.is_boolean() => Ok(()),
        "wav" => Err("option wav must be true or false".to_owned()),
        "poll_period_ms" => match value.as_i64() {
            Some(ms) if POLL_PERIOD_RANGE_MS.contains(&ms) => Ok(()),
            _ => Err("option poll_period_ms must be a number from 100 to 600000".to_owned()),
        },
        other => Err(format!("unknown option {other}; {} takes flavour, version, wav, poll_period_ms", super::NAME)),
    })
}
