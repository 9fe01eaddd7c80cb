//! Buttons and modals.

use crate::errands;
use crate::harness::{World, assert_problem, channel};
use ledger::{ErrandKind, ErrandResult};
use serde_json::json;
use task::{Button, Details, State, Step, TaskId};

fn details() -> Details {
    let button = Button {
        custom_id: "MJ::JOB::upsample::1::abc".into(),
        emoji: String::new(),
        label: "U1".into(),
        style: 2,
        kind: 2,
    };
    Details { buttons: vec![button], ..Details::default() }
}

#[tokio::test]
async fn a_button_goes_to_the_parents_channel() {
    let world = World::new().await;
    let parent = world.imagine("a cat").await;
    let body = json!({ "taskId": parent, "customId": "MJ::JOB::upsample::1::abc" });
    let early = world.post("/mj/submit/action", body.clone()).await;
    assert_eq!((early.status, early.json()["error"]["code"].as_str()), (400, Some("task_status_not_success")));
    world.finish(parent).await;
    let mut better = channel("better");
    better.priority = 9;
    world.put_channel(better).await;
    let reply = world.post("/mj/submit/action", body.clone()).await;
    assert_eq!((reply.status, reply.json()["code"].as_i64()), (200, Some(1)), "{}", reply.json());
    let child = world.task(reply.task()).await;
    assert_eq!((child.spec.parent, child.channel.as_str()), (Some(parent), "one"));
    let again = world.post("/mj/submit/action", body).await;
    assert_ne!(again.task(), child.id, "a repeated upscale is a task of its own");
}

#[tokio::test]
async fn a_modal_has_one_answer() {
    let world = World::new().await;
    let parent = world.imagine("a cat").await;
    world.run(parent).await;
    world.step(parent, Step::AskInput { details: details(), due_ms: 1 }).await;
    assert_eq!(world.get(&format!("/mj/task/{parent}/fetch")).await.json()["status"], "MODAL");
    let body = json!({ "taskId": parent, "prompt": "a rainbow" });
    let first = world.post("/mj/submit/modal", body.clone()).await;
    assert_eq!(first.json()["code"], 1, "{}", first.json());
    let child = first.task();
    let second = world.post("/mj/submit/modal", body).await;
    assert_eq!((second.status, second.json()["code"].as_i64(), second.task()), (200, Some(21), child));
    assert_eq!(world.task_count().await, 2);
}

#[tokio::test]
async fn a_parent_that_was_handed_over_shows_its_child() {
    let world = World::new().await;
    let parent = world.imagine("a cat").await;
    world.run(parent).await;
    world.step(parent, Step::AskInput { details: details(), due_ms: 1 }).await;
    let child = world.post("/mj/submit/modal", json!({ "taskId": parent, "prompt": "x" })).await.task();
    world.step(parent, Step::HandOver { child }).await;
    let path = format!("/mj/task/{parent}/fetch");
    assert_eq!(world.get(&path).await.json()["status"], "MODAL");
    world.run(child).await;
    assert_eq!(world.get(&path).await.json()["status"], "IN_PROGRESS");
    let request = world.request("GET", &path).header("prefer", "wait=60");
    let request = request.body(axum::body::Body::empty()).expect("is a request");
    let (reply, done) = tokio::join!(world.send(request), async {
        let done = world.finish_running(child).await;
        world.announce(child).await;
        done
    });
    assert_eq!(done.state, State::Succeeded);
    assert_eq!(
        (reply.json()["status"].as_str(), reply.json()["id"].as_str()),
        (Some("SUCCESS"), Some(&*parent.to_string()))
    );
    assert_eq!(world.get(&format!("/mj/image/{parent}")).await.status, 200);
}

/// A running task that was handed over so many times; the first of the chain and the last, which runs.
async fn handed_over(world: &World, times: usize) -> (TaskId, TaskId) {
    let first = world.imagine("a cat").await;
    world.run(first).await;
    let mut last = first;
    for _ in 0..times {
        world.step(last, Step::AskInput { details: details(), due_ms: 1 }).await;
        let child = world.post("/mj/submit/modal", json!({ "taskId": last, "prompt": "x" })).await.task();
        world.step(last, Step::HandOver { child }).await;
        world.run(child).await;
        last = child;
    }
    (first, last)
}

/// Finishes the last of a chain, with buttons of its own.
async fn finish(world: &World, last: TaskId) {
    world.step(last, Step::Answer { outputs: vec![], details: details() }).await;
    let key = format!("task-artifacts/2026/11/22/midjourney/MODAL/{last}.png");
    world.put(&key, "image/png", b"0123456789").await;
    world.step(last, Step::Store { artifacts: vec![crate::harness::picture(key)], warnings: vec![] }).await;
}

#[tokio::test]
async fn a_chain_of_hand_overs_shows_its_last_task_everywhere() {
    let world = World::new().await;
    for times in [1, 3, 8] {
        let (first, last) = handed_over(&world, times).await;
        let statuses = async || {
            let fetched = world.get(&format!("/mj/task/{first}/fetch")).await.json();
            let many = world.post("/mj/task/list-by-condition", json!({ "ids": [first, last] })).await.json();
            let neutral = world.get(&format!("/v1/tasks/{first}")).await.json();
            let listed = world.get("/v1/tasks?limit=100").await.json();
            let all = listed["data"].as_array().expect("is a list").clone();
            let listed = all.into_iter().find(|task| task["id"] == first.to_string()).expect("it is listed");
            assert_eq!((&fetched["id"], &many[0]["id"]), (&json!(first), &json!(first)));
            let words = [&fetched["status"], &many[0]["status"], &neutral["status"], &listed["status"]];
            words.map(|word| word.as_str().expect("is a word").to_owned())
        };
        assert_eq!(statuses().await, ["IN_PROGRESS", "IN_PROGRESS", "running", "running"], "{times}");
        let picture = format!("/mj/image/{first}");
        assert_eq!(world.get(&picture).await.status, 404);
        finish(&world, last).await;
        assert_eq!(statuses().await, ["SUCCESS", "SUCCESS", "succeeded", "succeeded"], "{times}");
        assert_eq!(world.get(&picture).await.body, b"0123456789");
        let found = ErrandResult::Done(Some("42".into()));
        let asked = errands::answer(&world, last, ErrandKind::Seed, found, None);
        let path = format!("/mj/task/{first}/image-seed");
        let (seed, ()) = tokio::join!(world.get(&path), asked);
        assert_eq!((seed.status, seed.json()["result"].as_str()), (200, Some("42")), "{times}");
    }
}

#[tokio::test]
async fn a_stop_reaches_the_task_that_has_the_operation() {
    let world = World::new().await;
    for (path, times) in [("/mj/task/{id}/cancel", 1), ("/v1/tasks/{id}/cancel", 2)] {
        let (first, last) = handed_over(&world, times).await;
        let path = path.replace("{id}", &first.to_string());
        let stop = errands::answer(&world, last, ErrandKind::Cancel, ErrandResult::Done(None), Some(Step::Cancel));
        let (reply, ()) = tokio::join!(world.post(&path, json!({})), stop);
        assert_eq!(reply.status, 200, "{}", reply.json());
        let shown = reply.json();
        let named = shown["result"].as_str().or(shown["id"].as_str());
        assert_eq!(named, Some(&*first.to_string()), "the answer names the task that was asked for");
        assert_eq!(world.task(last).await.state, State::Cancelled);
        assert_eq!(world.get(&format!("/mj/task/{first}/fetch")).await.json()["status"], "CANCEL");
        assert_problem(&world.post(&path, json!({})).await, 409, "task_not_cancellable");
    }
}

#[tokio::test]
async fn a_button_of_a_task_that_was_handed_over_is_its_last_childs() {
    let world = World::new().await;
    let body = |first: TaskId| json!({ "taskId": first, "customId": "MJ::JOB::upsample::1::abc" });
    let (first, last) = handed_over(&world, 4).await;
    assert_eq!(world.post("/mj/submit/action", body(first)).await.status, 400, "it has not finished");
    finish(&world, last).await;
    let reply = world.post("/mj/submit/action", body(first)).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    assert_eq!(world.task(reply.task()).await.spec.parent, Some(last));
    let (first, last) = handed_over(&world, 5).await;
    finish(&world, last).await;
    assert_problem(&world.post("/mj/submit/action", body(first)).await, 404, "task_not_exist");
}
