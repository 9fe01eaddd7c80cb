//! An upstream that knows every operation: it answers a list with how far each one is, which moves on
//! between any two polls.

use super::serve_until_left;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write;
use tokio::time::Instant;

/// Seconds after which a task is a percent further.
const PERCENT_S: u64 = 4;

#[derive(Deserialize)]
struct Wanted {
    ids: Vec<String>,
}

pub(super) async fn play() -> anyhow::Result<()> {
    let route = post(list).with_state(Instant::now());
    serve_until_left(Router::new().route("/mj/task/list-by-condition", route)).await
}

async fn list(State(began): State<Instant>, Json(wanted): Json<Wanted>) -> Json<Box<RawValue>> {
    let percent = (1 + began.elapsed().as_secs() / PERCENT_S).min(98);
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
