//! Tasks that go to another channel, and bells that ring at the old one.

use super::{accepted, token, world};
use queue::{Entry, Lane, Scheduler};
use std::collections::BTreeSet;
use task::State;
use tests::world::{FIRST_CHANNEL, SECOND_CHANNEL};
use tests::{Shape, Tenant, World};

fn other_than(channel: &str) -> &'static str {
    if channel == FIRST_CHANNEL { SECOND_CHANNEL } else { FIRST_CHANNEL }
}

/// The channels of a task's attempts, in order.
async fn tried(world: &World, id: &str) -> Vec<String> {
    let attempts = world.ledger().attempts(world.task(id).await.id).await.expect("the ledger is there");
    attempts.into_iter().map(|attempt| attempt.channel).collect()
}

#[tokio::test]
async fn a_task_that_every_channel_sends_away_is_tried_once_on_each_and_fails() {
    let world = World::new(Shape { two_channels: true, ..Shape::default() }).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:http=401*always]").await;
    world.run_all().await;
    let task = world.task(&id).await;
    assert_eq!(task.state, State::Failed, "{task:?}");
    let tried = tried(&world, &id).await;
    let channels: BTreeSet<&str> = tried.iter().map(String::as_str).collect();
    assert_eq!((tried.len(), channels), (2, BTreeSet::from([FIRST_CHANNEL, SECOND_CHANNEL])), "{tried:?}");
    assert_eq!(world.wire.arrived().len(), 2);
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.reserved, after.settled), (0, 0));
    let shown = world.fetch(Tenant::Limited, &id).await;
    assert_eq!(shown.text("status"), "FAILURE");
    assert!(!shown.text("failReason").is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_task_that_is_sent_away_waits_for_the_other_channel_while_that_one_is_full() {
    let world = World::new(Shape { two_channels: true, slots: 1, ..Shape::default() }).await;
    let slow = world.imagine(Tenant::Limited, "two cats [sim:slow=1m]").await;
    world.run_all().await;
    let full = world.task(&slow).await.channel;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:http=401]").await;
    assert_eq!(world.task(&id).await.channel, other_than(&full), "the channel with room is chosen first");
    world.run_all().await;
    let task = world.task(&id).await;
    assert_eq!((task.state, &task.channel), (State::Queued, &full), "{task:?}");
    assert!(world.run_until(60, 5_000, async |world| world.task(&id).await.is_over()).await);
    assert_eq!((world.task(&id).await.state, accepted(&world, &id).await), (State::Succeeded, 1));
    assert_eq!(tried(&world, &id).await, [other_than(&full).to_owned(), full]);
    assert_eq!(world.task(&slow).await.state, State::Succeeded);
    world.end().await;
}

#[tokio::test]
async fn a_task_that_is_sent_away_waits_for_the_other_channel_while_that_one_is_paused() {
    let world = World::new(Shape { two_channels: true, ..Shape::default() }).await;
    world.pause(FIRST_CHANNEL, true).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:http=401]").await;
    assert_eq!(world.task(&id).await.channel, SECOND_CHANNEL);
    world.run_all().await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.channel.as_str()), (State::Queued, FIRST_CHANNEL), "{task:?}");
    world.pause(FIRST_CHANNEL, false).await;
    let task = world.run_to_end(&id).await;
    assert_eq!((task.state, task.channel.as_str()), (State::Succeeded, FIRST_CHANNEL));
    world.end().await;
}

#[tokio::test]
async fn a_channel_that_was_merely_busy_is_tried_again_when_another_one_sends_the_task_away() {
    let world = World::new(Shape { two_channels: true, ..Shape::default() }).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:queue-full] [sim:http=401]").await;
    let busy = world.task(&id).await.channel;
    world.step(Lane::Submit).await;
    assert_eq!(world.task(&id).await.state, State::Queued);
    // Its pause is over, and its channel is closed: the sweep takes it to the other one.
    world.pause(&busy, true).await;
    world.forward_ms(10_000);
    world.sweep(false).await;
    assert_eq!(world.task(&id).await.channel, other_than(&busy));
    world.run_all().await;
    let task = world.task(&id).await;
    assert_eq!((task.state, &task.channel), (State::Queued, &busy), "{task:?}");
    world.pause(&busy, false).await;
    world.forward_ms(1_000);
    assert_eq!(world.run_to_end(&id).await.state, State::Succeeded);
    assert_eq!(tried(&world, &id).await, [busy.clone(), other_than(&busy).to_owned(), busy]);
    world.end().await;
}

#[tokio::test]
async fn a_bell_that_rings_where_its_task_no_longer_is_is_hung_where_it_is() {
    let world = World::new(Shape { two_channels: true, slots: 1, ..Shape::default() }).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    let task = world.task(&id).await;
    let old = other_than(&task.channel);
    // The bell of before a move arrives late, and takes the place of the right one.
    let late = Entry { id: task.id, channel: old.to_owned(), due_ms: world.now_ms() };
    world.scheduler.add(Lane::Submit, &[late]).await.expect("the queue is there");
    world.run_all().await;
    let running = world.task(&id).await;
    assert_eq!((running.state, &running.channel), (State::Running, &task.channel), "without a sweep");
    let members = world.scheduler.slot_members(old).await.expect("the queue is there");
    assert!(members.is_empty(), "the late bell took a slot for good: {members:?}");
    assert_eq!(world.run_to_end(&id).await.state, State::Succeeded);
    assert_eq!(accepted(&world, &id).await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_bell_that_rings_at_a_channel_that_never_was_does_not_lose_the_task() {
    let world = world().await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    let late = Entry { id: world.task(&id).await.id, channel: "gone".to_owned(), due_ms: world.now_ms() };
    world.scheduler.add(Lane::Submit, &[late]).await.expect("the queue is there");
    assert_eq!(world.run_to_end(&id).await.state, State::Succeeded);
    world.end().await;
}

#[tokio::test]
async fn an_upstream_that_was_busy_for_long_may_still_err_a_few_times() {
    let world = World::new(Shape::default()).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:queue-full=9] [sim:code=9*2]").await;
    assert!(world.run_until(120, 5_000, async |world| world.task(&id).await.is_over()).await);
    assert_eq!((world.task(&id).await.state, accepted(&world, &id).await), (State::Succeeded, 1));
    assert_eq!(tried(&world, &id).await.len(), 12, "nine times busy, twice an error, once accepted");
    world.end().await;
}

#[tokio::test]
async fn an_upstream_that_only_errs_is_asked_eight_times() {
    let world = World::new(Shape::default()).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:code=9*always]").await;
    assert!(world.run_until(120, 5_000, async |world| world.task(&id).await.is_over()).await);
    assert_eq!((world.task(&id).await.state, accepted(&world, &id).await), (State::Failed, 0));
    assert_eq!(tried(&world, &id).await.len(), 8);
    world.end().await;
}
