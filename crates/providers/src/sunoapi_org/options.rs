//! The channel's settings for this dialect.

use super::version::{self, Version};
use serde_json::{Map, Value};

/// A pause between polls that is quick for a caller and well within the vendor's limits (section 2.5).
const POLL_PERIOD_MS: i64 = 5_000;

/// The pauses that a channel may choose.
const POLL_PERIOD_RANGE_MS: std::ops::RangeInclusive<i64> = 100..=600_000;

/// The longest address.
const CALLBACK_URL_MAX_CHARS: usize = 2_000;

/// The settings, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options<'a> {
    /// The version for callers who name none that the vendor has.
    pub version: &'static Version,
    /// What is sent as the callback's address where we have none.
    pub callback_url: Option<&'a str>,
    /// The usual pause between two polls.
    pub poll_period_ms: i64,
}

impl<'a> Options<'a> {
    /// Reads settings that [`check`] has passed; what it would refuse counts as not set.
    pub(super) fn read(options: &'a Map<String, Value>) -> Self {
        let period_ms = options.get("poll_period_ms").and_then(Value::as_i64);
        let version = options.get("version").and_then(Value::as_str).and_then(version::exactly);
        Self {
            version: version.unwrap_or(version::USUAL),
            callback_url: options.get("callback_url").and_then(Value::as_str).filter(|text| is_address(text)),
            poll_period_ms: period_ms.filter(|ms| POLL_PERIOD_RANGE_MS.contains(ms)).unwrap_or(POLL_PERIOD_MS),
        }
    }
}

fn is_address(text: &str) -> bool {
    let web = text.starts_with("https://") || text.starts_with("http://");
    web && text.chars().count() <= CALLBACK_URL_MAX_CHARS && !text.contains(char::is_whitespace)
}

/// Refuses unknown settings and wrong values, saying what would be accepted.
pub(super) fn check(options: &Map<String, Value>) -> Result<(), String> {
    options.iter().try_for_each(|(name, value)| match name.as_str() {
        "version" if value.as_str().is_some_and(|text| version::exactly(text).is_some()) => Ok(()),
        "version" => Err(format!("option version must be one of {}", version::names().join(", "))),
        "callback_url" if value.as_str().is_some_and(is_address) => Ok(()),
        "callback_url" => Err("option callback_url must be an http or https URL".to_owned()),
        "poll_period_ms" => match value.as_i64() {
            Some(ms) if POLL_PERIOD_RANGE_MS.contains(&ms) => Ok(()),
            _ => Err("option poll_period_ms must be a number from 100 to 600000".to_owned()),
        },
        other => Err(format!("unknown option {other}; {} takes version, callback_url, poll_period_ms", super::NAME)),
    })
}
