//! How long a stage that holds what nobody else knows insists that the ledger takes it.

use std::time::Duration;

/// How long a ledger that is away is asked to take it.
const PATIENCE: Duration = Duration::from_secs(300);
/// The first pause between two tries.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Growing pauses up to an end.
#[derive(Default)]
pub(crate) struct Patience {
    waited: Duration,
}

impl Patience {
    /// Waits a little longer than last time; `false` when patience is at an end.
    pub(crate) async fn wait(&mut self) -> bool {
        if self.waited >= PATIENCE {
            return false;
        }
        let pause = (self.waited / 2).clamp(PAUSE_MIN, PAUSE_MAX);
        tokio::time::sleep(pause).await;
        self.waited += pause;
        true
    }
}
