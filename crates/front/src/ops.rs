//! What the machinery around the process asks: is it alive, may it get requests, what does it count.

use crate::state::Front;
use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Writes all metrics of the process in Prometheus' text format. Front owns no recorder: the composer
/// installs one and hands this in.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// How long one readiness check may take before it counts as failed.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// The type of Prometheus' text format, version 0.0.4.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `/healthz`, `/readyz` and `/metrics`; none of them takes a key or tells a secret.
pub fn router() -> Router<Front> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).route("/metrics", get(metrics))
}

/// 200 for as long as the process answers at all. It asks nothing of anybody: a failed ledger is no
/// reason to restart this process.
async fn healthz() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// It works.
    Ok,
    /// It answers, but is still being filled from the ledger.
    Filling,
    /// It does not answer in time, or with an error.
    Away,
}

impl Check {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Filling => "filling",
            Self::Away => "away",
        }
    }
}

/// 200 when requests may come here, else 503 with the names of what is missing. Without the queue the
/// answer is "degraded" and still 200: a submission is safe once the ledger has it, and the sweep rings
/// the bell later (`DESIGN.md` section 4, guarantee 1).
async fn readyz(State(front): State<Front>) -> Response {
    let (ledger, store, queue) = tokio::join!(
        within("ledger", front.ledger.check()),
        within("store", front.store.check()),
        within("queue", front.scheduler.is_filled()),
    );
    let ledger = ledger.map_or(Check::Away, |()| Check::Ok);
    let store = store.map_or(Check::Away, |()| Check::Ok);
    let queue = queue.map_or(Check::Away, |filled| if filled { Check::Ok } else { Check::Filling });
    let draining = front.draining.is_cancelled();
    let (status, body) = verdict(ledger, store, queue, draining);
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Runs one check within [`CHECK_LIMIT`]. Its error goes to the log only: `/readyz` is open to all.
async fn within<T, E: std::fmt::Display>(name: &'static str, check: impl Future<Output = Result<T, E>>) -> Option<T> {
    match tokio::time::timeout(CHECK_LIMIT, check).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            tracing::warn!(check = name, %error, "readiness check failed");
            None
        }
        Err(_) => {
            tracing::warn!(check = name, limit_ms = 2_000, "readiness check took too long");
            None
        }
    }
}

fn verdict(ledger: Check, store: Check, queue: Check, draining: bool) -> (StatusCode, Value) {
    let mut missing: Vec<&str> =
        [("ledger", ledger), ("store", store)].into_iter().filter(|(_, c)| *c != Check::Ok).map(|(n, _)| n).collect();
    if draining {
        missing.push("draining");
    }
    let degraded = queue != Check::Ok;
    let status = match (missing.is_empty(), degraded) {
        (false, _) if draining => "draining",
        (false, _) => "unavailable",
        (true, true) => "degraded",
        (true, false) => "ready",
    };
    let code = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let checks = json!({ "ledger": ledger.word(), "store": store.word(), "queue": queue.word() });
    (code, json!({ "status": status, "missing": missing, "checks": checks }))
}

/// The metrics of this process; 404 when it records none.
async fn metrics(State(front): State<Front>) -> Response {
    match &front.metrics {
        Some(render) => ([(header::CONTENT_TYPE, METRICS_TYPE)], render()).into_response(),
        None => (StatusCode::NOT_FOUND, "this process records no metrics\n").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_queue_degrades_and_a_missing_ledger_refuses() {
        let (code, body) = verdict(Check::Ok, Check::Ok, Check::Away, false);
        assert_eq!((code, &body["status"]), (StatusCode::OK, &json!("degraded")));
        let (code, body) = verdict(Check::Away, Check::Ok, Check::Ok, false);
        assert_eq!((code, &body["missing"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(["ledger"])));
        let (code, body) = verdict(Check::Ok, Check::Away, Check::Filling, true);
        assert_eq!((code, &body["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("draining")));
        assert_eq!(body["missing"], json!(["store", "draining"]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_counts_as_failed() {
        let hung = std::future::pending::<Result<(), std::io::Error>>();
        assert_eq!(within("store", hung).await, None);
        assert_eq!(within("store", async { Ok::<_, std::io::Error>(7) }).await, Some(7));
    }
}
