//! What polls may conclude.

use super::{token, world};
use queue::Lane;
use task::{FailureKind, State};
use tests::wire::{Amnesia, Fault, Peer};
use tests::{Tenant, World};

#[tokio::test]
async fn a_task_is_lost_upstream_only_after_two_single_asks_half_a_minute_apart() {
    let world = world().await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:forget=1s] [sim:slow=10m]").await;
    let other = world.imagine(Tenant::Limited, "two cats [sim:slow=10m]").await;
    world.run_all().await;
    let operation = world.task(&id).await.operation.expect("it was accepted").id;
    world.forward_ms(7_000);
    world.run_all().await;
    let first_ms = world.now_ms();
    assert_eq!(world.task(&id).await.state, State::Running);
    while world.now_ms() < first_ms + 28_000 {
        world.forward_ms(4_000);
        world.run_all().await;
        assert_eq!(world.task(&id).await.state, State::Running, "after {} ms", world.now_ms() - first_ms);
    }
    world.forward_ms(6_000);
    world.run_all().await;
    let task = world.task(&id).await;
    assert_eq!(
        (task.state, task.failure.map(|failure| failure.kind)),
        (State::Failed, Some(FailureKind::LostUpstream))
    );
    let single = format!("GET /mj/task/{operation}/fetch");
    assert!(world.wire.asked().contains(&single), "{:?}", world.wire.asked());
    assert_eq!(world.task(&other).await.state, State::Running);
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.reserved, after.settled), (1, 0));
    world.end().await;
}

#[tokio::test]
async fn a_task_that_is_known_again_was_never_lost() {
    let world = world().await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:slow=10m]").await;
    world.run_all().await;
    for round in 0..30 {
        let fault = [Fault::Unreachable, Fault::RequestLost, Fault::AnswerLost][round % 3];
        world.wire.strike(Peer::Asked, fault);
        world.forward_ms(7_000);
        world.step(Lane::Poll).await;
        world.wire.calm();
        assert_eq!(world.task(&id).await.state, State::Running, "in round {round}");
    }
    let over = world.run_until(60, 10_000, async |world| world.task(&id).await.is_over()).await;
    assert!(over);
    assert_eq!(world.task(&id).await.state, State::Succeeded);
    world.end().await;
}

#[tokio::test]
async fn a_task_that_never_ends_upstream_expires_at_its_deadline() {
    let world = world().await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:stuck]").await;
    world.run_all().await;
    let over = world.run_until(119, 60_000, async |world| world.task(&id).await.is_over()).await;
    assert!(!over, "it had a minute left");
    world.forward_ms(70_000);
    world.sweep(false).await;
    world.run_all().await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.failure.map(|failure| failure.kind)), (State::Failed, Some(FailureKind::Expired)));
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 0);
    world.end().await;
}

/// Two pictures that the upstream has, so that they are asked about in a list.
async fn two_running(world: &World, prompt: &str) -> [String; 2] {
    let ids = [world.imagine(Tenant::Limited, prompt).await, world.imagine(Tenant::Limited, prompt).await];
    world.run_all().await;
    for id in &ids {
        assert_eq!(world.task(id).await.state, State::Running);
    }
    ids
}

#[tokio::test]
async fn a_task_that_lists_leave_out_while_single_questions_break_expires_at_its_deadline() {
    let world = world().await;
    let ids = two_running(&world, "a lighthouse").await;
    world.wire.set_amnesia(Some(Amnesia::ListsAndBrokenFetches));
    let over = async |world: &World| world.tasks().await.iter().any(|task| task.is_over());
    assert!(!world.run_until(119, 60_000, over).await, "errors prove nothing: {:?}", world.tasks().await);
    world.forward_ms(70_000);
    world.sweep(false).await;
    world.run_all().await;
    for id in &ids {
        let task = world.task(id).await;
        assert_eq!((task.state, task.failure.map(|failure| failure.kind)), (State::Failed, Some(FailureKind::Expired)));
    }
    let asked = world.wire.asked();
    for needle in ["/list-by-condition", "/fetch"] {
        assert!(asked.iter().any(|path| path.ends_with(needle)), "it was never asked by {needle}");
    }
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 0);
    world.end().await;
}

#[tokio::test]
async fn a_task_that_lists_leave_out_succeeds_when_a_single_question_finds_it_done() {
    let world = world().await;
    let ids = two_running(&world, "a lighthouse").await;
    world.wire.set_amnesia(Some(Amnesia::Lists));
    let over = async |world: &World| world.tasks().await.iter().all(|task| task.is_over());
    assert!(world.run_until(60, 5_000, over).await, "{:?}", world.tasks().await);
    for id in &ids {
        assert_eq!(world.task(id).await.state, State::Succeeded);
    }
    assert!(world.wire.asked().iter().any(|path| path.ends_with("/list-by-condition")));
    world.end().await;
}

#[tokio::test]
async fn a_task_that_lists_leave_out_runs_on_while_a_single_question_finds_it_at_work() {
    let world = world().await;
    let ids = two_running(&world, "a lighthouse [sim:slow=10m]").await;
    world.wire.set_amnesia(Some(Amnesia::Lists));
    let over = async |world: &World| world.tasks().await.iter().any(|task| task.is_over());
    assert!(!world.run_until(80, 6_000, over).await, "{:?}", world.tasks().await);
    let over = async |world: &World| world.tasks().await.iter().all(|task| task.is_over());
    assert!(world.run_until(60, 6_000, over).await, "{:?}", world.tasks().await);
    for id in &ids {
        assert_eq!(world.task(id).await.state, State::Succeeded);
    }
    world.end().await;
}
