//! Where a task stands at a moment: a pure function of its record and the time.

use super::record::Record;

/// How long a modal waits for its answer.
const MODAL_MAX_MS: i64 = 5 * 60_000;

/// What progress shows, each for a tenth of the working time.
const PERCENTS: [u8; 10] = [0, 7, 16, 28, 37, 46, 59, 71, 84, 93];

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The protocol's word.
    pub status: String,
    pub percent: u8,
    pub started_ms: Option<i64>,
    pub finished_ms: Option<i64>,
    pub fail_reason: Option<String>,
}

impl Snapshot {
    pub(crate) fn is_over(&self) -> bool {
        self.finished_ms.is_some()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status == "SUCCESS"
    }

    fn waiting(status: &str) -> Self {
        Self { status: status.to_owned(), percent: 0, started_ms: None, finished_ms: None, fail_reason: None }
    }

    fn over(status: &str, percent: u8, at_ms: i64, started_ms: Option<i64>, fail_reason: Option<&str>) -> Self {
        Self {
            status: status.to_owned(),
            percent,
            started_ms,
            finished_ms: Some(at_ms),
            fail_reason: fail_reason.map(str::to_owned),
        }
    }
}

/// How `record` stands at `now_ms`.
pub(crate) fn snapshot(record: &Record, now_ms: i64) -> Snapshot {
    if let Some(at_ms) = record.cancelled_ms.filter(|at_ms| now_ms >= *at_ms) {
        return Snapshot::over("CANCEL", 0, at_ms, None, Some("cancelled by the user"));
    }
    match (record.asks_after_ms, record.answered_ms) {
        (None, _) => working(record, record.submit_ms, now_ms),
        (Some(_), Some(at_ms)) if now_ms >= at_ms => working(record, at_ms, now_ms),
        (Some(after_ms), _) => asking(record, record.submit_ms + after_ms, now_ms),
    }
}

fn asking(record: &Record, asks_ms: i64, now_ms: i64) -> Snapshot {
    let ends_ms = asks_ms + MODAL_MAX_MS;
    if now_ms >= ends_ms {
        return Snapshot::over("FAILURE", 0, ends_ms, None, Some("timeout: the modal was not answered"));
    }
    if now_ms >= asks_ms { Snapshot::waiting("MODAL") } else { working(record, record.submit_ms, now_ms) }
}

fn working(record: &Record, base_ms: i64, now_ms: i64) -> Snapshot {
    let (started_ms, ended_ms) = (base_ms + record.started_after_ms, base_ms + record.ended_after_ms);
    if now_ms < base_ms + record.sent_after_ms {
        return Snapshot::waiting("NOT_START");
    }
    if now_ms < started_ms {
        return Snapshot::waiting("SUBMITTED");
    }
    if now_ms >= ended_ms && !record.is_stuck() {
        return match record.fails() {
            Some(reason) => Snapshot::over("FAILURE", 0, ended_ms, Some(started_ms), Some(reason)),
            None => Snapshot::over("SUCCESS", 100, ended_ms, Some(started_ms), None),
        };
    }
    let tenth = (now_ms - started_ms) * 10 / (ended_ms - started_ms).max(1);
    let percent = PERCENTS[usize::try_from(tenth).unwrap_or(0).min(PERCENTS.len() - 1)];
    let status = record.trouble().odd_status().unwrap_or("IN_PROGRESS").to_owned();
    Snapshot { status, percent, started_ms: Some(started_ms), finished_ms: None, fail_reason: None }
}

/// When `record` changes, in order: the moments at which a callback is due. The first state is no change.
pub(crate) fn moments(record: &Record) -> Vec<i64> {
    let mut moments = Vec::new();
    let mut work = |base_ms: i64| {
        let (from, to) = (record.started_after_ms, record.ended_after_ms);
        moments.push(base_ms + record.sent_after_ms);
        moments.extend((0..10).map(|tenth| base_ms + from + (to - from) * tenth / 10));
        if !record.is_stuck() {
            moments.push(base_ms + to);
        }
    };
    match (record.asks_after_ms, record.answered_ms) {
        (None, _) => work(record.submit_ms),
        (Some(after_ms), Some(answered_ms)) => {
            work(answered_ms);
            moments.push(record.submit_ms + after_ms);
        }
        (Some(after_ms), None) => {
            moments.extend([record.submit_ms + after_ms, record.submit_ms + after_ms + MODAL_MAX_MS]);
        }
    }
    if let Some(at_ms) = record.cancelled_ms {
        moments.retain(|moment_ms| *moment_ms < at_ms);
        moments.push(at_ms);
    }
    moments.sort_unstable();
    moments.dedup();
    moments
}
