//! Questions of the vendor's.

use super::{accepted, token, world};
use queue::Lane;
use serde_json::{Value, json};
use task::{FailureKind, State, UncertainPolicy};
use tests::wire::{Fault, Peer};
use tests::{Shape, Tenant, World};

/// A finished picture whose custom zoom waits for its answer; the zoom's id.
async fn asking(world: &World) -> String {
    let grid = world.imagine(Tenant::Limited, "a lighthouse").await;
    world.run_to_end(&grid).await;
    let shown = world.fetch(Tenant::Limited, &grid).await;
    let buttons = shown.body.get("buttons").and_then(Value::as_array).cloned().unwrap_or_default();
    let ids: Vec<&str> = buttons.iter().filter_map(|button| button["customId"].as_str()).collect();
    let upscale = ids.iter().find(|id| id.contains("upsample")).expect("a grid offers upscales");
    let body = json!({ "taskId": grid, "customId": upscale });
    let single = world.submit(Tenant::Limited, "action", body).await.accepted().expect("it is accepted");
    world.run_to_end(&single).await;
    let shown = world.fetch(Tenant::Limited, &single).await;
    let buttons = shown.body.get("buttons").and_then(Value::as_array).cloned().unwrap_or_default();
    let ids: Vec<&str> = buttons.iter().filter_map(|button| button["customId"].as_str()).collect();
    let zoom = ids.iter().find(|id| id.starts_with("MJ::CustomZoom")).expect("a single picture offers a zoom");
    let answer = world.submit(Tenant::Limited, "action", json!({ "taskId": single, "customId": zoom })).await;
    assert_eq!(answer.code(), 21, "{answer:?}");
    let id = answer.accepted().expect("it is accepted");
    let asks = async |world: &World| world.task(&id).await.state == State::AwaitingInput;
    assert!(world.run_until(30, 2_000, asks).await, "{:?}", world.task(&id).await);
    assert_eq!(world.fetch(Tenant::Limited, &id).await.text("status"), "MODAL");
    id
}

async fn answer(world: &World, id: &str) -> tests::Answered {
    world.submit(Tenant::Limited, "modal", json!({ "taskId": id, "prompt": "a lighthouse --zoom 1.5" })).await
}

#[tokio::test]
async fn a_modal_takes_the_work_over_and_its_parent_shows_its_picture() {
    let world = world().await;
    let parent = asking(&world).await;
    let before = token(&world, Tenant::Limited).await.settled;
    let first = answer(&world, &parent).await;
    assert_eq!(first.code(), 1, "{first:?}");
    let child = first.accepted().expect("it is accepted");
    assert_eq!(world.fetch(Tenant::Limited, &parent).await.text("status"), "MODAL");
    let second = answer(&world, &parent).await;
    assert_eq!((second.code(), second.accepted()), (21, Some(child.clone())), "a question has one answer");
    let task = world.run_to_end(&child).await;
    assert_eq!(task.state, State::Succeeded);
    let row = world.task(&parent).await;
    assert_eq!((row.state, row.child, row.charged), (State::HandedOver, Some(task.id), 0));
    let (shown, own) = (world.fetch(Tenant::Limited, &parent).await, world.fetch(Tenant::Limited, &child).await);
    assert_eq!((shown.text("status"), shown.text("imageUrl")), ("SUCCESS", own.text("imageUrl")));
    assert!(!own.text("imageUrl").is_empty());
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.settled - before, after.reserved), (1, 0), "one picture, one price");
    world.end().await;
}

#[tokio::test]
async fn a_modal_takes_its_parent_s_slot_when_there_is_no_other() {
    let world = World::new(Shape { slots: 1, ..Shape::default() }).await;
    let parent = asking(&world).await;
    let child = answer(&world, &parent).await.accepted().expect("it is accepted");
    let task = world.run_to_end(&child).await;
    assert_eq!(task.state, State::Succeeded);
    assert_eq!(world.task(&parent).await.state, State::HandedOver);
    world.end().await;
}

#[tokio::test]
async fn a_question_that_nobody_answers_expires_after_half_an_hour() {
    let world = world().await;
    let id = asking(&world).await;
    world.forward_ms(29 * 60_000);
    world.sweep(true).await;
    assert_eq!(world.task(&id).await.state, State::AwaitingInput);
    world.forward_ms(2 * 60_000);
    world.sweep(false).await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.failure.map(|failure| failure.kind)), (State::Failed, Some(FailureKind::Expired)));
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 0);
    assert_eq!(answer(&world, &id).await.status, 400, "an answer comes too late");
    world.end().await;
}

#[tokio::test]
async fn a_question_whose_answer_is_in_doubt_does_not_lapse() {
    let world = World::new(Shape { uncertain: UncertainPolicy::Hold, ..Shape::default() }).await;
    let parent = asking(&world).await;
    let child = answer(&world, &parent).await.accepted().expect("it is accepted");
    world.wire.strike(Peer::Paid, Fault::AnswerLost);
    world.step(Lane::Submit).await;
    world.wire.set_outage(Some(Fault::Unreachable));
    world.run_until(33, 60_000, async |_| false).await;
    assert_eq!(world.task(&child).await.state, State::Uncertain);
    assert_eq!(world.task(&parent).await.state, State::AwaitingInput, "its half hour is over, and it is answered");
    world.wire.set_outage(None);
    assert!(world.run_until(20, 60_000, async |world| world.task(&child).await.is_over()).await);
    let (task, row) = (world.task(&child).await, world.task(&parent).await);
    assert_eq!((task.state, row.state, row.child), (State::Succeeded, State::HandedOver, Some(task.id)), "{task:?}");
    assert_eq!((accepted(&world, &child).await, token(&world, Tenant::Limited).await.reserved), (1, 0));
    world.end().await;
}

#[tokio::test]
async fn a_question_whose_answer_fails_lapses() {
    let world = world().await;
    let parent = asking(&world).await;
    world.forward_ms(29 * 60_000);
    let child = answer(&world, &parent).await.accepted().expect("it is accepted");
    world.wire.strike(Peer::Paid, Fault::RequestLost);
    world.step(Lane::Submit).await;
    world.wire.set_outage(Some(Fault::Unreachable));
    let over = async |world: &World| world.task(&child).await.is_over() && world.task(&parent).await.is_over();
    assert!(world.run_until(60, 15_000, over).await, "{:?}", world.task(&parent).await);
    let kinds = async |id: &str| world.task(id).await.failure.map(|failure| failure.kind);
    assert_eq!(kinds(&child).await, Some(FailureKind::Uncertain));
    assert_eq!(kinds(&parent).await, Some(FailureKind::Expired));
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 0);
    world.end().await;
}

#[tokio::test]
async fn a_task_that_asks_can_be_cancelled() {
    let world = World::new(Shape { slots: 1, ..Shape::default() }).await;
    let id = asking(&world).await;
    let before = token(&world, Tenant::Limited).await.settled;
    let cancel = world.cancel(Tenant::Limited, &id);
    while !cancel.is_finished() {
        world.step(Lane::Poll).await;
    }
    assert_eq!(cancel.await.expect("the answer comes"), 200);
    let task = world.task(&id).await;
    assert_eq!(task.state, State::Cancelled, "{task:?}");
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.reserved, after.settled), (0, before));
    assert_eq!(answer(&world, &id).await.status, 400, "an answer comes too late");
    let next = world.imagine(Tenant::Limited, "two cats").await;
    assert_eq!(world.run_to_end(&next).await.state, State::Succeeded, "the only slot is free again");
    world.end().await;
}
