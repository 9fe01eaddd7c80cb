//! `FLUSHALL` with many tasks in flight.

use super::installation::Installation;
use super::servers::{Redis, are_there};
use super::{all_succeeded, number, submit_as, were_submitted_once};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// Tasks that the upstream works on, unless `BACKLOT_TEST_FLIGHT` says how many: 20,000 take an idle machine.
const FLIGHT: usize = 400;
/// How long the upstream works on one, ms, and how much longer for each of them: the first must not be over
/// before the last is accepted.
const WORK_MS: usize = 15_000;
const WORK_EACH_MS: usize = 45;

/// Routes that only polls ask for.
const POLLS: &[&str] = &["fetch", "list-by-ids", "list-by-condition"];

/// The usual limits: many tasks on a busy machine are slow to be accepted, and nothing dies here. The upstream's
/// callbacks would be a dozen for each task.
const PATIENT: &[(&str, &str)] = &[
    ("BACKLOT_LIMITS__SUBMIT_TIMEOUT_MAX_MS", "60000"),
    ("BACKLOT_WORK__SUBMIT_LEASE_MS", "90000"),
    ("BACKLOT_WORK__HOOKS", "false"),
];

/// Between two questions, each of which is answered with all prompts.
const PAUSE: Duration = Duration::from_millis(50);

/// Asks the upstream what it received until it is as much as this.
async fn until_received(world: &Installation, routes: &[&str], more_than: u64) -> u64 {
    let mut pace = tokio::time::interval(PAUSE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let received = received(world, routes).await;
        if received > more_than {
            return received;
        }
    }
}

async fn received(world: &Installation, routes: &[&str]) -> u64 {
    let counts = world.counts().await;
    routes.iter().filter_map(|route| counts["routes"][route].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_queue_with_many_tasks_in_flight_submits_nothing_twice_and_exceeds_no_limit() {
    if !are_there() {
        return;
    }
    let redis = Redis::start();
    let Some(world) = Installation::start_with(&redis.url(), PATIENT).await else { return };
    let flight = number("BACKLOT_TEST_FLIGHT").unwrap_or(FLIGHT);
    let waiting = (flight / 10).max(10);
    let work_ms = WORK_MS + flight * WORK_EACH_MS;
    let prompt = |n: usize| format!("tile {n} [sim:slow={work_ms}ms]");
    world.put_channel(flight).await;

    let began = Instant::now();
    let ids = submit_as(&world, &[0, 1], 0..flight + waiting, None, prompt).await;
    let submitted_s = began.elapsed().as_secs();
    until_received(&world, &["imagine"], flight as u64 - 1).await;
    let accepted_s = began.elapsed().as_secs();
    redis.flush();
    let flushed = Instant::now();
    // No claim is answered until the queue is filled again, and then polls are due over one period.
    while world.readiness(&world.works[0]).await.1["checks"]["queue"] != "ok" {}
    let filled_ms = flushed.elapsed().as_millis();
    let polls = received(&world, POLLS).await;
    until_received(&world, POLLS, polls).await;
    let polled_ms = flushed.elapsed().as_millis();

    all_succeeded(&world, &ids).await;
    were_submitted_once(&world, (0..ids.len()).map(prompt)).await;
    let peak = world.upstream_peak().await;
    let peak = usize::try_from(peak).expect("a number of tasks");
    assert!(peak <= flight && peak > flight / 2, "{peak} of {flight} slots were taken at the same time");
    tell(&format!(
        "{} tasks, {flight} in flight: submitted after {submitted_s} s, accepted after {accepted_s} s; \
         after FLUSHALL filled in {filled_ms} ms, polled in {polled_ms} ms; all ended after {} s",
        ids.len(),
        began.elapsed().as_secs()
    ));
    world.end().await;
}

#[expect(clippy::print_stdout, reason = "whoever runs it large wants to know the times")]
fn tell(text: &str) {
    println!("{text}");
}
