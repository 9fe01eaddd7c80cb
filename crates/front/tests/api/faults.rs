//! What callers see while a part of the service is away or broken.

use crate::harness::{World, assert_problem};
use async_trait::async_trait;
use queue::{Batch, Changes, Claim, Entry, Finish, Lane, LaneCounts, Limits, QueueError, Scheduler, SubmitGate};
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;
use store::{ByteStream, ObjectMeta, PutReceipt, Store, StoreError};
use task::TaskId;
use tokio::sync::broadcast;

/// A queue that never answers.
#[derive(Debug)]
struct Hangs(broadcast::Sender<TaskId>);

async fn never<T>() -> Result<T, QueueError> {
    std::future::pending().await
}

#[async_trait]
impl Scheduler for Hangs {
    async fn add(&self, _: Lane, _: &[Entry]) -> Result<(), QueueError> {
        never().await
    }
    async fn add_absent(&self, _: Lane, _: &[Entry]) -> Result<usize, QueueError> {
        never().await
    }
    async fn claim(&self, _: Lane, _: usize, _: usize, _: i64) -> Result<Vec<Batch>, QueueError> {
        never().await
    }
    async fn finish(&self, _: Lane, _: &[(Claim, Finish)]) -> Result<Vec<bool>, QueueError> {
        never().await
    }
    async fn extend(&self, _: Lane, _: &Claim, _: i64) -> Result<Option<Claim>, QueueError> {
        never().await
    }
    async fn hint(&self, _: Lane, _: &[TaskId]) -> Result<(), QueueError> {
        never().await
    }
    async fn remove(&self, _: Lane, _: &[TaskId]) -> Result<(), QueueError> {
        never().await
    }
    async fn leave_slots(&self, _: &str, _: &[TaskId]) -> Result<(), QueueError> {
        never().await
    }
    async fn join_slots(&self, _: &str, _: &[TaskId]) -> Result<(), QueueError> {
        never().await
    }
    async fn slot_members(&self, _: &str) -> Result<Vec<TaskId>, QueueError> {
        never().await
    }
    async fn set_paused(&self, _: &str, _: bool) -> Result<(), QueueError> {
        never().await
    }
    async fn set_limits(&self, _: &str, _: Limits) -> Result<(), QueueError> {
        never().await
    }
    async fn gate(&self, _: &str) -> Result<SubmitGate, QueueError> {
        never().await
    }
    async fn counts(&self, _: Lane) -> Result<LaneCounts, QueueError> {
        never().await
    }
    async fn oldest_due_ms(&self, _: Lane) -> Result<Option<i64>, QueueError> {
        never().await
    }
    async fn is_filled(&self) -> Result<bool, QueueError> {
        never().await
    }
    async fn set_filled(&self) -> Result<(), QueueError> {
        never().await
    }
    async fn announce(&self, _: &[TaskId]) {}
    fn changes(&self) -> Changes {
        self.0.subscribe()
    }
    async fn ready(&self, _: Lane) {
        std::future::pending().await
    }
}

/// A store with a mistake in it.
#[derive(Debug)]
struct Panics;

#[async_trait]
impl Store for Panics {
    async fn put_stream(&self, _: &str, _: &str, _: u64, _: ByteStream) -> Result<PutReceipt, StoreError> {
        panic!("a mistake in put_stream")
    }
    async fn head(&self, _: &str) -> Result<ObjectMeta, StoreError> {
        panic!("a mistake in head")
    }
    async fn get_range(&self, _: &str, _: Option<Range<u64>>) -> Result<(ObjectMeta, ByteStream), StoreError> {
        panic!("a mistake in get_range")
    }
    async fn delete(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
    async fn list(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<String>, StoreError> {
        Ok(vec![])
    }
    async fn sweep_uploads(&self, _: i64) -> Result<usize, StoreError> {
        Ok(0)
    }
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
    fn public_link(&self, _: &str) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn a_queue_that_hangs_holds_no_answer_up() {
    let hangs = |front: &mut front::Front| front.scheduler = Arc::new(Hangs(broadcast::channel(8).0));
    let world = World::new().await.changed(hangs);
    let id = world.imagine("a cat").await;
    assert_eq!(world.get(&format!("/mj/task/{id}/fetch")).await.json()["status"], "NOT_START");
    let reply = world.post(&format!("/v1/tasks/{id}/cancel"), json!({})).await;
    assert_eq!((reply.status, reply.json()["status"].as_str()), (200, Some("cancelled")));
}

#[tokio::test]
async fn a_ledger_that_is_away_is_told_as_such() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    world.front.ledger.close().await;
    for reply in [
        world.post("/mj/submit/imagine", json!({ "prompt": "a dog" })).await,
        world.get(&format!("/mj/task/{id}/fetch")).await,
    ] {
        assert_problem(&reply, 503, "service_unavailable");
        assert_eq!(reply.json()["code"], 9);
        assert!(!reply.header("retry-after").is_empty());
    }
}

#[tokio::test]
async fn a_panic_is_a_500_in_the_familys_shape_and_the_process_goes_on() {
    let world = World::new().await.changed(|front| front.store = Arc::new(Panics));
    let big = json!({ "prompt": "x", "base64Array": ["A".repeat(8000)] });
    let reply = world.post("/mj/submit/imagine", big).await;
    assert_problem(&reply, 500, "internal_error");
    assert_eq!(reply.json()["code"], 9);
    let media = world.get("/media/uploads/x.png").await;
    assert_problem(&media, 500, "internal_error");
    assert_eq!(media.json().as_object().map(serde_json::Map::len), Some(1));
    world.imagine("a cat").await;
}
