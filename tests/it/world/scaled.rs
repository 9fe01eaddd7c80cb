//! Scaled out: Postgres, Redis, S3 over HTTP, two `serve` and two `work` processes.

mod by_hand;
mod ending;
mod flight;
mod frozen;
mod groups;
mod installation;
mod process;
mod queues;
mod rolling;
mod servers;
mod traces;

use super::receiver::Receiver;
use futures::StreamExt;
use futures::stream;
use installation::Installation;
use serde_json::{Value, json};
use servers::Redis;

/// Tasks of the large test, unless `BACKLOT_TEST_TASKS` says how many.
const TASKS: usize = 2_000;
/// Tasks of the one that empties the queue.
const FLUSHED: usize = 300;
/// Requests at the same time.
const AT_ONCE: usize = 32;

/// Submits these prompts to these `serve`s in turn.
async fn submit(
    world: &Installation,
    serves: &[usize],
    numbers: std::ops::Range<usize>,
    hook: Option<&str>,
) -> Vec<String> {
    submit_as(world, serves, numbers, hook, prompt).await
}

async fn submit_as(
    world: &Installation,
    serves: &[usize],
    numbers: std::ops::Range<usize>,
    hook: Option<&str>,
    prompt: impl Fn(usize) -> String,
) -> Vec<String> {
    let prompt = &prompt;
    let submissions = numbers.map(|n| async move {
        let serve = serves[n % serves.len()];
        world.imagine(serve, &prompt(n), hook).await
    });
    stream::iter(submissions).buffered(AT_ONCE).collect().await
}

/// A size that whoever runs the tests has chosen.
fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

fn prompt(n: usize) -> String {
    format!("tile {n}")
}

/// Every task has succeeded, and the upstream was asked for each of them once.
async fn all_succeeded_once(world: &Installation, ids: &[String]) -> Vec<Value> {
    let tasks = all_succeeded(world, ids).await;
    were_submitted_once(world, (0..ids.len()).map(prompt)).await;
    tasks
}

async fn all_succeeded(world: &Installation, ids: &[String]) -> Vec<Value> {
    let waiting = ids.iter().enumerate().map(|(n, id)| world.ended(n % world.bases.len(), id));
    let tasks: Vec<Value> = stream::iter(waiting).buffer_unordered(2 * AT_ONCE).collect().await;
    let failed: Vec<_> = tasks.iter().filter(|task| task["status"] != "succeeded").collect();
    if let Some(first) = failed.first() {
        // The story comes last: whoever cuts the output keeps its end.
        let (logs, count) = (world.logs(), failed.len());
        let story = world.story(first["id"].as_str().unwrap_or_default()).await;
        panic!("{logs}\n{count} of {} failed, the first of them:\n{story}", ids.len());
    }
    tasks
}

async fn were_submitted_once(world: &Installation, prompts: impl Iterator<Item = String>) {
    let counts = world.counts().await;
    for prompt in prompts {
        let arrived = &counts["prompts"][&prompt];
        assert_eq!(arrived["accepted"], json!(1), "{prompt}: {arrived}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_reach_their_pictures_and_callbacks_while_processes_come_and_go() {
    if !servers::are_there() {
        return;
    }
    let redis = Redis::start();
    let Some(mut world) = Installation::start(&redis.url()).await else { return };
    world.warm_up().await;
    let receiver = Receiver::start().await;
    let hook = Some(receiver.url.as_str());
    let tasks = number("BACKLOT_TEST_TASKS").unwrap_or(TASKS);
    let third = tasks / 3;

    let mut ids = submit(&world, &[0, 1], 0..third, hook).await;
    world.works[0].kill().await;
    ids.extend(submit(&world, &[0, 1], third..2 * third, hook).await);
    world.serves[0].stop().await;
    ids.extend(submit(&world, &[1], 2 * third..tasks, hook).await);
    world.serves[0].start_again().await;
    world.works[0].start_again().await;

    let ended = all_succeeded_once(&world, &ids).await;
    for id in &ids {
        let words = receiver.until(id, "SUCCESS").await;
        let ranks: Vec<usize> = words.iter().map(|word| rank(word)).collect();
        assert!(ranks.is_sorted(), "{id}: {words:?}");
    }
    for task in ended.iter().step_by(ids.len() / 20) {
        let url = task["outputs"][0]["url"].as_str().unwrap_or_else(|| panic!("no output: {task}"));
        let picture = world.client.get(url).send().await.expect("it answers");
        assert_eq!(picture.status(), 200, "{url}");
        let bytes = picture.bytes().await.expect("the picture is whole");
        assert!(image::guess_format(&bytes).is_ok(), "{url} is no picture");
    }
    world.end().await;
}

/// Where a word stands among those that a caller hears.
fn rank(word: &str) -> usize {
    let words = ["NOT_START", "SUBMITTED", "IN_PROGRESS", "SUCCESS"];
    words
        .iter()
        .position(|known| *known == word)
        .unwrap_or_else(|| panic!("{word} is no word of a task that went well"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_queue_and_a_lost_one_are_filled_again() {
    if !servers::are_there() {
        return;
    }
    let mut redis = Redis::start();
    let Some(world) = Installation::start(&redis.url()).await else { return };
    let (status, ready) = world.readiness(&world.serves[0]).await;
    assert_eq!((status, &ready["status"]), (200, &json!("ready")), "{ready}");

    let mut ids = submit(&world, &[0, 1], 0..FLUSHED, None).await;
    world.ended(0, &ids[0]).await;
    redis.flush();
    ids.extend(submit(&world, &[0, 1], FLUSHED..FLUSHED + 20, None).await);
    redis.kill();
    // What is accepted while there is no queue is found by the sweep.
    ids.extend(submit(&world, &[1], FLUSHED + 20..FLUSHED + 40, None).await);
    // A busy store may be slow to answer its probe; without a queue alone, requests are taken.
    let degraded = async {
        loop {
            let (status, ready) = world.readiness(&world.serves[1]).await;
            assert_eq!(ready["checks"]["queue"], "away", "{ready}");
            if ready["missing"] == json!([]) {
                return (status, ready);
            }
        }
    };
    let (status, ready) = degraded.await;
    assert_eq!((status, &ready["status"]), (200, &json!("degraded")), "{ready}");
    redis.restart();

    all_succeeded_once(&world, &ids).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_another_process_is_heard_of_at_once() {
    if !servers::are_there() {
        return;
    }
    let redis = Redis::start();
    let Some(world) = Installation::start(&redis.url()).await else { return };
    let running = world.imagine(1, "already running", None).await;
    world.running(1, &running).await;
    // Paused by a process of its own, on the ledger: both `work`s hear of it.
    world.operator(&["channel", "pause", "sim"]).await;
    let id = world.imagine(0, "later", None).await;
    assert_eq!(world.ended(0, &running).await["status"], "succeeded", "what runs is watched to its end");
    assert_eq!(world.task(1, &id).await["status"], "queued", "a paused channel is silent");
    world.operator(&["channel", "resume", "sim"]).await;
    assert_eq!(world.ended(1, &id).await["status"], "succeeded");
    let listed: Value = serde_json::from_str(&world.operator(&["task", "list"]).await).expect("verbs answer JSON");
    assert!(listed.to_string().contains(&id), "{listed}");
    world.end().await;
}
