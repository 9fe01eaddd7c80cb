//! Callbacks from upstreams: hints, and nothing but hints.

use crate::world::{NOW_MS, World};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use queue::Lane;
use serde_json::{Value, json};
use task::{Clock, Failure, FailureKind, Requeue, State, Step, Task};

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
async fn a_callback_that_overtakes_its_answer_brings_a_look_some_seconds_later() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let (_, token) = world.token("t", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    let task = world.submitting(&task).await;
    let client = task.client.expect("an attempt was made");

    assert_eq!(post(&world, &format!("{hook}/{client}"), finished("op-9")).await, StatusCode::NO_CONTENT);

    assert_eq!(world.front.ledger.hinted_operation(task.id).await, Ok(Some("op-9".to_owned())));
    assert_eq!(world.due(Lane::Poll).await, [], "the answer may be under way");
    world.clock.advance_ms(5_000);
    assert_eq!(world.due(Lane::Poll).await, [task.id]);
    assert_eq!(world.read(task.id).await, task, "a callback is no proof");
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

/// A task that was sent once, whose fate nobody knew, and that was then taken `step` further.
async fn given_up(world: &World, step: Step) -> Task {
    let (_, token) = world.token("t", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    world.uncertain(&task).await;
    world.step(&task, step).await
}

fn failed_by_policy() -> Step {
    Step::Fail(Failure::never(FailureKind::Uncertain, "not confirmed", "nobody could tell"))
}

#[tokio::test]
async fn a_sign_that_a_given_up_request_arrived_is_kept_and_followed() {
    let again = Step::Requeue { why: Requeue::Resubmit, due_ms: NOW_MS };
    for (step, state) in [(failed_by_policy(), State::Failed), (again, State::Queued)] {
        let world = World::new().await;
        let hook = world.channel("proxy").await;
        let task = given_up(&world, step).await;
        let client = task.client.expect("an attempt was made");

        assert_eq!(post(&world, &format!("{hook}/{client}"), finished("op-9")).await, StatusCode::NO_CONTENT);

        assert_eq!(world.front.ledger.hinted_operation(task.id).await, Ok(Some("op-9".to_owned())), "{state}");
        assert_eq!(world.due(Lane::Poll).await, [task.id], "{state}");
        assert_eq!(world.read(task.id).await, task, "a callback is no proof");
    }
}

#[tokio::test]
async fn such_a_sign_is_taken_for_a_day() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let task = given_up(&world, failed_by_policy()).await;
    let path = format!("{hook}/{}", task.client.expect("an attempt was made"));
    world.clock.advance_ms(task.created_ms + 24 * 3_600_000 + 1 - world.clock.now_ms());
    assert_eq!(post(&world, &path, finished("op-9")).await, StatusCode::NO_CONTENT);
    assert_eq!(world.front.ledger.hinted_operation(task.id).await, Ok(None));
    assert_eq!(world.due(Lane::Poll).await, []);
}

#[tokio::test]
async fn an_ended_task_s_own_operation_tells_nothing_new() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let (_, token) = world.token("t", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    world.running(&task, "77").await;
    let ended = world.step(&task, failed_by_policy()).await;
    let path = format!("{hook}/{}", ended.client.expect("an attempt was made"));

    for body in [finished("77"), "not json".to_owned()] {
        assert_eq!(post(&world, &path, body).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(world.front.ledger.hinted_operation(task.id).await, Ok(None));
    assert_eq!(world.due(Lane::Poll).await, []);

    assert_eq!(post(&world, &path, finished("78")).await, StatusCode::NO_CONTENT);
    assert_eq!(world.front.ledger.hinted_operation(task.id).await, Ok(Some("78".to_owned())), "a second one is news");
}
