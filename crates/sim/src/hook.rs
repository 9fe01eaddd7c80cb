//! Callbacks that are due: when they arrive, what is sent.

use crate::effect::Effect;
use crate::troubles::Troubles;
use bytes::Bytes;

/// How far a scripted disorder holds every second change back, in parts of the working time.
const DISORDER_PART: i64 = 7;

/// A callback on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hook {
    /// Where it goes.
    pub url: String,
    /// Its headers besides `content-type: application/json`: signatures.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub body: Bytes,
}

/// One arrival: the change that it tells, and which of the task's changes that is, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub moment_ms: i64,
    pub place: usize,
}

/// The changes (`moments_ms`, in order) that arrive after `after_ms` and not after `now_ms`, in the
/// order in which they arrive, and whether more may follow. `work_ms` is how long the work takes.
pub(crate) fn arrivals(
    moments_ms: Vec<i64>,
    troubles: Troubles<'_>,
    work_ms: i64,
    after_ms: i64,
    now_ms: i64,
) -> (Vec<Arrival>, bool) {
    if troubles.has(&Effect::NoCallback) {
        return (Vec::new(), false);
    }
    let held_ms = if troubles.has(&Effect::CallbackDisorder) { work_ms / DISORDER_PART } else { 0 };
    let held =
        |(place, moment_ms): (usize, i64)| (moment_ms + if place % 2 == 0 { held_ms } else { 0 }, moment_ms, place);
    let mut all: Vec<(i64, i64, usize)> = moments_ms.into_iter().enumerate().map(held).collect();
    all.sort_unstable();
    let more = all.last().is_some_and(|(at_ms, ..)| *at_ms > now_ms);
    let twice = if troubles.has(&Effect::CallbackTwice) { 2 } else { 1 };
    let due = all
        .into_iter()
        .filter(|(at_ms, ..)| *at_ms > after_ms && *at_ms <= now_ms)
        .map(|(_, moment_ms, place)| Arrival { moment_ms, place })
        .flat_map(|arrival| std::iter::repeat_n(arrival, twice))
        .collect();
    (due, more)
}
