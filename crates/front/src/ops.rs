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
use store::Spill;

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
    /// Outputs wait in it for the store.
    InUse,
    /// Most of its room is taken.
    NearlyFull,
}

impl Check {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Filling => "filling",
            Self::Away => "away",
            Self::InUse => "in use",
            Self::NearlyFull => "nearly full",
        }
    }
}

/// 200 when requests may come here, else 503 with the names of what is missing. Without the queue or the
/// store the answer is "degraded", with their names, and still 200: a submission is safe once the ledger has
/// it, the sweep rings the bell later (`DESIGN.md` section 4, guarantee 1), and copies wait for the store.
/// Only a submission that brings its own large inputs is refused while there is no store (section 5). A worker
/// whose spill folder is in use is degraded, too.
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
    let spill = front.spill.as_deref().map(spill_check);
    let (status, body) = verdict(ledger, store, queue, spill, draining);
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// How the spill folder does; from four fifths of its room on it is nearly full, as the alert says.
fn spill_check(spill: &Spill) -> Check {
    let nearly_full = spill.used_bytes() > spill.max_bytes() / 5 * 4;
    match spill.files() {
        _ if nearly_full => Check::NearlyFull,
        0 => Check::Ok,
        _ => Check::InUse,
    }
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

fn verdict(ledger: Check, store: Check, queue: Check, spill: Option<Check>, draining: bool) -> (StatusCode, Value) {
    let mut missing = Vec::new();
    if ledger != Check::Ok {
        missing.push("ledger");
    }
    if draining {
        missing.push("draining");
    }
    let may_lack = [("store", store), ("queue", queue), ("spill", spill.unwrap_or(Check::Ok))];
    let degraded: Vec<&str> = may_lack.into_iter().filter(|(_, c)| *c != Check::Ok).map(|(n, _)| n).collect();
    let status = match (missing.is_empty(), degraded.is_empty()) {
        (false, _) if draining => "draining",
        (false, _) => "unavailable",
        (true, false) => "degraded",
        (true, true) => "ready",
    };
    let code = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut checks = json!({ "ledger": ledger.word(), "store": store.word(), "queue": queue.word() });
    if let Some(spill) = spill {
        checks["spill"] = json!(spill.word());
    }
    (code, json!({ "status": status, "missing": missing, "degraded": degraded, "checks": checks }))
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
    fn a_missing_queue_or_store_degrades_and_a_missing_ledger_refuses() {
        let (code, body) = verdict(Check::Ok, Check::Ok, Check::Away, None, false);
        assert_eq!((code, &body["status"], &body["degraded"]), (StatusCode::OK, &json!("degraded"), &json!(["queue"])));
        let (code, body) = verdict(Check::Ok, Check::Away, Check::Ok, None, false);
        assert_eq!((code, &body["status"], &body["degraded"]), (StatusCode::OK, &json!("degraded"), &json!(["store"])));
        let (code, body) = verdict(Check::Away, Check::Ok, Check::Ok, None, false);
        assert_eq!((code, &body["missing"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(["ledger"])));
        let (code, body) = verdict(Check::Ok, Check::Away, Check::Filling, None, true);
        assert_eq!((code, &body["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("draining")));
        assert_eq!((&body["missing"], &body["degraded"]), (&json!(["draining"]), &json!(["store", "queue"])));
    }

    #[test]
    fn a_spill_folder_in_use_degrades() {
        let told = |spill| {
            let (code, body) = verdict(Check::Ok, Check::Ok, Check::Ok, spill, false);
            (code, body["status"].clone(), body["checks"]["spill"].clone())
        };
        assert_eq!(told(None), (StatusCode::OK, json!("ready"), Value::Null));
        assert_eq!(told(Some(Check::Ok)), (StatusCode::OK, json!("ready"), json!("ok")));
        assert_eq!(told(Some(Check::InUse)), (StatusCode::OK, json!("degraded"), json!("in use")));
        assert_eq!(told(Some(Check::NearlyFull)), (StatusCode::OK, json!("degraded"), json!("nearly full")));
    }

    #[tokio::test]
    async fn a_folder_is_nearly_full_before_it_is_full() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = Arc::new(task::clock::ManualClock::new(0));
        let spill = Spill::open(folder.path().to_owned(), 10, clock).await.expect("a folder opens");
        assert_eq!(spill_check(&spill), Check::Ok);
        for (key, found) in [("a", Check::InUse), ("b", Check::NearlyFull)] {
            let body = Box::pin(futures::stream::once(async { Ok(bytes::Bytes::from_static(b"12345")) }));
            spill.put(key, "image/png", body).await.expect("there is room");
            assert_eq!(spill_check(&spill), found);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_counts_as_failed() {
        let hung = std::future::pending::<Result<(), std::io::Error>>();
        assert_eq!(within("store", hung).await, None);
        assert_eq!(within("store", async { Ok::<_, std::io::Error>(7) }).await, Some(7));
    }
}
