//! What becomes of a paid request whose answer nobody saw.

use super::{accepted, steps, token, world};
use bytes::Bytes;
use http::Method;
use queue::Lane;
use serde_json::json;
use task::{FailureKind, State, UncertainPolicy};
use tests::wire::{Fault, Peer};
use tests::{Frozen, Shape, Stepped, Tenant, World};

/// Submits a picture and stops its worker with the upstream's answer in its hand.
pub(super) async fn frozen_with_answer(world: &World, prompt: &str) -> (String, Frozen) {
    let id = world.imagine(Tenant::Limited, prompt).await;
    match world.step_until_held(Lane::Submit, Peer::Paid, Fault::HoldAfter).await {
        Stepped::Frozen(frozen) => (id, frozen),
        Stepped::Done(handled) => panic!("nothing was held, {handled} handled"),
    }
}

/// Lets time pass with the upstream unreachable for questions.
pub(super) async fn pass_without_answers(world: &World, rounds: usize, step_ms: i64) {
    for _ in 0..rounds {
        world.wire.strike(Peer::Asked, Fault::Unreachable);
        world.step(Lane::Poll).await;
        world.wire.calm();
        world.forward_ms(step_ms);
        world.sweep(false).await;
    }
}

#[tokio::test]
async fn a_late_answer_after_the_lease_ran_out_is_recorded() {
    let world = world().await;
    let (id, frozen) = frozen_with_answer(&world, "a lighthouse").await;
    world.forward_ms(200_000);
    world.sweep(false).await;
    assert_eq!(world.task(&id).await.state, State::Uncertain);
    world.thaw(frozen).await;
    assert_eq!(world.task(&id).await.state, State::Running);
    assert_eq!(steps(&world, &id).await, ["open", "take_lease", "doubt", "accept"]);
    let task = world.run_to_end(&id).await;
    assert_eq!((task.state, accepted(&world, &id).await), (State::Succeeded, 1));
    world.end().await;
}

#[tokio::test]
async fn a_lost_request_that_the_look_up_shows_absent_is_submitted_again_under_the_same_client_id() {
    let world = world().await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    world.wire.strike(Peer::Paid, Fault::RequestLost);
    world.step(Lane::Submit).await;
    let doubted = world.task(&id).await;
    assert_eq!(doubted.state, State::Uncertain);
    let over = world.run_until(60, 5_000, async |world| world.task(&id).await.is_over()).await;
    let task = world.task(&id).await;
    assert!(over, "{task:?}");
    assert_eq!((task.state, task.client, accepted(&world, &id).await), (State::Succeeded, doubted.client, 1));
    let attempts = world.ledger().attempts(task.id).await.expect("the ledger is there");
    assert_eq!(attempts.len(), 2);
    assert!(attempts.iter().all(|attempt| Some(attempt.client) == task.client));
    let events = world.ledger().events(task.id).await.expect("the ledger is there");
    let at = |step: &str| events.iter().find(|event| event.step == step).map(|event| event.at_ms);
    let waited_ms = at("resubmit").zip(at("doubt")).map(|(again, doubt)| again - doubt);
    assert!(waited_ms >= Some(70_000), "call limit and margin have to pass first: {waited_ms:?}");
    world.end().await;
}

#[tokio::test]
async fn a_lost_answer_is_found_by_the_look_up() {
    let world = world().await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    world.wire.strike(Peer::Paid, Fault::AnswerLost);
    world.step(Lane::Submit).await;
    assert_eq!(world.task(&id).await.state, State::Uncertain);
    let task = world.run_to_end(&id).await;
    assert_eq!((task.state, accepted(&world, &id).await), (State::Succeeded, 1));
    let events = world.ledger().events(task.id).await.expect("the ledger is there");
    let accept = events.iter().find(|event| event.step == "accept").expect("it was accepted");
    assert_eq!(accept.note["recovered_by"], "lookup");
    world.end().await;
}

#[tokio::test]
async fn a_doubt_that_nobody_resolves_fails_after_ten_minutes_with_a_refund() {
    let world = world().await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    world.wire.strike(Peer::Paid, Fault::RequestLost);
    world.step(Lane::Submit).await;
    let before_ms = world.now_ms();
    pass_without_answers(&world, 59, 10_000).await;
    assert_eq!(world.task(&id).await.state, State::Uncertain, "after {} ms", world.now_ms() - before_ms);
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 1);
    pass_without_answers(&world, 6, 10_000).await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.failure.map(|failure| failure.kind)), (State::Failed, Some(FailureKind::Uncertain)));
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.reserved, after.settled), (0, 0));
    let shown = world.fetch(Tenant::Limited, &id).await;
    assert_eq!((shown.text("status"), shown.text("progress")), ("FAILURE", "100%"));
    assert!(!shown.text("failReason").is_empty());
    world.end().await;
}

#[tokio::test]
async fn an_upstream_callback_on_an_uncertain_task_resolves_it() {
    let world = world().await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    world.wire.strike(Peer::Paid, Fault::AnswerLost);
    world.step(Lane::Submit).await;
    let paid = world.wire.arrived().pop().expect("the request arrived");
    let operation = paid.operation.expect("the upstream took it");
    let path = format!("/mj/task/{operation}/fetch");
    let (_, body) = world.wire.ask_sim(Method::GET, &path, Bytes::new()).await;
    assert_eq!(world.deliver_hook(&paid.hook, body).await, 204);
    world.step(Lane::Poll).await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.operation.map(|operation| operation.id)), (State::Running, Some(operation)));
    let events = world.ledger().events(task.id).await.expect("the ledger is there");
    assert_eq!(events.last().map(|event| event.note["recovered_by"].clone()), Some(json!("callback")));
    world.end().await;
}

#[tokio::test]
async fn an_upstream_callback_on_a_task_that_is_queued_again_is_adopted_instead_of_paid_twice() {
    let world = World::new(Shape { uncertain: UncertainPolicy::Resubmit, slots: 1, ..Shape::default() }).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse [sim:slow=5m]").await;
    world.wire.strike(Peer::Paid, Fault::AnswerLost);
    world.step(Lane::Submit).await;
    let paid = world.wire.arrived().pop().expect("the request arrived");
    pass_without_answers(&world, 66, 10_000).await;
    assert_eq!(world.task(&id).await.state, State::Queued, "the policy is to submit again");
    let operation = paid.operation.expect("the upstream took it");
    let path = format!("/mj/task/{operation}/fetch");
    let (_, body) = world.wire.ask_sim(Method::GET, &path, Bytes::new()).await;
    assert_eq!(world.deliver_hook(&paid.hook, body).await, 204);
    world.step(Lane::Poll).await;
    let task = world.task(&id).await;
    let adopted = task.operation.map(|operation| operation.id);
    assert_eq!((task.state, adopted), (State::Running, Some(operation)));
    let over = world.run_until(60, 10_000, async |world| world.task(&id).await.is_over()).await;
    let task = world.task(&id).await;
    assert!(over && task.state == State::Succeeded, "{task:?}");
    assert_eq!((world.wire.arrived().len(), accepted(&world, &id).await), (1, 1), "one paid request, one work");
    let after = token(&world, Tenant::Limited).await;
    assert_eq!((after.reserved, after.settled), (0, 1));
    let next = world.imagine(Tenant::Limited, "two cats").await;
    assert_eq!(world.run_to_end(&next).await.state, State::Succeeded, "the only slot is free again");
    world.end().await;
}

#[tokio::test]
async fn a_callback_that_names_another_task_s_operation_resolves_nothing() {
    let world = world().await;
    let other = world.imagine(Tenant::Limited, "two cats").await;
    world.step(Lane::Submit).await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    world.wire.strike(Peer::Paid, Fault::RequestLost);
    world.step(Lane::Submit).await;
    let operation = world.task(&other).await.operation.expect("it was accepted").id;
    let client = world.task(&id).await.client.expect("it was submitted");
    let hook = format!("http://front.test/hooks/first/hook-secret/{client}");
    let body = json!({ "id": operation, "status": "SUCCESS", "state": client.to_string() }).to_string();
    assert_eq!(world.deliver_hook(&hook, body.into()).await, 204);
    world.forward_ms(10_000);
    world.step(Lane::Poll).await;
    assert_eq!(world.task(&id).await.state, State::Uncertain);
    world.end().await;
}

#[tokio::test]
async fn an_operation_that_is_found_after_the_end_is_kept_as_late() {
    let world = world().await;
    let (id, frozen) = frozen_with_answer(&world, "a lighthouse").await;
    world.forward_ms(200_000);
    world.sweep(false).await;
    pass_without_answers(&world, 66, 10_000).await;
    assert_eq!(world.task(&id).await.state, State::Failed);
    world.thaw(frozen).await;
    let done = world
        .run_until(20, 5_000, async |world| world.ledger().orphans(1).await.expect("the ledger is there").is_empty())
        .await;
    let task = world.task(&id).await;
    assert!(done && !task.artifacts.is_empty(), "{task:?}");
    assert!(task.artifacts.iter().all(|artifact| artifact.late));
    assert_eq!((task.state, task.charged), (State::Failed, 0));
    assert!(steps(&world, &id).await.contains(&"orphan_operation".to_owned()));
    let shown = world.fetch(Tenant::Limited, &id).await;
    assert_eq!((shown.text("status"), shown.text("imageUrl")), ("FAILURE", ""));
    assert!(shown.body["properties"]["late"][0]["url"].is_string(), "{}", shown.body);
    world.end().await;
}
