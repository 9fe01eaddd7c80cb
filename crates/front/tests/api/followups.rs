//! Buttons and modals.

use crate::harness::{World, channel};
use serde_json::json;
use task::{Button, Details, State, Step};

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
