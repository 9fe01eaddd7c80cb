//! What callers are promised at the door.

use super::{steps, token, world};
use http::Method;
use serde_json::json;
use task::State;
use tests::{Shape, Tenant, World};

#[tokio::test]
async fn the_same_submission_under_the_same_key_is_one_task_even_after_a_restart() {
    let mut world = world().await;
    let body = json!({ "prompt": "a lighthouse" });
    let path = "/mj/submit/imagine";
    let first = world.call(Tenant::Limited, Method::POST, path, Some(&body), Some("k")).await;
    let again = world.call(Tenant::Limited, Method::POST, path, Some(&body), Some("k")).await;
    assert_eq!(first, again);
    world.restart(false).await;
    let later = world.call(Tenant::Limited, Method::POST, path, Some(&body), Some("k")).await;
    assert_eq!(first, later);
    let other = json!({ "prompt": "two cats" });
    let conflict = world.call(Tenant::Limited, Method::POST, path, Some(&other), Some("k")).await;
    assert_eq!(conflict.status, 409, "{conflict:?}");
    let stranger = world.call(Tenant::Unlimited, Method::POST, path, Some(&other), Some("k")).await;
    assert_eq!(stranger.status, 200, "a key belongs to its tenant: {stranger:?}");
    assert_eq!(world.tasks().await.len(), 2);
    world.end().await;
}

#[tokio::test]
async fn a_cancel_while_queued_is_free() {
    let world = world().await;
    let id = world.imagine_with_callback(Tenant::Limited, "a lighthouse").await;
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 1);
    let status = world.cancel(Tenant::Limited, &id).await.expect("it does not panic");
    assert_eq!(status, 200);
    world.run_all().await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.charged, task.client), (State::Cancelled, 0, None));
    assert_eq!(steps(&world, &id).await, ["open", "cancel"]);
    assert!(world.wire.arrived().is_empty(), "the upstream never heard of it");
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.reserved, after.settled), (0, 0));
    let heard: Vec<String> = world.receiver.heard().into_iter().map(|heard| heard.word).collect();
    assert_eq!(heard, ["NOT_START", "CANCEL"]);
    world.end().await;
}

#[tokio::test]
async fn a_follow_up_stays_with_its_parent_s_channel() {
    let world = World::new(Shape { two_channels: true, ..Shape::default() }).await;
    for _ in 0..4 {
        let grid = world.imagine(Tenant::Limited, "a lighthouse").await;
        let parent = world.run_to_end(&grid).await;
        let body = json!({ "taskId": grid, "action": "UPSCALE", "index": 2 });
        let single = world.submit(Tenant::Limited, "change", body).await.accepted().expect("it is accepted");
        let child = world.run_to_end(&single).await;
        assert_eq!((child.state, child.channel), (State::Succeeded, parent.channel));
    }
    world.end().await;
}

#[tokio::test]
async fn a_quota_that_is_used_up_refuses_the_next_task_and_takes_nothing() {
    let world = world().await;
    let limited = token(&world, Tenant::Limited).await;
    let done = world.ledger().grant_quota(limited.id, 2 - limited.granted).await;
    assert_eq!(done, Ok(true));
    let first = world.imagine(Tenant::Limited, "a lighthouse").await;
    let second = world.imagine(Tenant::Limited, "two cats [sim:fail=no]").await;
    let refused = world.submit(Tenant::Limited, "imagine", json!({ "prompt": "a third" })).await;
    assert!(refused.accepted().is_none() && (400..500).contains(&refused.status), "{refused:?}");
    world.run_to_end(&first).await;
    world.run_to_end(&second).await;
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.reserved, after.settled, after.left()), (0, 1, 1), "what failed is given back");
    world.imagine(Tenant::Limited, "a third").await;
    world.end().await;
}
