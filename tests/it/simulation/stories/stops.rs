//! What happens to a task that its caller wants stopped when it is with the upstream.

use super::token;
use http::Method;
use queue::Lane;
use serde_json::json;
use task::State;
use tests::{Shape, Tenant, World};

const FILMS: &str = "/volc/v1/contents/generations/tasks";

/// A film at a vendor that deletes what has ended when it is asked to stop it; its task's id.
async fn film(world: &World, words: &str) -> String {
    let content = json!([{ "type": "text", "text": words }]);
    let body = json!({ "model": "doubao-seedance-2-0", "content": content, "resolution": "480p", "duration": 4 });
    let answer = world.call(Tenant::Limited, Method::POST, FILMS, Some(&body), None).await;
    let id = answer.opened().unwrap_or_else(|| panic!("not accepted: {answer:?}"));
    world.step(Lane::Submit).await;
    assert_eq!(world.task(&id).await.state, State::Running);
    id
}

/// Asks to stop it; the HTTP status of the answer.
async fn stop(world: &World, id: &str) -> u16 {
    let asked = world.cancel_at(Tenant::Limited, &format!("/v1/tasks/{id}/cancel"));
    let id = id.parse().expect("an id that was answered");
    while world.ledger().open_errands(&[id]).await.expect("the ledger is there").is_empty() {
        world.settle().await;
    }
    while !asked.is_finished() {
        world.step(Lane::Poll).await;
    }
    asked.await.expect("it does not panic")
}

fn deletions(world: &World) -> usize {
    world.wire.asked().iter().filter(|asked| asked.starts_with("DELETE ")).count()
}

async fn world() -> World {
    World::new(Shape { others: true, ..Shape::default() }).await
}

#[tokio::test]
async fn a_film_that_has_just_ended_is_kept_and_not_lost_by_the_wish_to_stop_it() {
    let world = world().await;
    let id = film(&world, "take-1. of a heron").await;
    world.forward_ms(600_000);
    assert_eq!(stop(&world, &id).await, 409, "it is too late");
    let task = world.run_to_end(&id).await;
    assert_eq!((task.state, task.failure, task.charged), (State::Succeeded, None, 1));
    assert_eq!(deletions(&world), 0, "{:?}", world.wire.asked());
    world.end().await;
}

#[tokio::test]
async fn a_film_that_waits_upstream_stops_and_costs_nothing() {
    let world = world().await;
    let id = film(&world, "take-1. of a heron [sim:queued=1000]").await;
    assert_eq!(stop(&world, &id).await, 200);
    let task = world.run_to_end(&id).await;
    assert_eq!((task.state, task.charged, deletions(&world)), (State::Cancelled, 0, 1));
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.reserved, after.settled), (0, 0));
    world.end().await;
}
