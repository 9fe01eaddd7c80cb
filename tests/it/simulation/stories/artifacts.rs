//! Copies that meet trouble.

use super::{token, world};
use queue::Lane;
use sha2::{Digest, Sha256};
use task::State;
use tests::wire::{Fault, Peer};
use tests::{Tenant, World};

async fn archiving(world: &World, prompt: &str) -> String {
    let id = world.imagine(Tenant::Limited, prompt).await;
    let archiving = async |world: &World| {
        world.forward_ms(3_000);
        world.step(Lane::Submit).await;
        world.step(Lane::Poll).await;
        world.task(&id).await.state == State::Archiving
    };
    let mut rounds = 0;
    while !archiving(world).await {
        rounds += 1;
        assert!(rounds < 20, "{:?}", world.task(&id).await);
    }
    id
}

#[tokio::test]
async fn a_dead_link_is_replaced_by_a_fresh_one() {
    let world = world().await;
    let id = archiving(&world, "a lighthouse [sim:artifact=missing]").await;
    let asked = world.wire.asked().len();
    world.step(Lane::Archive).await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.artifacts.len()), (State::Succeeded, 1));
    assert_eq!(world.wire.asked().len(), asked + 1, "the upstream was asked for fresh links");
    world.end().await;
}

#[tokio::test]
async fn a_store_that_refuses_holds_a_success_back_and_loses_nothing() {
    let world = world().await;
    let id = archiving(&world, "a lighthouse").await;
    world.store.set_refuses(true);
    for _ in 0..10 {
        world.forward_ms(60_000);
        world.step(Lane::Archive).await;
    }
    let shown = world.fetch(Tenant::Limited, &id).await;
    assert_eq!((shown.text("status"), shown.text("imageUrl")), ("IN_PROGRESS", ""));
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 1);
    world.store.set_refuses(false);
    world.forward_ms(70_000);
    world.sweep(false).await;
    let task = world.run_to_end(&id).await;
    assert_eq!(task.state, State::Succeeded);
    assert!(world.object(&task.artifacts[0].key).await.is_some());
    world.end().await;
}

#[tokio::test]
async fn a_result_outlives_its_link_while_the_store_is_away() {
    let mut world = world().await;
    let id = archiving(&world, "a lighthouse").await;
    world.store.set_refuses(true);
    for _ in 0..3 {
        // Its vendor keeps a picture for 24 h.
        world.forward_ms(8 * 3_600_000 - 60_000);
        world.sweep(false).await;
        world.step(Lane::Archive).await;
    }
    assert_eq!((world.task(&id).await.state, world.spilled()), (State::Archiving, 1));
    world.restart(false).await;
    for _ in 0..20 {
        world.wire.strike(Peer::File, Fault::Unreachable);
    }
    world.forward_ms(8 * 3_600_000);
    world.sweep(false).await;
    world.step(Lane::Archive).await;
    let shown = world.fetch(Tenant::Limited, &id).await;
    assert_eq!((shown.text("status"), shown.text("imageUrl")), ("IN_PROGRESS", ""));
    world.store.set_refuses(false);
    world.sweep(false).await;
    let task = world.task(&id).await;
    assert_eq!((task.state, world.spilled()), (State::Succeeded, 0), "{:?}", task.failure);
    let bytes = world.object(&task.artifacts[0].key).await.expect("it is in the store");
    let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sum, task.artifacts[0].sha256);
    world.end().await;
}
