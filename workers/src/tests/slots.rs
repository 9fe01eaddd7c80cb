//! Slots that are held against the ledger.

use super::*;
use crate::slots::Slots;
use task::{Failure, FailureKind, State};

async fn members(world: &World) -> Vec<TaskId> {
    world.core.scheduler.slot_members("desk").await.expect("the queue is there")
}

async fn fail(world: &World, task: Task) {
    world.step(task, Step::Fail(Failure::never(FailureKind::Expired, "over", "over")), None).await;
}

#[tokio::test]
async fn a_slot_given_to_a_task_that_ended_meanwhile_is_freed() {
    let world = World::new(|_| (200, Bytes::new())).await;
    world.core.scheduler.set_filled().await.expect("the queue is there");
    let (ended, running) = (world.running(Kind::Image).await, world.running(Kind::Image).await);
    let mut slots = Slots::read(&world.core).await.expect("the queue is there");
    let page = world.core.ledger.in_state(&[State::Running], None, 10).await.expect("the ledger is there");
    let absent: Vec<TaskId> = slots.without(&page).into_iter().map(|row| row.id).collect();
    assert!(absent.len() == 2 && absent.contains(&ended.id), "{absent:?}");
    let kept = running.id;
    fail(&world, ended).await;
    world.core.scheduler.join_slots("desk", &absent).await.expect("the queue is there");
    slots.free_idle(&world.core).await.expect("the ledger and the queue are there");
    assert_eq!(members(&world).await, [kept]);
}

#[tokio::test]
async fn a_task_that_has_its_slot_is_not_given_it_again() {
    let world = World::new(|_| (200, Bytes::new())).await;
    let task = world.running(Kind::Image).await;
    world.core.ledger.put_channel(&channel("desk")).await.expect("the ledger is there");
    world.core.channels.refresh().await.expect("the ledger is there");
    world.core.scheduler.join_slots("desk", &[task.id]).await.expect("the queue is there");
    let mut slots = Slots::read(&world.core).await.expect("the queue is there");
    let page = world.core.ledger.in_state(&[State::Running], None, 10).await.expect("the ledger is there");
    // It ends, and leaves its slot, while its row is on the way.
    world.core.scheduler.leave_slots("desk", &[task.id]).await.expect("the queue is there");
    fail(&world, task).await;
    assert!(slots.without(&page).is_empty());
    slots.free_idle(&world.core).await.expect("the ledger and the queue are there");
    assert!(members(&world).await.is_empty());
}
