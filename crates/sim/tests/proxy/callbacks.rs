//! Callbacks: one for each change, in order unless scripted otherwise, never again.

use crate::asker::{Asker, DONE_MS};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use serde_json::Value;
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<String>>>;

async fn take(State(seen): State<Seen>, Json(task): Json<Value>) {
    let word = format!("{} {}", task["status"].as_str().unwrap_or("?"), task["progress"].as_str().unwrap_or("?"));
    seen.lock().expect("no test panics with it").push(word);
}

/// A receiver on a free port: its address and what it has seen.
async fn receiver() -> (String, Seen) {
    let seen = Seen::default();
    let app = axum::Router::new().route("/hook", post(take)).with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, seen)
}

async fn run(asker: &Asker, prompt: &str) -> Vec<String> {
    let (url, seen) = receiver().await;
    asker.submit("imagine", &format!(r#"{{"prompt":"{prompt}","notifyHook":"{url}"}}"#)).await;
    assert_eq!(asker.sim.tick().await, 0, "nothing has changed yet");
    for _ in 0..100 {
        asker.clock.advance_ms(DONE_MS / 100);
        asker.sim.tick().await;
    }
    assert_eq!(asker.sim.tick().await, 0, "nothing is sent twice");
    seen.lock().expect("no test panics with it").clone()
}

#[tokio::test]
async fn every_change_is_told_in_order() {
    let asker = Asker::start().await;
    let seen = run(&asker, "cat").await;
    assert_eq!(seen.len(), 12, "{seen:?}");
    assert_eq!((seen[0].as_str(), seen[1].as_str()), ("SUBMITTED 0%", "IN_PROGRESS 0%"));
    assert_eq!(seen[11], "SUCCESS 100%");
    let mut sorted = seen[1..].to_vec();
    sorted.sort_by_key(|word| word.split(' ').nth(1).and_then(|text| text.trim_end_matches('%').parse::<u8>().ok()));
    assert_eq!(sorted, seen[1..]);
    assert_eq!(asker.sim.counts().callbacks, 12);
}

#[tokio::test]
async fn disorder_and_doubles_and_silence_on_demand() {
    let asker = Asker::start().await;
    let ordered = run(&asker, "cat").await;
    let mut mixed = run(&asker, "cat [sim:callback-disorder]").await;
    assert_ne!(mixed, ordered);
    mixed.sort();
    let mut sorted = ordered.clone();
    sorted.sort();
    assert_eq!(mixed, sorted, "the same changes in another order");
    assert_eq!(run(&asker, "cat [sim:callback-twice]").await.len(), 24);
    assert_eq!(run(&asker, "cat [sim:no-callback]").await.len(), 0);
}

#[tokio::test]
async fn a_receiver_that_is_away_is_not_asked_again() {
    let asker = Asker::start().await;
    asker.submit("imagine", r#"{"prompt":"cat","notifyHook":"http://127.0.0.1:9/hook"}"#).await;
    asker.clock.advance_ms(DONE_MS);
    assert_eq!(asker.sim.tick().await, 12);
    assert_eq!(asker.sim.tick().await, 0);
}
