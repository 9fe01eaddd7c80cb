//! Callbacks: flat, told at each change, signed when there is a secret.

use crate::asker::{Asker, DONE_MS};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Letters = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn take(State(letters): State<Letters>, headers: HeaderMap, body: Bytes) {
    letters.lock().expect("no test panics with it").push((headers, body));
}

async fn run(hook_secret: Option<&str>, path: &str, body: impl Fn(&str) -> Value) -> Vec<(HeaderMap, Value)> {
    let letters = Letters::default();
    let app = axum::Router::new().route("/hook", post(take)).with_state(letters.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let asker = Asker::with(None, hook_secret).await;
    asker.opened(path, body(&url)).await;
    for _ in 0..100 {
        asker.clock.advance_ms(DONE_MS / 100);
        asker.sim.tick().await;
    }
    let letters = letters.lock().expect("no test panics with it").clone();
    letters.iter().map(|(headers, body)| (headers.clone(), serde_json::from_slice(body).expect("JSON"))).collect()
}

#[tokio::test]
async fn legacy_letters_are_flat() {
    let body = |url: &str| json!({"prompt": "a cat", "callback_url": url, "external_task_id": "job-1"});
    let letters = run(None, "/v1/videos/text2video", body).await;
    let words: Vec<&Value> = letters.iter().map(|(_, letter)| &letter["task_status"]).collect();
    assert_eq!(words, ["processing", "succeed"]);
    let (headers, last) = &letters[1];
    assert!(last.get("code").is_none() && last.get("data").is_none());
    assert_eq!(last["task_info"]["external_task_id"], "job-1");
    assert!(last["task_result"]["videos"][0]["url"].as_str().is_some_and(|url| url.starts_with("http")));
    assert!(!headers.contains_key("webhook-signature"), "no secret, no signature");
}

#[tokio::test]
async fn new_letters_are_the_polls_object_and_signed() {
    let secret = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=";
    let body = |url: &str| json!({"prompt": "a cat [sim:fail=no luck]", "options": {"callback_url": url}});
    let letters = run(Some(secret), "/text-to-video/kling-3.0", body).await;
    let words: Vec<&Value> = letters.iter().map(|(_, letter)| &letter["status"]).collect();
    assert_eq!(words, ["processing", "failed"]);
    let (headers, last) = &letters[1];
    assert_eq!((&last["message"], &last["outputs"]), (&json!("no luck"), &json!([])));
    for name in ["webhook-id", "webhook-timestamp"] {
        assert!(headers.contains_key(name), "{name}");
    }
    assert!(headers["webhook-signature"].to_str().expect("text").starts_with("v1,"));
}
