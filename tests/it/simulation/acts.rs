//! What may happen next, and how likely it is.

use super::scenario::Scenario;
use super::{others, submissions, troubles};
use queue::{Lane, Scheduler};
use tests::Stepped;
use tests::wire::{Fault, Peer};

/// What a lane's stage asks the outside for.
fn peer_of(lane: Lane) -> Peer {
    match lane {
        Lane::Submit => Peer::Paid,
        Lane::Poll => Peer::Asked,
        Lane::Archive => Peer::File,
        Lane::Notify => Peer::Caller,
    }
}

/// Does one thing, chosen by the dice.
pub(super) async fn perform(scenario: &mut Scenario) -> Result<(), String> {
    const WEIGHTS: [usize; 28] =
        [8, 2, 6, 4, 6, 3, 5, 2, 3, 14, 9, 9, 4, 2, 10, 4, 5, 2, 2, 2, 2, 3, 4, 3, 14, 5, 3, 14];
    match scenario.dice.weighted(&WEIGHTS) {
        0 => submissions::imagine(scenario).await,
        1 => submissions::words_or_blend(scenario).await,
        2 => submissions::press(scenario).await,
        3 => submissions::zoom(scenario).await,
        4 => submissions::answer_modal(scenario).await,
        5 => submissions::cancel(scenario).await,
        6 => submissions::fetch(scenario).await,
        7 => submissions::repeat(scenario).await,
        8 => lose_bells(scenario).await,
        9 => run(scenario).await,
        10 => run_with_fault(scenario).await,
        11 => freeze(scenario).await,
        12 => thaw(scenario).await,
        13 => crash(scenario),
        14 => forward(scenario, 1, 6_000),
        15 => forward(scenario, 20_000, 200_000),
        16 => sweep(scenario).await,
        17 => flush(scenario).await,
        18 => troubles::empty_queue(scenario),
        19 => troubles::queue_away(scenario),
        20 => troubles::store_refuses(scenario),
        21 => troubles::caller_mood(scenario),
        22 => troubles::hook(scenario).await,
        23 => troubles::restart_or_pause(scenario).await,
        24 => good_hours(scenario).await,
        25 => bad_hours(scenario).await,
        26 => troubles::store_outage(scenario).await,
        _ => others::ask(scenario).await,
    }
}

/// A lane that has something to do, mostly.
async fn any_lane(scenario: &Scenario) -> Lane {
    let mut busy = Vec::new();
    for lane in Lane::ALL {
        let due = scenario.world.scheduler.counts(lane).await.is_ok_and(|counts| counts.due > 0);
        if due {
            busy.push(lane);
        }
    }
    if scenario.dice.percent(10) {
        busy.clear();
    }
    scenario.dice.pick(&busy).copied().unwrap_or(Lane::ALL[scenario.dice.below(4)])
}

/// Everything is well for a while: time passes and all lanes look.
async fn good_hours(scenario: &mut Scenario) -> Result<(), String> {
    let (rounds, step_ms) = (scenario.dice.between_ms(2, 4), scenario.dice.between_ms(2_000, 6_000));
    let mut handled = 0;
    for _ in 0..rounds {
        scenario.world.forward_ms(step_ms);
        for lane in Lane::ALL {
            handled += scenario.world.step(lane).await;
        }
    }
    scenario.say(format!("all lanes look {rounds} times, every {step_ms} ms: {handled} handled"));
    Ok(())
}

/// Long minutes in which the upstream answers no questions.
async fn bad_hours(scenario: &mut Scenario) -> Result<(), String> {
    if scenario.world.scheduler.is_away() {
        return Ok(());
    }
    let (rounds, step_ms) = (scenario.dice.between_ms(3, 6), scenario.dice.between_ms(60_000, 240_000));
    scenario.world.wire.set_outage(Some(Fault::Unreachable));
    let mut handled = 0;
    for _ in 0..rounds {
        scenario.world.forward_ms(step_ms);
        scenario.world.sweep(false).await;
        for lane in [Lane::Poll, Lane::Notify, Lane::Poll] {
            handled += scenario.world.step(lane).await;
        }
    }
    scenario.world.wire.set_outage(None);
    scenario.say(format!("no questions are answered {rounds} times {step_ms} ms: {handled} handled"));
    Ok(())
}

/// The bells of one task are lost, wherever they are; but the lease of a stage that stands still is no
/// bell, and only an emptied queue loses it.
async fn lose_bells(scenario: &mut Scenario) -> Result<(), String> {
    let Some(told) = scenario.dice.pick(&scenario.told).cloned() else { return Ok(()) };
    let Ok(id) = told.id.parse() else { return Err(format!("{} is no id", told.id)) };
    if scenario.world.scheduler.is_away() {
        return Ok(());
    }
    let leased: Vec<Lane> = scenario.frozen.iter().map(|frozen| frozen.lane).collect();
    for lane in Lane::ALL.into_iter().filter(|lane| !leased.contains(lane)) {
        scenario.world.scheduler.remove(lane, &[id]).await.map_err(|error| error.to_string())?;
    }
    let name = scenario.name_of(&told.id);
    scenario.say(format!("the bells of {name} are lost"));
    Ok(())
}

async fn run(scenario: &mut Scenario) -> Result<(), String> {
    let lane = any_lane(scenario).await;
    let handled = scenario.world.step(lane).await;
    scenario.say(format!("{lane} looks once: {handled} handled"));
    Ok(())
}

async fn run_with_fault(scenario: &mut Scenario) -> Result<(), String> {
    let lane = any_lane(scenario).await;
    let fault = [Fault::Unreachable, Fault::RequestLost, Fault::AnswerLost][scenario.dice.below(3)];
    scenario.world.wire.strike(peer_of(lane), fault);
    let handled = scenario.world.step(lane).await;
    scenario.world.wire.calm();
    scenario.say(format!("{lane} looks once with {fault:?}: {handled} handled"));
    Ok(())
}

/// A worker stops in the middle of a request.
async fn freeze(scenario: &mut Scenario) -> Result<(), String> {
    let lane = any_lane(scenario).await;
    let fault = if scenario.dice.percent(40) { Fault::HoldBefore } else { Fault::HoldAfter };
    match scenario.world.step_until_held(lane, peer_of(lane), fault).await {
        Stepped::Done(handled) => scenario.say(format!("{lane} looks once: {handled} handled, nothing to hold")),
        Stepped::Frozen(frozen) => {
            scenario.frozen.push(frozen);
            scenario.say(format!("{lane} freezes at {fault:?}"));
            match scenario.dice.below(4) {
                0 | 1 => {
                    forward(scenario, 30_000, 400_000)?;
                    sweep(scenario).await?;
                }
                2 if lane == Lane::Submit => {
                    // Its lease runs out, and then everybody's patience.
                    bad_hours(scenario).await?;
                    bad_hours(scenario).await?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

async fn thaw(scenario: &mut Scenario) -> Result<(), String> {
    if scenario.frozen.is_empty() {
        return Ok(());
    }
    let frozen = scenario.frozen.swap_remove(scenario.dice.below(scenario.frozen.len()));
    let (lane, at) = (frozen.lane, frozen.at.1);
    let handled = scenario.world.thaw(frozen).await;
    scenario.say(format!("{lane} that froze at {at:?} goes on: {handled} handled"));
    Ok(())
}

/// A worker dies in the middle of a request.
fn crash(scenario: &mut Scenario) -> Result<(), String> {
    if scenario.frozen.is_empty() {
        return Ok(());
    }
    let frozen = scenario.frozen.swap_remove(scenario.dice.below(scenario.frozen.len()));
    scenario.say(format!("{} that froze at {:?} dies", frozen.lane, frozen.at.1));
    Ok(())
}

fn forward(scenario: &mut Scenario, from_ms: i64, to_ms: i64) -> Result<(), String> {
    let ms = scenario.dice.between_ms(from_ms, to_ms);
    scenario.world.forward_ms(ms);
    scenario.say(format!("{ms} ms pass"));
    Ok(())
}

async fn sweep(scenario: &mut Scenario) -> Result<(), String> {
    if scenario.world.scheduler.is_away() {
        return Ok(());
    }
    let full = scenario.dice.percent(30);
    scenario.world.sweep(full).await;
    scenario.say(if full { "the sweep comes by, the long way" } else { "the sweep comes by" });
    Ok(())
}

async fn flush(scenario: &mut Scenario) -> Result<(), String> {
    scenario.world.flush_progress().await;
    scenario.say("progress is written");
    Ok(())
}
