//! Takes callbacks.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::Value;
use std::sync::{Arc, Mutex};

type Kept = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A receiver of callbacks at `url`.
pub struct Receiver {
    pub url: String,
    kept: Kept,
}

impl Receiver {
    pub async fn start() -> Self {
        let kept = Kept::default();
        let app = axum::Router::new().route("/hook", post(take)).with_state(kept.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, kept }
    }

    pub fn all(&self) -> Vec<(HeaderMap, Bytes)> {
        self.kept.lock().expect("no test panics with it").clone()
    }

    /// The bodies in the order in which they came.
    pub fn bodies(&self) -> Vec<Value> {
        self.all().iter().map(|(_, body)| serde_json::from_slice(body).expect("JSON")).collect()
    }
}

async fn take(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) {
    kept.lock().expect("no test panics with it").push((headers, body));
}
