//! An upstream that knows every operation: it answers a list with how far each one is, which moves on
//! between any two polls.

use super::serve_until_left;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// Seconds after which a task is a percent further.
const PERCENT_S: u64 = 4;

#[derive(Deserialize)]
struct Wanted {
    ids: Vec<String>,
}

/// What it remembers.
struct Memory {
    began: Instant,
    /// Lists that it was asked for.
    asked: AtomicU64,
}

pub(super) async fn play() -> anyhow::Result<()> {
    let memory = Arc::new(Memory { began: Instant::now(), asked: AtomicU64::new(0) });
    let routes = Router::new().route("/mj/task/list-by-condition", post(list)).route("/seen", get(seen));
    serve_until_left(routes.with_state(memory)).await
}

async fn seen(State(memory): State<Arc<Memory>>) -> String {
    memory.asked.load(Ordering::Relaxed).to_string()
}

async fn list(State(memory): State<Arc<Memory>>, Json(wanted): Json<Wanted>) -> Json<Box<RawValue>> {
    memory.asked.fetch_add(1, Ordering::Relaxed);
    let percent = (1 + memory.began.elapsed().as_secs() / PERCENT_S).min(98);
    let mut text = String::from("[");
    for id in &wanted.ids {
        let comma = if text.len() > 1 { "," } else { "" };
        // A string takes whatever it is given.
        let _written = write!(
            text,
            r#"{comma}{{"id":"{id}","action":"IMAGINE","status":"IN_PROGRESS","progress":"{percent}%","prompt":"a lighthouse","submitTime":1790000000000,"startTime":1790000001000}}"#
        );
    }
    text.push(']');
    Json(RawValue::from_string(text).unwrap_or_default())
}
