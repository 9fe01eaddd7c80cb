//! Callbacks: three for songs, one for words, in snake case.

use crate::asker::{Asker, DONE_MS, song};
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Letters = Arc<Mutex<Vec<Value>>>;

async fn take(State(letters): State<Letters>, Json(letter): Json<Value>) {
    letters.lock().expect("no test panics with it").push(letter);
}

async fn run(path: &str, mut body: Value) -> Vec<Value> {
    let letters = Letters::default();
    let app = axum::Router::new().route("/hook", post(take)).with_state(letters.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    body["callBackUrl"] = format!("http://{}/hook", listener.local_addr().expect("an address")).into();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let asker = Asker::start().await;
    asker.submit(path, body).await;
    for _ in 0..100 {
        asker.clock.advance_ms(DONE_MS / 100);
        asker.sim.tick().await;
    }
    letters.lock().expect("no test panics with it").clone()
}

fn kinds(letters: &[Value]) -> Vec<&str> {
    letters.iter().filter_map(|letter| letter["data"]["callbackType"].as_str()).collect()
}

#[tokio::test]
async fn songs_are_told_three_times_in_snake_case() {
    let letters = run("/api/v1/generate", song("a march")).await;
    assert_eq!(kinds(&letters), ["text", "first", "complete"]);
    let last = &letters[2];
    assert_eq!(last["code"], 200);
    let song = &last["data"]["data"][1];
    assert!(last["data"]["task_id"].is_string() && song["audio_url"].is_string() && song["model_name"].is_string());
    assert!(song.get("audioUrl").is_none() && song["createTime"].is_i64());
}

#[tokio::test]
async fn a_failure_is_told_as_an_error() {
    let letters = run("/api/v1/generate", song("a march [sim:fail=no luck]")).await;
    assert_eq!(kinds(&letters), ["text", "first", "error"]);
    assert_eq!((&letters[2]["code"], &letters[2]["msg"]), (&json!(500), &json!("no luck")));
}

#[tokio::test]
async fn words_are_told_once() {
    let letters = run("/api/v1/lyrics", json!({"prompt": "a red boat"})).await;
    assert_eq!(kinds(&letters), ["complete"]);
    assert!(letters[0]["data"]["data"][0]["text"].is_string());
}
