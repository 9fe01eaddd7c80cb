//! The callers' end of callbacks: writes down which ones came, and how often.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Callbacks by their own id.
#[derive(Debug, Clone, Default)]
pub(super) struct Receiver {
    heard: Arc<Mutex<HashMap<String, u64>>>,
    pub(super) url: String,
}

impl Receiver {
    /// Listens for as long as this program runs.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let receiver = Self { url: format!("http://{}/hook", listener.local_addr()?), ..Self::default() };
        let router = Router::new().route("/hook", post(hear)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(receiver)
    }

    /// Those of these ids that never came.
    pub(super) fn missing(&self, ids: &[String]) -> usize {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().filter(|id| !heard.contains_key(*id)).count()
    }

    /// How many came once more.
    pub(super) fn duplicates(&self) -> u64 {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.values().map(|times| times - 1).sum()
    }
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap) {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    *receiver.heard.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default() += 1;
}
