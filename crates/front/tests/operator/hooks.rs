//! Callbacks from upstreams: hints, and nothing but hints.

use crate::world::World;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use queue::Lane;
use serde_json::{Value, json};
use task::State;

async fn post(world: &World, path: &str, body: impl Into<Body>) -> StatusCode {
    let request =
        Request::post(path).header("content-type", "application/json").body(body.into()).expect("is a request");
    world.send(request).await.status
}

/// What a Midjourney proxy sends, as in `upstream/midjourney.md` section 8.
fn finished(operation_id: &str) -> String {
    let body: Value = json!({ "id": operation_id, "action": "IMAGINE", "status": "SUCCESS", "progress": "100%",
        "imageUrl": "https://cdn.vendor.test/x.png", "failReason": null, "buttons": [] });
    body.to_string()
}

#[tokio::test]
async fn a_running_task_is_asked_for_at_once_and_not_moved() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let (_, token) = world.token("t", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    let task = world.running(&task, "1320098173412546").await;
    world.schedule(Lane::Poll, &task).await;
    assert_eq!(world.due(Lane::Poll).await, []);

    assert_eq!(post(&world, &hook, finished("1320098173412546")).await, StatusCode::NO_CONTENT);

    assert_eq!(world.due(Lane::Poll).await, [task.id]);
    assert_eq!(world.read(task.id).await, task, "only the upstream's own answer moves it");
}

#[tokio::test]
async fn the_address_of_a_task_names_it_without_a_readable_body() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let (_, token) = world.token("t", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    let task = world.running(&task, "77").await;
    world.schedule(Lane::Poll, &task).await;
    let client = task.client.expect("a running task has one");

    assert_eq!(post(&world, &format!("{hook}/{client}"), "not json").await, StatusCode::NO_CONTENT);

    assert_eq!(world.due(Lane::Poll).await, [task.id]);
}

#[tokio::test]
async fn a_doubt_keeps_the_operation_that_was_named() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let (_, token) = world.token("t", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    let task = world.uncertain(&task).await;
    world.schedule(Lane::Submit, &task).await;
    let client = task.client.expect("an attempt was made");
    assert_eq!(world.front.ledger.hinted_operation(task.id).await, Ok(None));

    assert_eq!(post(&world, &format!("{hook}/{client}"), finished("op-9")).await, StatusCode::NO_CONTENT);

    assert_eq!(world.front.ledger.hinted_operation(task.id).await, Ok(Some("op-9".to_owned())));
    assert_eq!(world.due(Lane::Submit).await, [task.id]);
    assert_eq!(world.read(task.id).await.state, State::Uncertain, "a callback is no proof");
}

#[tokio::test]
async fn an_unknown_task_is_answered_like_a_known_one() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    for body in [finished("nobody's"), "{}".to_owned(), "[1".to_owned(), String::new(), "[".repeat(10_000)] {
        assert_eq!(post(&world, &hook, body).await, StatusCode::NO_CONTENT);
    }
    let strange = format!("{hook}/cl_00000000000000000000000000");
    assert_eq!(post(&world, &strange, finished("x")).await, StatusCode::NO_CONTENT);
    assert_eq!(post(&world, &format!("{hook}/..%2f..%2fetc"), finished("x")).await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn another_channel_s_task_is_not_rung() {
    let world = World::new().await;
    world.channel("one").await;
    let other = world.channel("other").await;
    let (_, token) = world.token("t", None).await;
    let task = world.task(token, "one", "a cat").await;
    let task = world.running(&task, "42").await;
    world.schedule(Lane::Poll, &task).await;
    let client = task.client.expect("a running task has one");

    assert_eq!(post(&world, &format!("{other}/{client}"), finished("42")).await, StatusCode::NO_CONTENT);

    assert_eq!(world.due(Lane::Poll).await, []);
}

#[tokio::test]
async fn a_wrong_secret_or_channel_is_not_found() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let secret = hook.rsplit('/').next().expect("ends with the secret");
    for path in [
        "/hooks/proxy/wrong".to_owned(),
        format!("/hooks/nosuch/{secret}"),
        format!("/hooks/proxy/{}", &secret[1..]),
        format!("/hooks/proxy/{}", secret.to_lowercase()),
        format!("/hooks/proxy/x/{secret}"),
    ] {
        assert_eq!(post(&world, &path, finished("1")).await, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_refused() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let most = front::hooks::HOOK_BODY_MAX_BYTES;
    assert_eq!(post(&world, &hook, "x".repeat(most)).await, StatusCode::NO_CONTENT);
    assert_eq!(post(&world, &hook, "x".repeat(most + 1)).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post(&world, "/hooks/proxy/wrong", "x".repeat(most + 1)).await, StatusCode::NOT_FOUND);
}
