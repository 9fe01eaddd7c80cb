//! The webhook: once, at the end.

use crate::asker::{Asker, DONE_MS};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Letters = Arc<Mutex<Vec<Value>>>;

async fn take(State(letters): State<Letters>, Json(letter): Json<Value>) {
    letters.lock().expect("no test panics with it").push(letter);
}

async fn run(prompt: &str) -> Value {
    let letters = Letters::default();
    let app = axum::Router::new().route("/hook/{id}", post(take)).with_state(letters.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let asker = Asker::start().await;
    let hook = format!("http%3A%2F%2F127.0.0.1%3A{port}%2Fhook%2F1");
    let opened = asker.submit(&format!("fal-ai/veo3.1?fal_webhook={hook}"), json!({"prompt": prompt})).await;
    for _ in 0..100 {
        asker.clock.advance_ms(DONE_MS / 100);
        asker.sim.tick().await;
    }
    let letters = letters.lock().expect("no test panics with it").clone();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["request_id"], opened["request_id"]);
    letters[0].clone()
}

#[tokio::test]
async fn the_end_is_told_with_the_result_or_the_error() {
    let good = run("a cat").await;
    assert_eq!(good["status"], "OK");
    assert!(good["payload"]["video"]["url"].is_string());
    let bad = run("a cat [sim:late-moderation=rude]").await;
    assert_eq!(
        (&bad["status"], &bad["payload"]["detail"][0]["type"]),
        (&json!("ERROR"), &json!("content_policy_violation"))
    );
}
