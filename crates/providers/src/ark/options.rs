//! The channel's settings for this dialect.

use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// Films take from half a minute to several; the vendor's SDK asks every 3 s (section 3).
const POLL_PERIOD_MS: i64 = 5_000;

/// The pauses that a channel may choose.
const POLL_PERIOD_RANGE_MS: RangeInclusive<i64> = 100..=600_000;

/// The settings, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// `safety_identifier` carries our client id, so that a lost submission can be found again; otherwise
    /// it is the caller's own (section 8).
    pub sends_client: bool,
    /// The usual pause between two polls.
    pub poll_period_ms: i64,
}

impl Options {
    /// Reads settings that [`check`] has passed; what it would refuse counts as not set.
    pub(super) fn read(options: &Map<String, Value>) -> Self {
        let period = options.get("poll_period_ms").and_then(Value::as_i64);
        Self {
            sends_client: options.get("safety_identifier").and_then(Value::as_str) != Some("caller"),
            poll_period_ms: period.filter(|ms| POLL_PERIOD_RANGE_MS.contains(ms)).unwrap_or(POLL_PERIOD_MS),
        }
    }
}

/// Refuses unknown settings and wrong values, saying what would be accepted.
pub(super) fn check(options: &Map<String, Value>) -> Result<(), String> {
    options.iter().try_for_each(|(name, value)| match name.as_str() {
        "safety_identifier" => match value.as_str() {
            Some("client" | "caller") => Ok(()),
            _ => Err("option safety_identifier must be \"client\" or \"caller\"".to_owned()),
        },
        "poll_period_ms" => match value.as_i64() {
            Some(ms) if POLL_PERIOD_RANGE_MS.contains(&ms) => Ok(()),
            _ => Err("option poll_period_ms must be a number from 100 to 600000".to_owned()),
        },
        other => Err(format!("unknown option {other}; ark takes safety_identifier, poll_period_ms")),
    })
}
