//! The operator ends a doubt about the answer to a vendor's question.

use crate::world::{NOW_MS, World};
use ledger::Opening;
use queue::Lane;
use serde_json::json;
use task::{Clock, Details, Failure, FailureKind, Kind, Shown, Spec, State, Step, Task, TaskId};

/// A task that asks something, and its answer, of which nobody knows whether it arrived. Both hold slots.
async fn answered(world: &World) -> (Task, Task) {
    let (_, token) = world.token("t", None).await;
    let parent = world.task(token, "proxy", "a cat").await;
    world.running(&parent, "op-7").await;
    let parent = world.step(&parent, Step::AskInput { details: Details::default(), due_ms: NOW_MS + 1_800_000 }).await;
    let mut child = Task { id: TaskId::new(world.clock.now_ms(), world.front.entropy.as_ref()), ..parent.clone() };
    child.spec = Spec { parent: Some(parent.id), ..Spec::new(Kind::Modal) };
    (child.version, child.state, child.shown) = (1, State::Queued, Shown::Queued);
    (child.client, child.attempt, child.attempts, child.operation) = (None, None, 0, None);
    let opening = Opening {
        task: Box::new(child.clone()),
        callback: None,
        idempotency: None,
        only_child_of: Some(parent.id),
        reserve: child.reserved,
    };
    world.front.ledger.open_task(opening).await.expect("the answer is opened");
    let child = world.uncertain(&child).await;
    let holders = [parent.id, child.id];
    world.front.scheduler.join_slots("proxy", &holders).await.expect("the queue answers");
    (parent, child)
}

#[tokio::test]
async fn an_answer_that_arrived_takes_its_parent_over() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (parent, child) = answered(&world).await;
    let verb = json!({ "verb": "task_resolve", "id": child.id, "as": { "arrived": { "operation_id": "op-7" } } });

    let answer = world.done(verb).await;

    assert_eq!((&answer["task"], &answer["state"]), (&json!(child.id), &json!("running")));
    let (parent, child) = (world.read(parent.id).await, world.read(child.id).await);
    assert_eq!((child.state, child.operation.map(|o| o.id)), (State::Running, Some("op-7".to_owned())));
    assert_eq!((parent.state, parent.child, parent.reserved), (State::HandedOver, Some(child.id), 0));
    let events = world.front.ledger.events(parent.id).await.expect("the ledger answers");
    let last = events.last().expect("it was handed over");
    assert_eq!((last.step.as_str(), &last.note["who"]), ("hand_over", &json!("operator")));
    let holders = world.front.scheduler.slot_members("proxy").await.expect("the queue answers");
    assert_eq!(holders, [child.id], "the parent's slot is free, the child's is not");
    assert_eq!(world.due(Lane::Poll).await, [child.id]);
}

#[tokio::test]
async fn an_answer_whose_parent_asks_no_more_runs_alone() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (parent, child) = answered(&world).await;
    let failure = Failure::never(FailureKind::Expired, "not answered in time", "modal unanswered");
    let parent = world.step(&parent, Step::Fail(failure)).await;
    world.front.scheduler.leave_slots("proxy", &[parent.id]).await.expect("the queue answers");
    let verb = json!({ "verb": "task_resolve", "id": child.id, "as": { "arrived": { "operation_id": "op-8" } } });
    world.done(verb).await;
    assert_eq!(world.read(parent.id).await, parent);
    assert_eq!(world.read(child.id).await.state, State::Running);
    let holders = world.front.scheduler.slot_members("proxy").await.expect("the queue answers");
    assert_eq!(holders, [child.id]);
}

#[tokio::test]
async fn an_answer_that_did_not_arrive_leaves_its_parent_asking() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (parent, child) = answered(&world).await;
    world.done(json!({ "verb": "task_resolve", "id": child.id, "as": "not_arrived" })).await;
    assert_eq!(world.read(parent.id).await, parent);
    assert_eq!(world.read(child.id).await.state, State::Queued);
}
