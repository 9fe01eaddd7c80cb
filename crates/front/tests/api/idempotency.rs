//! The same submission twice.

use crate::harness::{World, assert_problem};
use serde_json::json;

const IMAGINE: &str = "/mj/submit/imagine";
const KEY: &[(&str, &str)] = &[("idempotency-key", "k1")];

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer() {
    let world = World::new().await;
    let first = world.post_with(IMAGINE, json!({ "prompt": "a cat", "state": "s" }), KEY).await;
    let again = world.post_with(IMAGINE, json!({ "state": "s", "prompt": "a cat" }), KEY).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    // Another process knows only the ledger.
    let other = World { router: front::router(world.front.clone()), ..world };
    let elsewhere = other.post_with(IMAGINE, json!({ "prompt": "a cat", "state": "s" }), KEY).await;
    assert_eq!((elsewhere.status, &elsewhere.body), (first.status, &first.body));
    assert_eq!(other.task_count().await, 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_a_conflict() {
    let world = World::new().await;
    world.post_with(IMAGINE, json!({ "prompt": "a cat" }), KEY).await;
    let other = World { router: front::router(world.front.clone()), ..world };
    for _ in 0..2 {
        let reply = other.post_with(IMAGINE, json!({ "prompt": "a dog" }), KEY).await;
        assert_problem(&reply, 409, "idempotency_conflict");
        assert_eq!(reply.header("x-should-retry"), "false");
    }
    assert_eq!(other.task_count().await, 1);
    let long = "k".repeat(256);
    assert_eq!(other.post_with(IMAGINE, json!({ "prompt": "x" }), &[("idempotency-key", &long)]).await.status, 400);
}

#[tokio::test]
async fn many_at_once_with_one_key_open_one_task() {
    let world = World::new().await;
    let sends = (0..20).map(|_| world.post_with(IMAGINE, json!({ "prompt": "a cat" }), KEY));
    let replies = futures::future::join_all(sends).await;
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body == replies[0].body), "{replies:?}");
    assert_eq!(world.task_count().await, 1);
}

#[tokio::test]
async fn keys_belong_to_a_token_and_a_route() {
    let mut world = World::new().await;
    let first = world.post_with(IMAGINE, json!({ "prompt": "a cat" }), KEY).await.task();
    let shortened = world.post_with("/mj/submit/shorten", json!({ "prompt": "a cat" }), KEY).await.task();
    world.key = world.new_key("sk-test-other", true, 0).await;
    let others = world.post_with(IMAGINE, json!({ "prompt": "a cat" }), KEY).await.task();
    assert!(first != shortened && first != others && shortened != others);
}

#[tokio::test]
async fn an_sdk_that_repeats_itself_gets_its_task_and_copies_made_on_purpose_are_tasks() {
    let world = World::new().await;
    let send = |count: Option<&'static str>| {
        let headers: Vec<(&str, &str)> = count.map(|count| ("x-stainless-retry-count", count)).into_iter().collect();
        let world = &world;
        async move { world.post_with(IMAGINE, json!({ "prompt": "a cat" }), &headers).await.task() }
    };
    let first = send(Some("0")).await;
    assert_eq!(send(Some("1")).await, first);
    assert_eq!(send(Some("2")).await, first);
    let second = send(Some("0")).await;
    assert_ne!(second, first, "a first try is a submission of its own");
    assert_eq!(send(Some("1")).await, second, "the newest is the one that is repeated");
    let plain = send(None).await;
    assert!(plain != first && plain != second);
    assert_eq!(send(Some("1")).await, plain);
    world.clock.advance_ms(60_000);
    let later = send(Some("1")).await;
    assert!(later != plain && later != first, "after a minute it is a submission of its own");
}

#[tokio::test]
async fn an_sdk_that_meets_another_process_gets_its_task_all_the_same() {
    let world = World::new().await;
    let count = |count| [("x-stainless-retry-count", count)];
    let first = world.post_with(IMAGINE, json!({ "prompt": "a cat" }), &count("0")).await.task();
    let other = World { router: front::router(world.front.clone()), ..world };
    assert_eq!(other.post_with(IMAGINE, json!({ "prompt": "a cat" }), &count("1")).await.task(), first);
    let second = other.post_with(IMAGINE, json!({ "prompt": "a cat" }), &count("0")).await.task();
    assert_ne!(second, first);
    let third = World { router: front::router(other.front.clone()), ..other };
    assert_eq!(third.post_with(IMAGINE, json!({ "prompt": "a cat" }), &count("1")).await.task(), second, "the newest");
    third.clock.advance_ms(60_000);
    let later = third.post_with(IMAGINE, json!({ "prompt": "a cat" }), &count("1")).await.task();
    assert!(later != first && later != second, "after a minute it is a submission of its own");
    assert_eq!(third.task_count().await, 3);
}

#[tokio::test]
async fn a_replay_is_answered_as_the_first_time_whatever_has_changed_since() {
    let button = |n: u8| json!({ "customId": format!("MJ::JOB::upsample::{n}::abc") });
    for rules in [[KEY, KEY], [&[("x-stainless-retry-count", "0")], &[("x-stainless-retry-count", "1")]]] {
        let mut world = World::new().await;
        world.key = world.new_key("sk-test-two", false, 2).await;
        let parent = world.imagine("a cat").await;
        world.finish(parent).await;
        let body = |n: u8| {
            let mut body = button(n);
            body["taskId"] = json!(parent);
            body
        };
        let first = world.post_with("/mj/submit/action", body(1), rules[0]).await;
        assert_eq!(first.status, 200, "{}", first.json());
        // Neither parent nor channel nor quota would let it in again, and this process knows nothing of it.
        world.front.ledger.hide_task(parent).await.expect("the ledger answers");
        world.front.ledger.remove_channel("one").await.expect("the ledger answers");
        world.front.channels.refresh().await.expect("channels can be read");
        let world = World { router: front::router(world.front.clone()), ..world };
        for _ in 0..2 {
            let again = world.post_with("/mj/submit/action", body(1), rules[1]).await;
            assert_eq!((again.status, &again.body), (first.status, &first.body), "{}", again.json());
        }
        let other = world.post_with("/mj/submit/action", body(2), rules[1]).await;
        if rules[1] == KEY {
            assert_problem(&other, 409, "idempotency_conflict");
        } else {
            assert_problem(&other, 404, "task_not_exist");
        }
        assert_problem(&world.post("/mj/submit/action", body(1)).await, 404, "task_not_exist");
        assert_eq!(world.task_count().await, 2);
    }
}

#[tokio::test]
async fn a_key_that_has_lapsed_is_free_again() {
    let world = World::with(|settings| settings.idempotency_ms = 1_000).await;
    let first = world.post_with(IMAGINE, json!({ "prompt": "a cat" }), KEY).await.task();
    world.clock.advance_ms(999);
    let other = World { router: front::router(world.front.clone()), ..world };
    assert_eq!(other.post_with(IMAGINE, json!({ "prompt": "a cat" }), KEY).await.task(), first);
    other.clock.advance_ms(1);
    let later = World { router: front::router(other.front.clone()), ..other };
    let reply = later.post_with(IMAGINE, json!({ "prompt": "a dog" }), KEY).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    assert_ne!(reply.task(), first);
}
