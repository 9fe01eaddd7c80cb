//! Operations that are found after the end of their task.

use super::doubts::{frozen_with_answer, pass_without_answers};
use super::{steps, token, world};
use bytes::Bytes;
use http::Method;
use queue::Lane;
use task::{State, Task};
use tests::wire::{Amnesia, Fault, Peer};
use tests::{Tenant, World};

async fn is_watched(world: &World) -> bool {
    !world.ledger().orphans(1).await.expect("the ledger is there").is_empty()
}

/// Runs until no orphan is watched any more; the task as it is then.
async fn watched_to_the_end(world: &World, id: &str) -> Task {
    let ended = world.run_until(60, 5_000, async |world| !is_watched(world).await).await;
    assert!(ended, "{:?}", world.ledger().orphans(10).await);
    world.task(id).await
}

/// A failed task whose operation turns up at once and is watched: its worker stood still through the
/// doubt.
async fn with_orphan(world: &World, prompt: &str) -> String {
    let (id, frozen) = frozen_with_answer(world, prompt).await;
    world.forward_ms(200_000);
    world.sweep(false).await;
    pass_without_answers(world, 66, 10_000).await;
    assert_eq!(world.task(&id).await.state, State::Failed);
    world.thaw(frozen).await;
    assert!(is_watched(world).await);
    id
}

#[tokio::test]
async fn an_upstream_callback_after_the_policy_gave_up_brings_the_picture_late() {
    let world = world().await;
    let id = world.imagine_with_callback(Tenant::Limited, "a lighthouse").await;
    world.wire.strike(Peer::Paid, Fault::AnswerLost);
    world.step(Lane::Submit).await;
    let paid = world.wire.arrived().pop().expect("the request arrived");
    pass_without_answers(&world, 66, 10_000).await;
    world.run_all().await;
    let failed = world.task(&id).await;
    assert_eq!(failed.state, State::Failed);
    let words = world.receiver.heard().len();
    let path = format!("/mj/task/{}/fetch", paid.operation.clone().expect("the upstream took it"));
    let (_, body) = world.wire.ask_sim(Method::GET, &path, Bytes::new()).await;
    assert_eq!(world.deliver_hook(&paid.hook, body.clone()).await, 204);
    world.step(Lane::Poll).await;
    let task = watched_to_the_end(&world, &id).await;
    assert!(!task.artifacts.is_empty() && task.artifacts.iter().all(|artifact| artifact.late), "{task:?}");
    // The same callback once more changes nothing.
    assert_eq!(world.deliver_hook(&paid.hook, body).await, 204);
    world.run_all().await;
    let after = watched_to_the_end(&world, &id).await;
    assert_eq!(after.artifacts, task.artifacts);
    assert_eq!((after.state, after.version, after.charged), (State::Failed, failed.version, 0));
    let orphaned = steps(&world, &id).await.iter().filter(|step| *step == "orphan_operation").count();
    assert_eq!(orphaned, 1);
    let purse = token(&world, Tenant::Limited).await;
    assert_eq!((purse.reserved, purse.settled), (0, 0));
    let shown = world.fetch(Tenant::Limited, &id).await;
    assert_eq!((shown.text("status"), shown.text("imageUrl")), ("FAILURE", ""));
    assert!(shown.body["properties"]["late"][0]["url"].is_string(), "{}", shown.body);
    assert_eq!(world.receiver.heard().len(), words, "the caller was told of the end already");
    world.end().await;
}

#[tokio::test]
async fn an_orphan_that_is_unknown_once_is_still_watched() {
    let world = world().await;
    let id = with_orphan(&world, "a lighthouse").await;
    world.wire.set_amnesia(Some(Amnesia::All));
    world.step(Lane::Poll).await;
    world.wire.set_amnesia(None);
    assert!(is_watched(&world).await, "unknown counts only when it is heard twice");
    let task = watched_to_the_end(&world, &id).await;
    assert!(!task.artifacts.is_empty() && task.artifacts.iter().all(|artifact| artifact.late), "{task:?}");
    assert_eq!((task.state, task.charged), (State::Failed, 0));
    world.end().await;
}

#[tokio::test]
async fn an_orphan_that_is_known_in_between_was_not_unknown_twice() {
    let world = world().await;
    let id = with_orphan(&world, "a lighthouse [sim:stuck]").await;
    for amnesia in [Some(Amnesia::All), None, Some(Amnesia::All)] {
        world.wire.set_amnesia(amnesia);
        world.step(Lane::Poll).await;
        world.forward_ms(40_000);
    }
    assert!(is_watched(&world).await, "{:?}", world.task(&id).await);
    world.end().await;
}

#[tokio::test]
async fn an_orphan_that_stays_unknown_is_watched_no_more() {
    let world = world().await;
    let id = with_orphan(&world, "a lighthouse").await;
    world.wire.set_amnesia(Some(Amnesia::All));
    let task = watched_to_the_end(&world, &id).await;
    assert!(task.artifacts.is_empty(), "{task:?}");
    world.end().await;
}
