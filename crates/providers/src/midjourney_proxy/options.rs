//! The channel's settings for this dialect.

use serde_json::{Map, Value};

/// A pause between polls that is quick for a caller and easy on a proxy.
const POLL_PERIOD_MS: i64 = 5_000;

/// The pauses that a channel may choose.
const POLL_PERIOD_RANGE_MS: std::ops::RangeInclusive<i64> = 100..=600_000;

/// Which of the two proxies is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// trueai-org/midjourney-proxy.
    TrueAi,
    /// novicezk/midjourney-proxy.
    NoviceZk,
}

/// The settings, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Which proxy.
    pub flavour: Flavour,
    /// Speeds are asked for by path (`/mj-fast/mj/…`); otherwise by `accountFilter.modes`.
    pub speed_prefixes: bool,
    /// The usual pause between two polls.
    pub poll_period_ms: i64,
}

impl Options {
    /// Reads settings that [`check`] has passed; what it would refuse counts as not set.
    pub(super) fn read(options: &Map<String, Value>) -> Self {
        let flavour = match options.get("flavour").and_then(Value::as_str) {
            Some("novicezk") => Flavour::NoviceZk,
            _ => Flavour::TrueAi,
        };
        let speed_prefixes = options.get("speed_prefixes").and_then(Value::as_bool).unwrap_or(true);
        let poll_period_ms = options
            .get("poll_period_ms")
            .and_then(Value::as_i64)
            .filter(|ms| POLL_PERIOD_RANGE_MS.contains(ms))
            .unwrap_or(POLL_PERIOD_MS);
        Self { flavour, speed_prefixes, poll_period_ms }
    }
}

/// Refuses unknown settings and wrong values, saying what would be accepted.
pub(super) fn check(options: &Map<String, Value>) -> Result<(), String> {
    options.iter().try_for_each(|(name, value)| match name.as_str() {
        "flavour" => match value.as_str() {
            Some("trueai" | "novicezk") => Ok(()),
            _ => Err("option flavour must be \"trueai\" or \"novicezk\"".to_owned()),
        },
        "speed_prefixes" if value.is_boolean() => Ok(()),
        "speed_prefixes" => Err("option speed_prefixes must be true or false".to_owned()),
        "poll_period_ms" => match value.as_i64() {
            Some(ms) if POLL_PERIOD_RANGE_MS.contains(&ms) => Ok(()),
            _ => Err("option poll_period_ms must be a number from 100 to 600000".to_owned()),
        },
        other => Err(format!("unknown option {other}; midjourney_proxy takes flavour, speed_prefixes, poll_period_ms")),
    })
}
