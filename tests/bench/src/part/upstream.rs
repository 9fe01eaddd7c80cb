//! The make-believe upstream, a receiver of callbacks, and an S3 server that keeps nothing.

use super::sink::{self, Seen};
use super::{say, until_left};
use crate::nature::SystemClock;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use sim::{Pace, Sim, SimConfig};
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What it is like.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Upstream {
    /// How long a picture takes.
    pub(crate) grid_ms: i64,
    /// A picture's edge.
    pub(crate) picture_px: u32,
}

#[derive(Debug, Default)]
struct Heard {
    callbacks: AtomicU64,
    sink: Arc<Seen>,
}

pub(super) async fn play(upstream: Upstream) -> anyhow::Result<()> {
    let pace = Pace { sent_ms: 50, started_ms: 100, grid_ms: upstream.grid_ms, ..Pace::default() };
    let config =
        SimConfig { pace, picture_px: upstream.picture_px, singles: false, ..SimConfig::new(Arc::new(SystemClock)) };
    let sim = Sim::start(config).await?;
    let heard: Arc<Heard> = Arc::default();
    let own = Router::new().route("/hook", post(hear)).route("/seen", get(seen)).with_state(heard.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    say(&(sim.addr, listener.local_addr()?))?;
    tokio::select! {
        served = axum::serve(listener, own.fallback_service(sink::router(heard.sink.clone()))).into_future() => served?,
        () = until_left() => {}
    }
    sim.stop().await;
    Ok(())
}

async fn hear(State(heard): State<Arc<Heard>>) {
    heard.callbacks.fetch_add(1, Ordering::Relaxed);
}

async fn seen(State(heard): State<Arc<Heard>>) -> String {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    format!("[{},{},{}]", count(&heard.callbacks), count(&heard.sink.puts), count(&heard.sink.bytes))
}
