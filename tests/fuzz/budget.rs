//! How much is tried, from which seed, and how a failure is told.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use std::fmt::Debug;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Cases of one target, unless `BACKLOT_FUZZ_CASES` says otherwise.
const CASES: u32 = 2_000;
/// The seed, unless `BACKLOT_FUZZ_SEED` says otherwise.
const SEED: u64 = 0x05ee_d0fb_ac10_7000;
/// How long one case may take before it counts as one that never ends. A case takes about a millisecond.
const HANG: Duration = Duration::from_secs(60);

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} has to be a whole number, not {text}")))
}

/// Tries `check` on the budget's worth of cases. Panics with the seed and the smallest case that fails, as `tell`
/// writes it.
#[expect(clippy::print_stderr, reason = "a run is only repeatable by whoever has seen its seed")]
pub(crate) fn try_cases<S: Strategy>(
    target: &str,
    cases: &S,
    tell: impl Fn(&S::Value) -> String,
    check: impl Fn(&S::Value) -> Result<(), TestCaseError>,
) where
    S::Value: Debug,
{
    let count = setting("BACKLOT_FUZZ_CASES").map_or(CASES, |count| u32::try_from(count).unwrap_or(u32::MAX));
    let seed = setting("BACKLOT_FUZZ_SEED").unwrap_or(SEED);
    eprintln!("{target}: {count} cases, BACKLOT_FUZZ_SEED={seed}");
    let config = Config {
        cases: count,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let watched = watch(target.to_owned());
    let ended = TestRunner::new(config).run(cases, |case| {
        // The watch ends with the test, and a test that is over needs none.
        let _ = watched.send(());
        check(&case)
    });
    match ended {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => {
            panic!("{target}, BACKLOT_FUZZ_SEED={seed}, BACKLOT_FUZZ_CASES={count}: {why}\n{}", tell(&case))
        }
        Err(TestError::Abort(why)) => panic!("{target}: {why}"),
    }
}

/// Ends the process when no case has begun for [`HANG`]: a loop without an end fails no assertion.
#[expect(clippy::print_stderr, reason = "an aborted process says nothing by itself")]
fn watch(target: String) -> Sender<()> {
    let (begun, seen) = channel();
    std::thread::spawn(move || {
        loop {
            match seen.recv_timeout(HANG) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("{target}: a case has not come to its end within {HANG:?}");
                    std::process::abort();
                }
            }
        }
    });
    begun
}
