//! Ids and times as Redis has them.

use task::TaskId;

/// The last time that a score holds exactly, ms since the epoch (the year 2255).
const LAST_MS: i64 = 9_000_000_000_000;

/// What an id begins with; left out in Redis, because all do.
const ID_PREFIX: &str = "task_";

/// An id's text in Redis.
pub(super) fn of_id(id: TaskId) -> String {
    let mut text = id.to_string();
    if text.starts_with(ID_PREFIX) {
        text.drain(..ID_PREFIX.len());
    }
    text
}

/// An id from its text in Redis; `None` if we have not written it.
pub(super) fn to_id(text: &str) -> Option<TaskId> {
    format!("{ID_PREFIX}{text}").parse().ok()
}

/// A time in microseconds, kept within what a score can hold.
pub(super) fn us_of(ms: i64) -> i64 {
    ms.clamp(0, LAST_MS) * 1_000
}

/// A time in milliseconds.
pub(super) fn ms_of(us: i64) -> i64 {
    us.div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::clock::SeededEntropy;

    #[test]
    fn ids_and_times_come_back() {
        let id = TaskId::new(1_790_000_000_000, &SeededEntropy::new(3));
        assert_eq!(to_id(&of_id(id)), Some(id));
        assert_eq!(to_id("something else"), None);
        assert_eq!(ms_of(us_of(1_790_000_000_123)), 1_790_000_000_123);
        assert_eq!((us_of(-5), us_of(i64::MIN)), (0, 0));
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "that is the question")]
        let through_a_score = us_of(i64::MAX) as f64 as i64;
        assert_eq!(through_a_score, us_of(i64::MAX), "a score loses digits");
    }
}
