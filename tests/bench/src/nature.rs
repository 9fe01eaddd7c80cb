//! The machine's time and chance, for the service that is measured.

use task::{Clock, Entropy};

/// The machine's wall clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "what is measured runs by the real time")]
    fn now_ms(&self) -> i64 {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The machine's source of randomness.
#[derive(Debug)]
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "what is measured makes its ids as the service does")]
    fn fill(&self, bytes: &mut [u8]) {
        // Without chance every figure would be of something else.
        getrandom::fill(bytes).expect("the system has a source of randomness");
    }
}
