//! Callbacks: the whole task object on each change, unsigned, never repeated (section 8).

use super::record::Record;
use super::{show, timeline};
use crate::config::SimConfig;
use crate::effect::Effect;
use serde_json::{Map, Value};

/// How far a scripted disorder holds every second change back, in parts of the working time.
const DISORDER_PART: i64 = 7;

/// A callback that is due.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hook {
    /// Where it goes.
    pub url: String,
    /// The task object of its moment.
    pub body: Map<String, Value>,
    /// When it was due.
    pub at_ms: i64,
}

/// The callbacks of `record` that fall due after `after_ms` and not after `now_ms`, in the order in
/// which they arrive, and whether more may follow.
pub(crate) fn due(
    config: &SimConfig,
    base_url: &str,
    record: &Record,
    after_ms: i64,
    now_ms: i64,
) -> (Vec<Hook>, bool) {
    if record.notify_hook.is_empty() || record.has(&Effect::NoCallback) {
        return (Vec::new(), false);
    }
    let held_ms = match record.has(&Effect::CallbackDisorder) {
        true => (record.ended_after_ms - record.started_after_ms) / DISORDER_PART,
        false => 0,
    };
    let held = |(place, moment_ms): (usize, i64)| (moment_ms + if place % 2 == 0 { held_ms } else { 0 }, moment_ms);
    let mut arrivals: Vec<(i64, i64)> = timeline::moments(record).into_iter().enumerate().map(held).collect();
    arrivals.sort_unstable();
    let more = arrivals.last().is_some_and(|(at_ms, _)| *at_ms > now_ms);
    let twice = if record.has(&Effect::CallbackTwice) { 2 } else { 1 };
    let hooks = arrivals
        .into_iter()
        .filter(|(at_ms, _)| *at_ms > after_ms && *at_ms <= now_ms)
        .map(|(at_ms, moment_ms)| Hook {
            url: record.notify_hook.clone(),
            body: show(config, base_url, record, moment_ms),
            at_ms,
        })
        .flat_map(|hook| std::iter::repeat_n(hook, twice))
        .collect();
    (hooks, more)
}
