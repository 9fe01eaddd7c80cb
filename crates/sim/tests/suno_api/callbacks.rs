//! Callbacks of jobs: only the told changes, once each.

use crate::asker::{Asker, DONE_MS};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<String>>>;

async fn take(State(seen): State<Seen>, Json(task): Json<Value>) {
    seen.lock().expect("no test panics with it").push(task["status"].as_str().unwrap_or("?").to_owned());
}

async fn run(marker: &str) -> Vec<String> {
    let seen = Seen::default();
    let app = axum::Router::new().route("/hook", post(take)).with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let asker = Asker::start().await;
    asker.submit("music", json!({"gpt_description_prompt": format!("cat {marker}"), "notify_hook": url})).await;
    for _ in 0..100 {
        asker.clock.advance_ms(DONE_MS / 100);
        asker.sim.tick().await;
    }
    let seen = seen.lock().expect("no test panics with it").clone();
    assert_eq!(asker.sim.counts().callbacks, seen.len() as u64);
    seen
}

#[tokio::test]
async fn begin_and_end_are_told_once() {
    assert_eq!(run("").await, ["QUEUED", "SUCCESS"]);
    assert_eq!(run("[sim:fail]").await, ["QUEUED", "FAILURE"]);
    assert_eq!(run("[sim:stuck]").await, ["QUEUED"]);
    assert_eq!(run("[sim:callback-twice]").await, ["QUEUED", "QUEUED", "SUCCESS", "SUCCESS"]);
    assert!(run("[sim:no-callback]").await.is_empty());
}
