//! `Prefer: wait`, and server-sent events.

use crate::harness::{World, read};
use axum::body::Body;
use futures::StreamExt;
use serde_json::{Value, json};
use task::{Step, TaskId};
use tower::ServiceExt;

fn fetch(world: &World, id: TaskId, seconds: u32) -> impl Future<Output = crate::harness::Reply> {
    let request = world.request("GET", &format!("/mj/task/{id}/fetch")).header("prefer", format!("wait={seconds}"));
    world.send(request.body(Body::empty()).expect("is a request"))
}

#[tokio::test]
async fn a_held_fetch_answers_when_the_task_ends() {
    let world = World::new().await;
    for announced in [true, false] {
        let id = world.imagine("a cat").await;
        world.run(id).await;
        let (reply, ()) = tokio::join!(fetch(&world, id, 60), async {
            world.finish_running(id).await;
            if announced {
                world.announce(id).await;
            }
        });
        assert_eq!((reply.json()["status"].as_str(), reply.header("preference-applied")), (Some("SUCCESS"), "wait=60"));
    }
}

#[tokio::test]
async fn running_out_of_time_is_no_error() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    let reply = fetch(&world, id, 0).await;
    assert_eq!((reply.status, reply.json()["status"].as_str()), (200, Some("NOT_START")));
    assert_eq!(reply.header("preference-applied"), "wait=0");
}

#[tokio::test]
async fn a_drain_ends_every_wait() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    let headers = [("prefer", "wait=60")];
    let submit = world.post_with("/mj/submit/imagine", json!({ "prompt": "a dog" }), &headers);
    let (submitted, fetched, ()) = tokio::join!(submit, fetch(&world, id, 60), async {
        world.front.draining.cancel();
    });
    assert_eq!((submitted.status, submitted.json()["code"].as_i64()), (200, Some(1)));
    assert_eq!((fetched.status, fetched.json()["status"].as_str()), (200, Some("NOT_START")));
}

#[tokio::test]
async fn a_held_submission_keeps_its_shape() {
    let world = World::new().await;
    let headers = [("prefer", "wait=60"), ("idempotency-key", "k")];
    let (reply, id) =
        tokio::join!(world.post_with("/mj/submit/imagine", json!({ "prompt": "a dog" }), &headers), async {
            loop {
                let listed = world.get("/v1/tasks").await.json();
                if let Some(id) = listed["data"][0]["id"].as_str() {
                    let id: TaskId = id.parse().expect("is an id");
                    world.step(id, Step::Cancel).await;
                    world.announce(id).await;
                    return id;
                }
            }
        });
    assert_eq!((reply.status, reply.task(), reply.json()["code"].as_i64()), (200, id, Some(1)));
    assert_eq!(reply.header("preference-applied"), "wait=60");
}

/// The events of a stream that ends.
async fn events(world: &World, id: TaskId, last: Option<&str>, act: impl AsyncFnOnce(usize)) -> Vec<(String, Value)> {
    let mut request = world.request("GET", &format!("/v1/tasks/{id}/events"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = world.router.clone().oneshot(request.body(Body::empty()).expect("is a request")).await;
    let response = response.expect("a router answers");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let (mut text, mut act) = (String::new(), Some(act));
    while let Some(piece) = stream.next().await {
        text.push_str(str::from_utf8(&piece.expect("the stream is whole")).expect("is text"));
        if let Some(act) = act.take() {
            act(0).await;
        }
    }
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let task_events = text.split("\n\n").filter(|event| field(event, "event:").as_deref() == Some("task"));
    task_events
        .map(|event| {
            let data = field(event, "data:").expect("has data");
            (field(event, "id:").expect("has an id"), serde_json::from_str(&data).expect("is JSON"))
        })
        .collect()
}

#[tokio::test]
async fn a_stream_begins_with_the_present_and_ends_with_the_end() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    let told = events(&world, id, None, async |_| {
        world.finish(id).await;
        world.announce(id).await;
    })
    .await;
    assert_eq!(told.first().map(|(_, task)| task["status"].clone()), Some(json!("queued")));
    assert_eq!(told.last().map(|(_, task)| task["status"].clone()), Some(json!("succeeded")));
    let last = &told.last().expect("has an end").0;
    let request = world.request("GET", &format!("/v1/tasks/{id}/events")).header("last-event-id", last.as_str());
    let again = world.send(request.body(Body::empty()).expect("is a request")).await;
    assert_eq!(again.status, 204, "a browser stops coming back");
}

#[tokio::test]
async fn a_stream_taken_up_again_does_not_repeat_itself() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    let first = {
        let request =
            world.request("GET", &format!("/v1/tasks/{id}/events")).body(Body::empty()).expect("is a request");
        let response = world.router.clone().oneshot(request).await.expect("a router answers");
        let piece = response.into_body().into_data_stream().next().await.expect("has an event").expect("is whole");
        let text = String::from_utf8(piece.to_vec()).expect("is text");
        text.lines().find_map(|line| line.strip_prefix("id:")).expect("has an id").trim().to_owned()
    };
    world.step(id, Step::Cancel).await;
    let request = world.request("GET", &format!("/v1/tasks/{id}/events")).header("last-event-id", first);
    let response = world.router.clone().oneshot(request.body(Body::empty()).expect("is a request")).await;
    let reply = read(response.expect("a router answers")).await;
    let text = String::from_utf8(reply.body).expect("is text");
    assert_eq!(text.matches("event: task").count(), 1, "{text}");
    assert!(text.contains("cancelled"), "{text}");
}
