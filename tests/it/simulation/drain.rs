//! The faults end; whatever was accepted comes to its end.

use super::scenario::Scenario;
use queue::{Lane, Scheduler};
use tests::{Mood, World};

/// How many rounds, and how far the clock moves in each: seconds first, then minutes and hours for
/// what waits for a deadline.
const STEPS: [(usize, i64); 4] = [(30, 4_000), (30, 40_000), (40, 300_000), (40, 3_600_000)];
/// Every so many rounds the sweep goes the long way.
const FULL_EVERY: usize = 4;

/// Ends the faults and runs everything until nothing is left.
pub(super) async fn drain(scenario: &mut Scenario) -> Result<(), String> {
    scenario.world.wire.calm();
    scenario.world.receiver.set_mood(Mood::Well);
    scenario.world.store.set_refuses(false);
    scenario.world.scheduler.set_away(false);
    scenario.store_refuses = false;
    scenario.world.sweep(false).await;
    if let Some(channel) = scenario.paused.take() {
        scenario.world.pause(channel, false).await;
    }
    while let Some(frozen) = scenario.frozen.pop() {
        let lane = frozen.lane;
        if scenario.dice.percent(50) {
            scenario.world.thaw(frozen).await;
            scenario.say(format!("{lane} that froze goes on"));
        } else {
            drop(frozen);
            scenario.say(format!("{lane} that froze dies"));
        }
    }
    scenario.say("the faults end");
    let mut round = 0;
    for (rounds, step_ms) in STEPS {
        for _ in 0..rounds {
            scenario.world.run_all().await;
            if nothing_left(&scenario.world).await? {
                scenario.say(format!("nothing is left after {round} rounds"));
                return Ok(());
            }
            scenario.world.forward_ms(step_ms);
            round += 1;
            scenario.world.sweep(round % FULL_EVERY == 0).await;
        }
    }
    Err(format!("work is left over: {}", leftovers(&scenario.world).await))
}

async fn nothing_left(world: &World) -> Result<bool, String> {
    for lane in Lane::ALL {
        let counts = world.scheduler.counts(lane).await.map_err(|error| error.to_string())?;
        if counts.due + counts.leased + counts.scheduled > 0 {
            return Ok(false);
        }
    }
    let ledger = world.ledger();
    let unfinished = ledger.state_counts().await.map_err(|error| error.to_string())?;
    let callbacks = ledger.due_callbacks(i64::MAX, None, 1).await.map_err(|error| error.to_string())?;
    let orphans = ledger.orphans(1).await.map_err(|error| error.to_string())?;
    Ok(unfinished.is_empty() && callbacks.is_empty() && orphans.is_empty())
}

async fn leftovers(world: &World) -> String {
    let tasks = world.tasks().await;
    let open: Vec<String> =
        tasks.iter().filter(|task| !task.is_over()).map(|task| format!("{} {}", task.id, task.state)).collect();
    let mut lanes = Vec::new();
    for lane in Lane::ALL {
        lanes.push(format!("{lane} {:?}", world.scheduler.counts(lane).await));
    }
    let callbacks = world.ledger().due_callbacks(i64::MAX, None, 10).await;
    let orphans = world.ledger().orphans(10).await;
    format!("{open:?} {lanes:?} callbacks {callbacks:?} orphans {orphans:?}")
}
