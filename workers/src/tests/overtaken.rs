//! An upstream names an operation before its answer is written down.

use super::*;
use queue::Finish;
use std::sync::Mutex;
use task::State;

/// A world whose upstream knows `op-7` as the task of `client`, and no other.
async fn world_with(client: Arc<Mutex<String>>) -> World {
    let world = World::new(move |seen| match seen.to.as_str() {
        "up.test/mj/task/op-7/fetch" => {
            let state = client.lock().expect("no test panicked in here").clone();
            (200, json!({ "id": "op-7", "status": "IN_PROGRESS", "state": state }).to_string().into())
        }
        _ => (404, json!({ "code": 3, "description": "unknown" }).to_string().into()),
    })
    .await;
    world.core.ledger.put_channel(&channel("desk")).await.expect("a channel can be written");
    world.core.channels.refresh().await.expect("channels can be read");
    world
}

/// A task under a lease, whose upstream has named `operation`.
async fn hinted(world: &World, operation: &str) -> Task {
    let task = world.submitting(Kind::Image).await;
    world.core.ledger.note_hint(task.id, operation).await.expect("a hint can be kept");
    task
}

fn accepted(operation: &str) -> Step {
    Step::Accept { operation: Operation { id: operation.to_owned(), memo: Value::Null }, warnings: Vec::new() }
}

#[tokio::test]
async fn an_operation_that_is_ours_is_written_down_before_the_lease_runs_out() {
    let client = Arc::new(Mutex::new(String::new()));
    let world = world_with(client.clone()).await;
    let leased = hinted(&world, "op-7").await;
    *client.lock().expect("nobody panicked") = leased.client.expect("it has one").to_string();

    assert_eq!(world.core.overtake(&leased).await, Finish::Done);

    let row = world.row(leased.id).await;
    assert_eq!((row.state, row.attempt), (State::Running, leased.attempt));
    assert_eq!(row.operation.as_ref().map(|operation| operation.id.as_str()), Some("op-7"));

    // Its worker was alive after all, and heard the same.
    let late = world.core.record_operation(leased.clone(), accepted("op-7"), Value::Null, None).await;
    assert_eq!(late.expect("it is no error"), Some(row.clone()));
    assert_eq!(world.row(leased.id).await, row, "the same answer twice is one");
    // Or it heard of another operation, which somebody has to watch.
    let late = world.core.record_operation(leased.clone(), accepted("op-8"), Value::Null, None).await;
    assert_eq!(late.expect("it is no error"), None);
    let orphans = world.core.ledger.orphans_of(leased.id).await.expect("orphans can be read");
    assert_eq!(orphans.iter().map(|orphan| orphan.operation.id.as_str()).collect::<Vec<_>>(), ["op-8"]);
    assert_eq!(world.row(leased.id).await.operation, row.operation);
}

#[tokio::test]
async fn an_operation_of_somebody_else_changes_nothing() {
    let world = world_with(Arc::new(Mutex::new("somebody else".to_owned()))).await;
    for operation in ["op-7", "op-9"] {
        let leased = hinted(&world, operation).await;
        let finish = world.core.overtake(&leased).await;
        assert!(matches!(finish, Finish::At(due_ms) if due_ms > world.clock.now_ms()), "{finish:?}");
        assert_eq!(world.row(leased.id).await, leased);
        world.forward_ms(60_000);
        assert_eq!(world.core.overtake(&leased).await, Finish::Done, "the sweep has it when its lease has run out");
    }
}
