//! Processes that are told to end while a submission is under way.

use super::installation::Installation;
use super::process::Process;
use super::servers::{Redis, are_there};
use serde_json::{Value, json};

/// The upstream has it, and holds its answer back for longer than any test runs.
const UNANSWERED: &str = "a long wait [sim:answer-delay=10m]";

/// A lease that no test waits out, and no callback that would end the wait for the answer.
const LONG_LEASES: &[(&str, &str)] = &[
    ("BACKLOT_LIMITS__SUBMIT_TIMEOUT_MAX_MS", "600000"),
    ("BACKLOT_WORK__SUBMIT_LEASE_MS", "900000"),
    ("BACKLOT_WORK__HOOKS", "false"),
];

/// The upstream has the task of the one `work` process.
async fn has_arrived(world: &Installation) {
    while world.counts().await["prompts"][UNANSWERED]["accepted"] != json!(1) {}
}

fn steps(story: &str) -> Vec<(String, String)> {
    let story: Value = serde_json::from_str(story).expect("verbs answer JSON");
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let events = story["events"].as_array().expect("a task has events");
    events.iter().map(|event| (word(&event["step"]), word(&event["note"]["why"]))).collect()
}

/// Another process goes on with what an ended one let go of.
async fn goes_on(world: &mut Installation, id: &str) {
    world.works[1].start_again().await;
    let task = world.ended(0, id).await;
    let story = world.story(id).await;
    assert_eq!(task["status"], "succeeded", "{}\n{story}", world.logs());
    let steps = steps(&story);
    assert_eq!(steps[2], ("doubt".to_owned(), "its process was told to end at once".to_owned()), "{story}");
    assert_eq!(world.counts().await["prompts"][UNANSWERED]["received"], json!(1), "it was looked up, not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_lets_go_of_what_is_under_way() {
    if !are_there() {
        return;
    }
    let redis = Redis::start();
    let Some(mut world) = Installation::start_with(&redis.url(), LONG_LEASES).await else { return };
    world.works[1].stop().await;
    let id = world.imagine(0, UNANSWERED, None).await;
    has_arrived(&world).await;

    world.works[0].signal().await;
    while world.readiness(&world.works[0]).await.1["status"] != "draining" {}
    assert_eq!(steps(&world.story(&id).await).len(), 2, "the first signal waits for it");
    world.works[0].signal().await;
    world.works[0].has_ended().await;

    goes_on(&mut world, &id).await;
    world.works[0].start_again().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_runs_out_of_time_lets_go_too() {
    if !are_there() {
        return;
    }
    let redis = Redis::start();
    let variables = [LONG_LEASES, &[("BACKLOT_SHUTDOWN__DRAIN_MS", "1500")]].concat();
    let Some(mut world) = Installation::start_with(&redis.url(), &variables).await else { return };
    world.works[1].stop().await;
    let id = world.imagine(0, UNANSWERED, None).await;
    has_arrived(&world).await;

    Process::stop(&mut world.works[0]).await;

    goes_on(&mut world, &id).await;
    world.works[0].start_again().await;
    world.end().await;
}
