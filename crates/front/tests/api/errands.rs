//! Cancelling, and asking upstream.

use crate::harness::{Reply, World, assert_problem};
use ledger::{ErrandKind, ErrandResult};
use queue::{Lane, Scheduler};
use serde_json::json;
use std::time::Duration;
use task::{Failure, FailureKind, State, Step, TaskId};
use tokio::time::timeout;

/// How long a bell that never rings is waited for, so that its test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays the poll stage: waits for the bell, answers the errand, tells.
pub async fn answer(world: &World, id: TaskId, kind: ErrandKind, result: ErrandResult, then: Option<Step>) {
    world.scheduler.set_filled().await.expect("is in process");
    let claimed = loop {
        timeout(PATIENCE, world.scheduler.ready(Lane::Poll)).await.expect("the poll lane is rung");
        let batches = world.scheduler.claim(Lane::Poll, 1, 1, 1000).await.expect("is in process");
        if let Some(batch) = batches.first() {
            break batch.claims[0].id;
        }
    };
    assert_eq!(claimed, id);
    let open = world.front.ledger.open_errands(&[id]).await.expect("the ledger answers");
    assert_eq!((open.len(), open[0].kind), (1, kind));
    if let Some(step) = then {
        world.step(id, step).await;
    }
    world.front.ledger.end_errand(open[0].id, &result, 1).await.expect("the ledger answers");
    world.announce(id).await;
}

async fn cancel(world: &World, id: TaskId) -> Reply {
    world.post(&format!("/v1/tasks/{id}/cancel"), json!({})).await
}

#[tokio::test]
async fn a_queued_task_is_cancelled_at_once_and_only_once() {
    let world = World::new().await;
    let body = json!({ "prompt": "a cat", "notifyHook": "http://127.0.0.1:9000/hook" });
    let id = world.post("/mj/submit/imagine", body).await.task();
    let reply = cancel(&world, id).await;
    assert_eq!((reply.status, reply.json()["status"].as_str()), (200, Some("cancelled")));
    let task = world.task(id).await;
    assert_eq!((task.state, task.reserved, task.charged), (State::Cancelled, 0, 0));
    let callbacks = world.front.ledger.callbacks(id).await.expect("the ledger answers");
    let words: Vec<&str> = callbacks.iter().map(|callback| callback.word.as_str()).collect();
    assert_eq!(words, ["NOT_START", "CANCEL"]);
    let again = cancel(&world, id).await;
    assert_problem(&again, 409, "task_not_cancellable");
    assert_eq!(again.header("x-should-retry"), "false");
    let mj = world.imagine("a dog").await;
    let reply = world.post(&format!("/mj/task/{mj}/cancel"), json!({})).await;
    assert_eq!((reply.status, reply.json()["code"].as_i64(), reply.task()), (200, Some(1), mj));
}

#[tokio::test]
async fn a_running_task_is_stopped_where_its_provider_can() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    world.run(id).await;
    let stop = answer(&world, id, ErrandKind::Cancel, ErrandResult::Done(None), Some(Step::Cancel));
    let (reply, ()) = tokio::join!(cancel(&world, id), stop);
    assert_eq!((reply.status, reply.json()["status"].as_str()), (200, Some("cancelled")));
}

#[tokio::test]
async fn a_task_that_can_not_be_stopped_says_so() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    world.run(id).await;
    let late = answer(&world, id, ErrandKind::Cancel, ErrandResult::TooLate("it is nearly done".into()), None);
    let (reply, ()) = tokio::join!(cancel(&world, id), late);
    assert_problem(&reply, 409, "task_not_cancellable");
    assert!(reply.json()["error"]["message"].as_str().is_some_and(|text| text.contains("nearly done")));

    let mut simple = crate::harness::channel("one");
    simple.options.insert("flavour".into(), json!("novicezk"));
    world.put_channel(simple).await;
    assert_problem(&cancel(&world, id).await, 409, "task_not_cancellable");
}

#[tokio::test]
async fn a_seed_is_asked_for_once() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    let path = format!("/mj/task/{id}/image-seed");
    let early = world.get(&path).await;
    assert_eq!((early.status, early.json()["code"].as_i64()), (400, Some(4)));
    world.finish(id).await;
    let found = answer(&world, id, ErrandKind::Seed, ErrandResult::Done(Some("1234567890".into())), None);
    let (reply, ()) = tokio::join!(world.get(&path), found);
    assert_eq!((reply.status, reply.json()["result"].as_str()), (200, Some("1234567890")));
    assert_eq!(world.get(&path).await.json()["result"], "1234567890", "it is kept");
    let errands = world.front.ledger.open_errands(&[id]).await.expect("the ledger answers");
    assert_eq!(errands.len(), 0);
}

#[tokio::test]
async fn a_seed_that_upstream_lacks_or_fails_to_tell() {
    let world = World::new().await;
    for (result, status, code) in
        [(ErrandResult::None, 404, 3), (ErrandResult::Failed("upstream is down".into()), 502, 9)]
    {
        let id = world.imagine("a cat").await;
        world.finish(id).await;
        let path = format!("/mj/task/{id}/image-seed");
        let (reply, ()) = tokio::join!(world.get(&path), answer(&world, id, ErrandKind::Seed, result, None));
        assert_eq!((reply.status, reply.json()["code"].as_i64()), (status, Some(code)), "{}", reply.json());
    }
}

#[tokio::test]
async fn a_failed_task_is_an_answer_not_an_error() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    world.step(id, Step::Fail(Failure::never(FailureKind::Moderation, "not allowed", "private words"))).await;
    let shown = world.get(&format!("/mj/task/{id}/fetch")).await;
    assert_eq!((shown.status, shown.json()["status"].as_str()), (200, Some("FAILURE")));
    assert_eq!(shown.json()["failReason"], "not allowed");
    assert!(!String::from_utf8_lossy(&shown.body).contains("private words"));
}
