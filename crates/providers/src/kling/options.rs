//! The channel's settings for this dialect.

use serde_json::{Map, Value};

/// Films take half a minute to five (`upstream/kling.md` section 11), and questions are free.
const POLL_PERIOD_MS: i64 = 5_000;

/// The pauses that a channel may choose.
const POLL_PERIOD_RANGE_MS: std::ops::RangeInclusive<i64> = 100..=600_000;

/// Which of the vendor's two generations is spoken. Both run side by side; tasks of the one are not asked
/// for in the other, so a change wants a new channel while tasks are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// The model in the body, a path for each sort of task.
    Legacy,
    /// The model in the path, one `/tasks` for all. Films only: pictures and try-on have no new form yet.
    New,
}

/// The settings, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Which generation.
    pub generation: Generation,
    /// The usual pause between two polls.
    pub poll_period_ms: i64,
}

impl Options {
    /// Reads settings that [`check`] has passed; what it would refuse counts as not set.
    pub(super) fn read(options: &Map<String, Value>) -> Self {
        let generation = match options.get("generation").and_then(Value::as_str) {
            Some("new") => Generation::New,
            _ => Generation::Legacy,
        };
        let asked_ms = options.get("poll_period_ms").and_then(Value::as_i64);
        let poll_period_ms = asked_ms.filter(|ms| POLL_PERIOD_RANGE_MS.contains(ms)).unwrap_or(POLL_PERIOD_MS);
        Self { generation, poll_period_ms }
    }
}

/// Refuses unknown settings and wrong values, saying what would be accepted.
pub(super) fn check(options: &Map<String, Value>) -> Result<(), String> {
    options.iter().try_for_each(|(name, value)| match name.as_str() {
        "generation" => match value.as_str() {
            Some("legacy" | "new") => Ok(()),
            _ => Err("option generation must be \"legacy\" or \"new\"".to_owned()),
        },
        "poll_period_ms" => match value.as_i64() {
            Some(ms) if POLL_PERIOD_RANGE_MS.contains(&ms) => Ok(()),
            _ => Err("option poll_period_ms must be a number from 100 to 600000".to_owned()),
        },
        other => Err(format!(
            "unknown option {other}; kling takes generation and poll_period_ms. \
             A webhook secret is part of the key: ak:sk:whsec_…"
        )),
    })
}
