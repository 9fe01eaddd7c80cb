//! A receiver of callbacks: a real HTTP server that writes down what it hears, in order.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// What a receiver heard.
#[derive(Clone, Default)]
pub(super) struct Receiver {
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    /// The task and the `traceparent` of each callback.
    places: Arc<Mutex<Vec<(Value, String)>>>,
    news: Arc<Notify>,
    pub(super) url: String,
}

impl Receiver {
    /// Listens on a free port for as long as the test runs.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}/hook", listener.local_addr().expect("it has an address"));
        let receiver = Self { url, ..Self::default() };
        let router = axum::Router::new().route("/hook", post(hear)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// The status words heard of a task, in order.
    pub(super) fn words(&self, id: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let of_task = heard.iter().filter(|(_, body)| body["id"] == id);
        of_task.map(|(_, body)| body["status"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The places in a trace that a task's callbacks came from.
    pub(super) fn places(&self, id: &str) -> Vec<String> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.iter().filter(|(task, _)| task == id).map(|(_, place)| place.clone()).collect()
    }

    /// Waits for a callback of a task that tells one of these words, and gives its body.
    pub(super) async fn body(&self, id: &str, words: &[&str]) -> Value {
        loop {
            let news = self.news.notified();
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let told = |body: &Value| words.iter().any(|word| body["status"] == *word);
            if let Some((_, body)) = heard.into_iter().find(|(_, body)| body["id"] == id && told(body)) {
                return body;
            }
            news.await;
        }
    }

    /// Waits until a task's word is heard, and gives all words up to then.
    pub(super) async fn until(&self, id: &str, word: &str) -> Vec<String> {
        loop {
            let news = self.news.notified();
            let words = self.words(id);
            if words.iter().any(|heard| heard == word) {
                return words;
            }
            news.await;
        }
    }
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (id, place) = (header("webhook-id"), header("traceparent"));
    let body: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    receiver.places.lock().unwrap_or_else(PoisonError::into_inner).push((body["id"].clone(), place));
    receiver.heard.lock().unwrap_or_else(PoisonError::into_inner).push((id, body));
    receiver.news.notify_waiters();
    StatusCode::OK
}
