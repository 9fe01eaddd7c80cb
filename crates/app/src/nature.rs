//! The real time and real chance: the one place that asks the machine for either.

use anyhow::Context;
use ledger::Ledger;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use task::{Clock, Entropy};
use tokio::time::{Instant, sleep};

/// The machine's wall clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one real clock; everybody else takes it as an argument")]
    fn now_ms(&self) -> i64 {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }
}

/// How often the ledger's server is asked for its time.
const READ_PERIOD: Duration = Duration::from_secs(10);
/// An answer that took longer says too little: the time is only known to half of it.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// How often the time is asked for before the process gives up its start.
const FIRST_TRIES: u32 = 30;
/// The pause between two of those tries.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The time of the ledger's server, carried on between two looks by this machine's monotonic clock: leases
/// end for every process at the same moment, however wrong the machines' own clocks are.
#[derive(Debug)]
pub(crate) struct ServerClock {
    seen: RwLock<Seen>,
}

/// What the server's clock showed, and when that was.
#[derive(Debug, Clone, Copy)]
struct Seen {
    server_ms: i64,
    at: Instant,
}

impl Seen {
    fn now_ms(&self, now: Instant) -> i64 {
        let passed = now.saturating_duration_since(self.at).as_millis();
        self.server_ms.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

impl Clock for ServerClock {
    fn now_ms(&self) -> i64 {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).now_ms(Instant::now())
    }
}

impl ServerClock {
    /// Returns once the server's time is known: until then a process takes no lease. Looks again every
    /// [`READ_PERIOD`] for as long as the clock is in use.
    async fn start(ledger: Ledger) -> anyhow::Result<Arc<Self>> {
        let mut tries = 0;
        let first = loop {
            tries += 1;
            match look(&ledger).await {
                Ok(seen) => break seen,
                Err(error) if tries >= FIRST_TRIES => return Err(error).context("the ledger's time is not known"),
                Err(error) => tracing::warn!(%error, "the ledger's time is not known yet; no work before it is"),
            }
            sleep(FIRST_PAUSE).await;
        };
        let clock = Arc::new(Self { seen: RwLock::new(first) });
        let used = Arc::downgrade(&clock);
        tokio::spawn(async move {
            loop {
                sleep(READ_PERIOD).await;
                let looked = look(&ledger).await;
                let Some(clock) = used.upgrade() else { return };
                match looked {
                    Ok(seen) => clock.correct(seen),
                    Err(error) => tracing::debug!(%error, "the ledger's time was not read; the last look carries on"),
                }
            }
        });
        Ok(clock)
    }

    fn correct(&self, fresh: Seen) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        metrics::gauge!("clock_correction_ms").set((fresh.server_ms - seen.now_ms(fresh.at)) as f64);
        *seen = fresh;
    }
}

async fn look(ledger: &Ledger) -> anyhow::Result<Seen> {
    let asked = Instant::now();
    let server_ms = ledger.server_time_ms().await?.context("this ledger has no server")?;
    let took = asked.elapsed();
    anyhow::ensure!(took <= ANSWER_MAX, "the answer took {} ms", took.as_millis());
    // The server looked at its clock somewhere on the way; the middle is wrong by half of it at the most.
    Ok(Seen { server_ms, at: asked + took / 2 })
}

/// The clock that fits the ledger: its server's, or this machine's when it is a file.
pub(crate) async fn clock_of(ledger: &Ledger) -> anyhow::Result<Arc<dyn Clock>> {
    let is_file = matches!(ledger.server_time_ms().await, Ok(None));
    if is_file {
        return Ok(Arc::new(SystemClock));
    }
    Ok(ServerClock::start(ledger.clone()).await?)
}

/// The machine's source of randomness.
#[derive(Debug)]
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one real source of chance; everybody else takes it as an argument"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("a machine without randomness can make neither keys nor ids: nothing may go on");
    }
}

/// What this machine (or container) calls itself, for operators' eyes; nothing is decided by it.
pub(crate) fn machine_name() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let told = told.trim();
    if told.is_empty() { "this machine".to_owned() } else { told.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_servers_time_is_carried_on_and_corrected() {
        let clock = ServerClock { seen: RwLock::new(Seen { server_ms: 1_000, at: Instant::now() }) };
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(clock.now_ms(), 1_250);
        clock.correct(Seen { server_ms: 9_000, at: Instant::now() });
        assert_eq!(clock.now_ms(), 9_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_lies_ahead_is_not_added_twice() {
        let seen = Seen { server_ms: 1_000, at: Instant::now() + Duration::from_millis(5) };
        assert_eq!(seen.now_ms(Instant::now()), 1_000);
    }
}
