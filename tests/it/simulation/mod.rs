//! The simulation (`DESIGN.md` section 8): many seeded scenarios on a clock that stands until it is
//! moved, each ending in the guarantees of section 4; and the same world in hand-written stories.
//!
//! `BACKLOT_SIM_SEED=17` runs one scenario and prints what it did; `BACKLOT_SIM_SCENARIOS=20000` runs
//! so many instead of [`SCENARIOS`]. A failure names its seed and lists its operations.

mod acts;
mod drain;
mod invariants;
mod others;
mod scenario;
mod stories;
mod submissions;
mod troubles;

use futures::FutureExt;
use scenario::{Reached, Scenario};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

/// Scenarios of a usual run, all shards together.
const SCENARIOS: u64 = 1_000;
/// Test functions that share them.
const SHARDS: u64 = 4;
/// Acts of a scenario, at least and at most.
const ACTS: (i64, i64) = (8, 26);
/// Failures after which a shard gives up.
const FAILURES_MAX: usize = 3;
/// Steps, notes and ends of callbacks that the scenarios of each shard come to in a usual run, so that
/// none of the guarantees is tested by never being met.
const EVERYWHERE: &[&str] = &[
    "another token",
    "accept",
    "answer",
    "ask_input",
    "callback dead",
    "callback delivered",
    "callback superseded",
    "cancel",
    "doubt",
    "fail",
    "film from a bucket",
    "film from an answer",
    "hand_over",
    "kling succeeded",
    "made by ark",
    "made by fal_queue",
    "made by gemini_lro",
    "made by kling",
    "made by openai_videos",
    "made by suno_api",
    "made by sunoapi_org",
    "made by vertex",
    "midjourney succeeded",
    "music with a parent succeeded",
    "openai_video succeeded",
    "refused",
    "remix with a parent succeeded",
    "resubmit",
    "seedance succeeded",
    "spilled",
    "store",
    "suno succeeded",
    "take_lease",
    "unified_video succeeded",
    "warned",
    "work",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn run_shard(shard: u64) {
    if let Some(seed) = number("BACKLOT_SIM_SEED") {
        if shard == seed % SHARDS {
            let ended = run_one(seed).unwrap_or_else(|failure| panic!("{failure}"));
            tell(&format!("{}\n{:?}", ended.story, ended.reached));
        }
        return;
    }
    let scenarios = number("BACKLOT_SIM_SCENARIOS").unwrap_or(SCENARIOS);
    let mut reached: Reached = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in (0..scenarios).filter(|seed| seed % SHARDS == shard) {
        match run_one(seed) {
            Ok(ended) => ended.reached.into_iter().for_each(|(what, times)| *reached.entry(what).or_default() += times),
            Err(failure) => failures.push(failure),
        }
        if failures.len() == FAILURES_MAX {
            break;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    tell(&format!("shard {shard} came to {reached:?}"));
    if scenarios >= SCENARIOS {
        let missed: Vec<&&str> = EVERYWHERE.iter().filter(|what| !reached.contains_key(**what)).collect();
        assert!(missed.is_empty(), "these scenarios never come to {missed:?}: {reached:?}");
    }
}

#[expect(clippy::print_stdout, reason = "a replayed scenario is run to be read")]
fn tell(text: &str) {
    println!("{text}");
}

/// How a scenario ended well.
struct Ended {
    story: String,
    reached: Reached,
}

/// Runs one scenario on a runtime of its own. What it did, or why it failed with what it did.
fn run_one(seed: u64) -> Result<Ended, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut scenario = Scenario::begin(seed).await;
        let outcome = AssertUnwindSafe(live(&mut scenario)).catch_unwind().await;
        let (story, reached) = (scenario.story(), std::mem::take(&mut scenario.reached));
        let why = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(why)) => Some(why),
            Err(panic) => Some(format!("panicked: {}", words_of(&*panic))),
        };
        scenario.end().await;
        match why {
            None => Ok(Ended { story, reached }),
            Some(why) => Err(format!("seed {seed}: {why}\nreplay with BACKLOT_SIM_SEED={seed}\n{story}")),
        }
    })
}

async fn live(scenario: &mut Scenario) -> Result<(), String> {
    for _ in 0..scenario.dice.between_ms(ACTS.0, ACTS.1) {
        acts::perform(scenario).await?;
        invariants::while_it_runs(scenario).await?;
    }
    drain::drain(scenario).await?;
    invariants::at_the_end(scenario).await
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

#[test]
fn guarantees_hold_in_scenarios_of_shard_0() {
    run_shard(0);
}

#[test]
fn guarantees_hold_in_scenarios_of_shard_1() {
    run_shard(1);
}

#[test]
fn guarantees_hold_in_scenarios_of_shard_2() {
    run_shard(2);
}

#[test]
fn guarantees_hold_in_scenarios_of_shard_3() {
    run_shard(3);
}
