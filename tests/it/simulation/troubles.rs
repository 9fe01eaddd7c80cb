//! Troubles around us: the queue, the store, callers' hosts, upstream callbacks, our own process.

use super::scenario::Scenario;
use bytes::Bytes;
use http::Method;
use queue::Lane;
use tests::Mood;
use tests::wire::{Fault, Peer};
use tests::world::{FIRST_CHANNEL, SECOND_CHANNEL};

/// The longest pause between two tries to copy, give or take.
const RETRY_MAX_MS: i64 = 70_000;
/// More files than a scenario's tasks have.
const FILES_ASKED_MAX: usize = 200;

/// `FLUSHALL`.
pub(super) fn empty_queue(scenario: &mut Scenario) -> Result<(), String> {
    scenario.world.scheduler.empty();
    scenario.say("the queue is emptied");
    Ok(())
}

pub(super) fn queue_away(scenario: &mut Scenario) -> Result<(), String> {
    let away = !scenario.world.scheduler.is_away();
    scenario.world.scheduler.set_away(away);
    scenario.say(if away { "the queue is away" } else { "the queue is back" });
    Ok(())
}

pub(super) fn store_refuses(scenario: &mut Scenario) -> Result<(), String> {
    scenario.store_refuses = !scenario.store_refuses;
    scenario.world.store.set_refuses(scenario.store_refuses);
    scenario.say(if scenario.store_refuses { "the store refuses" } else { "the store is back" });
    Ok(())
}

/// Hours in which the store takes nothing, until the first vendors' links are dead: whatever was copied in vain
/// by then has to succeed all the same, though no file's host answers any more.
pub(super) async fn store_outage(scenario: &mut Scenario) -> Result<(), String> {
    if scenario.world.scheduler.is_away() {
        return Ok(());
    }
    scenario.world.store.set_refuses(true);
    for _ in 0..4 {
        scenario.world.forward_ms(4_000);
        for lane in [Lane::Submit, Lane::Poll, Lane::Archive] {
            scenario.world.step(lane).await;
        }
    }
    let (rounds, step_ms) = (scenario.dice.between_ms(2, 4), scenario.dice.between_ms(1_200_000, 2_400_000));
    // Mostly long enough for the vendors that keep what they made for a day.
    let is_long = scenario.dice.percent(60);
    let step_ms = if is_long { 13 * 3_600_000 } else { step_ms };
    if is_long {
        // Nobody remembers their keys for more than a day.
        scenario.keyed.clear();
    }
    for _ in 0..rounds {
        scenario.world.forward_ms(step_ms);
        archive(scenario).await;
    }
    scenario.world.store.set_refuses(scenario.store_refuses);
    let waiting = scenario.world.spilled();
    for _ in 0..FILES_ASKED_MAX {
        scenario.world.wire.strike(Peer::File, Fault::Unreachable);
    }
    scenario.world.forward_ms(RETRY_MAX_MS);
    archive(scenario).await;
    scenario.world.wire.calm();
    let left = scenario.world.spilled();
    scenario.say(format!("the store takes nothing {rounds} times {step_ms} ms: {waiting} files wait, then {left}"));
    if left > 0 && !scenario.store_refuses {
        return Err(format!("{left} of {waiting} outputs still wait though the store is back"));
    }
    Ok(())
}

async fn archive(scenario: &mut Scenario) {
    scenario.world.sweep(false).await;
    scenario.world.step(Lane::Poll).await;
    while scenario.world.step(Lane::Archive).await > 0 {}
}

pub(super) fn caller_mood(scenario: &mut Scenario) -> Result<(), String> {
    let mood = [Mood::Well, Mood::Failing, Mood::Silent][scenario.dice.below(3)];
    scenario.world.receiver.set_mood(mood);
    scenario.say(format!("callers' hosts are {mood:?}"));
    Ok(())
}

/// An upstream calls back: at once, twice, or later and so perhaps out of order.
pub(super) async fn hook(scenario: &mut Scenario) -> Result<(), String> {
    if !scenario.hooks.is_empty() && scenario.dice.percent(50) {
        let (url, body) = scenario.hooks.swap_remove(scenario.dice.below(scenario.hooks.len()));
        return deliver(scenario, &url, body, "a late upstream callback").await;
    }
    let arrived = scenario.world.wire.arrived();
    let hooked: Vec<_> = arrived
        .iter()
        .filter(|paid| !paid.hook.is_empty())
        .filter_map(|paid| Some((paid.hook.clone(), told_at(&paid.path, paid.operation.as_deref()?)?)))
        .collect();
    let Some((url, path)) = scenario.dice.pick(&hooked).cloned() else { return Ok(()) };
    let (status, body) = scenario.world.wire.ask_sim(Method::GET, &path, Bytes::new()).await;
    if status != 200 {
        return Ok(());
    }
    match scenario.dice.below(3) {
        0 => {
            scenario.hooks.push((url, body));
            scenario.say("an upstream callback is kept back");
            Ok(())
        }
        1 => deliver(scenario, &url, body, "an upstream callback").await,
        _ => {
            deliver(scenario, &url, body.clone(), "an upstream callback").await?;
            deliver(scenario, &url, body, "the same upstream callback").await
        }
    }
}

/// Where the upstream answers in the words of its callback; `None` for protocols that word it otherwise.
fn told_at(submitted_at: &str, operation: &str) -> Option<String> {
    match submitted_at {
        path if path.starts_with("/mj") => Some(format!("/mj/task/{operation}/fetch")),
        path if path.starts_with("/ark") => Some(format!("{path}/{operation}")),
        _ => None,
    }
}

async fn deliver(scenario: &mut Scenario, url: &str, body: Bytes, what: &str) -> Result<(), String> {
    let status = scenario.world.deliver_hook(url, body).await;
    scenario.say(format!("{what} arrives: {status}"));
    if status == 204 { Ok(()) } else { Err(format!("an upstream's callback was answered {status}")) }
}

pub(super) async fn restart_or_pause(scenario: &mut Scenario) -> Result<(), String> {
    if scenario.dice.percent(60) { restart(scenario).await } else { pause(scenario).await }
}

/// `kill -9` of our process, and a new one.
async fn restart(scenario: &mut Scenario) -> Result<(), String> {
    let keeps_queue = scenario.dice.percent(50);
    scenario.frozen.clear();
    for cancel in scenario.cancels.drain(..) {
        cancel.abort();
    }
    scenario.world.settle().await;
    scenario.world.restart(keeps_queue).await;
    // Progress that was not written yet went with the process (`Ledger::note_progress`).
    for told in &mut scenario.told {
        told.seen = told.seen.take().map(|(word, _)| (word, 0));
    }
    scenario.say(if keeps_queue { "the process is killed; the queue lives on" } else { "the process is killed" });
    Ok(())
}

async fn pause(scenario: &mut Scenario) -> Result<(), String> {
    if scenario.world.scheduler.is_away() {
        return Ok(());
    }
    let channels: &[&'static str] =
        if scenario.shape.two_channels { &[FIRST_CHANNEL, SECOND_CHANNEL] } else { &[FIRST_CHANNEL] };
    let (channel, paused) = match scenario.paused {
        Some(channel) => (channel, false),
        None => (channels[scenario.dice.below(channels.len())], true),
    };
    scenario.world.pause(channel, paused).await;
    scenario.paused = paused.then_some(channel);
    scenario.say(format!("channel {channel} is {}", if paused { "paused" } else { "open again" }));
    if paused && scenario.dice.percent(50) {
        // Long enough for the sweep to see who is stuck.
        scenario.world.forward_ms(5_000);
        scenario.world.sweep(false).await;
        scenario.say("the sweep comes by 5 s later");
    }
    Ok(())
}
