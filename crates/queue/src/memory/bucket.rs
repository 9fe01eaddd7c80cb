//! A token bucket in whole numbers, so that rounding never lends a token.

use crate::scheduler::Limits;

/// One token in bucket units: a bucket that gains `n` tokens a minute gains `n` units a millisecond.
const UNITS_PER_TOKEN: i128 = 60_000;

/// A channel's tokens. Without a rate in the limits it never runs dry.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    rate_per_min: i64,
    capacity: i128,
    units: i128,
    filled_ms: i64,
}

impl Bucket {
    /// Takes over new limits. A bucket that had no rate before starts full; another keeps what it has.
    pub(super) fn set(&mut self, limits: Limits, now_ms: i64) {
        let was_limited = self.rate_per_min > 0;
        self.refill(now_ms);
        self.rate_per_min = limits.rate_per_min.max(0);
        self.capacity = i128::from(limits.burst.max(1)) * UNITS_PER_TOKEN;
        self.units = if was_limited { self.units.min(self.capacity) } else { self.capacity };
        self.filled_ms = now_ms;
    }

    /// Takes a token if there is one; tells whether it did.
    pub(super) fn take(&mut self, now_ms: i64) -> bool {
        if self.rate_per_min == 0 {
            return true;
        }
        self.refill(now_ms);
        if self.units < UNITS_PER_TOKEN {
            return false;
        }
        self.units -= UNITS_PER_TOKEN;
        true
    }

    /// Puts back a token that was taken and not used.
    pub(super) fn put_back(&mut self) {
        self.units = (self.units + UNITS_PER_TOKEN).min(self.capacity);
    }

    /// When the next token is there: now or later, ms since the epoch.
    pub(super) fn opens_ms(&mut self, now_ms: i64) -> i64 {
        if self.rate_per_min == 0 {
            return now_ms;
        }
        self.refill(now_ms);
        let missing = UNITS_PER_TOKEN - self.units;
        if missing <= 0 {
            return now_ms;
        }
        let rate = i128::from(self.rate_per_min);
        let wait_ms = (missing + rate - 1) / rate;
        // At most a minute, because a rate is at least one token a minute.
        now_ms + i64::try_from(wait_ms).unwrap_or(i64::MAX / 2)
    }

    /// Adds what has flowed in since the last look. A clock that went back adds nothing.
    fn refill(&mut self, now_ms: i64) {
        let passed_ms = i128::from(now_ms) - i128::from(self.filled_ms);
        if passed_ms > 0 {
            self.units = (self.units + passed_ms * i128::from(self.rate_per_min)).min(self.capacity);
            self.filled_ms = now_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(rate_per_min: i64, burst: i64) -> Bucket {
        let mut bucket = Bucket::default();
        bucket.set(Limits { slots: 0, rate_per_min, burst }, 1_000);
        bucket
    }

    #[test]
    fn the_next_token_is_there_exactly_when_it_says_so() {
        for rate_per_min in [1, 7, 60, 90_000] {
            let mut bucket = bucket(rate_per_min, 1);
            assert!(bucket.take(1_000));
            let opens_ms = bucket.opens_ms(1_000);
            assert!(!bucket.take(opens_ms - 1) || opens_ms == 1_001, "a token too early at {rate_per_min} a minute");
            assert!(bucket.take(opens_ms), "no token at {rate_per_min} a minute");
        }
    }

    #[test]
    fn a_clock_that_goes_back_and_forth_gains_nothing() {
        let mut bucket = bucket(60, 1);
        assert!(bucket.take(1_000));
        for _ in 0..10 {
            assert!(!bucket.take(0));
            assert!(!bucket.take(1_999));
        }
        assert!(bucket.take(2_000));
    }

    #[test]
    fn changing_the_limits_fills_nothing() {
        let mut bucket = bucket(60, 2);
        assert!(bucket.take(1_000) && bucket.take(1_000));
        bucket.set(Limits { slots: 0, rate_per_min: 60, burst: 100 }, 1_000);
        assert!(!bucket.take(1_000));
        assert!(bucket.take(2_000));
    }
}
