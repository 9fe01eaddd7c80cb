//! The queue holds nothing that can't be rebuilt.

use super::{accepted, token};
use futures::future::join_all;
use queue::{Lane, LaneCounts, Scheduler};
use serde_json::json;
use task::{FailureKind, State};
use tests::process::TASK_DEADLINE_MS;
use tests::wire::{Fault, Peer};
use tests::world::FIRST_CHANNEL;
use tests::{Shape, Stepped, Tenant, World};

#[tokio::test]
async fn flushall_in_mid_flight_loses_nothing_and_submits_nothing_twice() {
    let world = World::new(Shape { slots: 3, ..Shape::default() }).await;
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(world.imagine_with_callback(Tenant::Limited, &format!("lighthouse {n}")).await);
    }
    world.step(Lane::Submit).await;
    world.forward_ms(6_000);
    world.step(Lane::Poll).await;
    let Stepped::Frozen(frozen) = world.step_until_held(Lane::Submit, Peer::Paid, Fault::HoldAfter).await else {
        panic!("a submission should be under way");
    };
    world.scheduler.empty();
    world.sweep(false).await;
    world.run_all().await;
    world.scheduler.empty();
    world.thaw(frozen).await;
    let all_over = async |world: &World| world.tasks().await.iter().all(|task| task.is_over());
    assert!(world.run_until(60, 5_000, all_over).await);
    for id in &ids {
        assert_eq!((world.task(id).await.state, accepted(&world, id).await), (State::Succeeded, 1), "{id}");
    }
    let done = async |world: &World| {
        world.ledger().due_callbacks(i64::MAX, None, 1).await.expect("the ledger is there").is_empty()
    };
    assert!(world.run_until(10, 5_000, done).await, "callbacks are left");
    world.end().await;
}

#[tokio::test]
async fn a_submission_is_accepted_while_the_queue_is_away_and_done_when_it_is_back() {
    let world = World::new(Shape::default()).await;
    world.scheduler.set_away(true);
    let answer = world.submit(Tenant::Limited, "imagine", json!({ "prompt": "a lighthouse" })).await;
    let id = answer.accepted().unwrap_or_else(|| panic!("not accepted: {answer:?}"));
    world.forward_ms(60_000);
    world.scheduler.set_away(false);
    world.sweep(false).await;
    assert_eq!(world.run_to_end(&id).await.state, State::Succeeded);
    world.end().await;
}

/// A world whose queue was away just when its one task began to run, and is back as it was.
async fn with_a_missed_bell() -> (World, String) {
    let world = World::new(Shape { slots: 1, ..Shape::default() }).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    let Stepped::Frozen(frozen) = world.step_until_held(Lane::Submit, Peer::Paid, Fault::HoldAfter).await else {
        panic!("a submission should be under way");
    };
    world.scheduler.set_away(true);
    world.thaw(frozen).await;
    world.scheduler.set_away(false);
    (world, id)
}

#[tokio::test]
async fn a_bell_that_a_queue_did_not_take_is_rung_when_it_is_back_as_it_was() {
    let (world, id) = with_a_missed_bell().await;
    let polls = async || world.scheduler.counts(Lane::Poll).await.expect("the queue is there");
    assert_eq!(world.task(&id).await.state, State::Running);
    assert_eq!(polls().await, LaneCounts::default(), "the queue did not hear of it");
    world.sweep(false).await;
    assert_eq!(polls().await.scheduled, 1);
    assert_eq!(world.run_to_end(&id).await.state, State::Succeeded);
    world.end().await;
}

#[tokio::test]
async fn a_bell_missed_behind_the_back_of_another_process_that_fills_the_queue_is_rung_once_that_is_done() {
    let (world, id) = with_a_missed_bell().await;
    world.scheduler.empty();
    assert_eq!(world.catch_up().await, 0, "the queue is being filled");
    // By somebody who was past this task before it ran.
    world.scheduler.set_filled().await.expect("the queue is there");
    assert_eq!((world.catch_up().await, world.catch_up().await), (1, 0));
    assert_eq!(world.run_to_end(&id).await.state, State::Succeeded);
    world.end().await;
}

#[tokio::test]
async fn a_process_that_dies_with_a_submission_under_way_leaves_a_doubt_and_no_second_charge() {
    let mut world = World::new(Shape::default()).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    let Stepped::Frozen(frozen) = world.step_until_held(Lane::Submit, Peer::Paid, Fault::HoldAfter).await else {
        panic!("a submission should be under way");
    };
    drop(frozen);
    world.restart(false).await;
    assert_eq!(world.task(&id).await.state, State::Uncertain);
    let task = world.run_to_end(&id).await;
    assert_eq!((task.state, accepted(&world, &id).await), (State::Succeeded, 1));
    world.end().await;
}

/// More than the sweep looks at in one go.
const MANY: usize = 1_001;

#[tokio::test]
async fn copies_past_their_deadline_do_not_hide_a_queued_task_of_a_paused_channel() {
    let world = World::new(Shape::default()).await;
    world.pause(FIRST_CHANNEL, true).await;
    join_all((0..MANY).map(|_| world.imagine(Tenant::Unlimited, "two cats"))).await;
    world.behind_the_ledger("/* copying */ UPDATE task SET state = 'archiving', due_ms = NULL, wake_ms = NULL").await;
    world.forward_ms(1_000);
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    world.forward_ms(TASK_DEADLINE_MS - 10_000);
    world.sweep(false).await;
    assert_eq!(world.task(&id).await.state, State::Queued);
    world.forward_ms(20_000);
    world.sweep(false).await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.failure.map(|failure| failure.kind)), (State::Failed, Some(FailureKind::NoChannel)));
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 0);
    let copying = world.tasks().await.iter().filter(|task| task.state == State::Archiving).count();
    assert_eq!(copying, MANY, "a result that is there has a time of its own");
    world.end().await;
}
