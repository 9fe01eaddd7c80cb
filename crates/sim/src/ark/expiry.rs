//! When a task is given up (`execution_expires_after`), and when its record is gone (sections 2 and 3).

use crate::effect::Effect;
use crate::job::{Job, Seen, State};

/// How long records can be asked for, ms: 7 days.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// How long a cancelled one can be asked for, ms: 24 hours.
const CANCELLED_KEPT_MS: i64 = 24 * 3_600_000;

/// When it expires, ms since the epoch; `None` when it is over before.
pub(super) fn expires_ms(job: &Job) -> Option<i64> {
    let after_s = job.memo["execution_expires_after"].as_i64()?;
    let at_ms = job.submit_ms.saturating_add(after_s.saturating_mul(1_000));
    let ends_first = !job.has(&Effect::Stuck) && job.submit_ms + job.ended_after_ms <= at_ms;
    let is_over_before = ends_first || job.cancelled_ms.is_some_and(|cancelled_ms| cancelled_ms < at_ms);
    (!is_over_before).then_some(at_ms)
}

/// Whether it has expired.
pub(super) fn is_expired(seen: &Seen) -> bool {
    expires_ms(&seen.job).is_some_and(|at_ms| seen.at.now_ms >= at_ms)
}

/// Whether its record can still be asked for.
pub(super) fn is_kept(seen: &Seen) -> bool {
    let now_ms = seen.at.now_ms;
    let is_cancelled_long =
        seen.at.state == State::Cancelled && seen.at.finished_ms.is_some_and(|ms| now_ms >= ms + CANCELLED_KEPT_MS);
    !is_cancelled_long && now_ms < seen.job.submit_ms + KEPT_MS
}
