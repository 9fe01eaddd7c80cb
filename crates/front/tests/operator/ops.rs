//! `/healthz`, `/readyz`, `/metrics`.

use crate::world::World;
use axum::http::StatusCode;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_whole_process_is_alive_and_ready() {
    let world = World::new().await;
    assert_eq!(world.get("/healthz").await.status, StatusCode::OK);
    let answer = world.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let checks = json!({ "ledger": "ok", "store": "ok", "queue": "ok" });
    assert_eq!(answer.json(), json!({ "status": "ready", "missing": [], "degraded": [], "checks": checks }));
}

#[tokio::test]
async fn a_store_that_is_away_degrades_and_is_named_without_its_error() {
    let world = World::new().await;
    world.store.away.store(true, Ordering::SeqCst);
    let answer = world.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::OK, "submissions without inputs of their own are taken");
    assert_eq!((&answer.json()["status"], &answer.json()["degraded"]), (&json!("degraded"), &json!(["store"])));
    assert!(!answer.text.contains("password"), "{}", answer.text);
    assert_eq!(world.get("/healthz").await.status, StatusCode::OK, "no reason to restart the process");
}

#[tokio::test]
async fn a_closed_ledger_is_not_ready() {
    let world = World::new().await;
    world.front.ledger.close().await;
    let answer = world.get("/readyz").await;
    assert_eq!((answer.status, &answer.json()["missing"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(["ledger"])));
}

#[tokio::test]
async fn a_draining_process_takes_no_more_requests() {
    let world = World::new().await;
    world.front.draining.cancel();
    let answer = world.get("/readyz").await;
    assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("draining")));
    assert_eq!(world.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn metrics_come_from_the_composer() {
    let mut world = World::new().await;
    assert_eq!(world.get("/metrics").await.status, StatusCode::NOT_FOUND);
    world.front.metrics = Some(Arc::new(|| "tasks_opened_total 3\n".to_owned()));
    let answer = world.get("/metrics").await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "tasks_opened_total 3\n"));
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
}
