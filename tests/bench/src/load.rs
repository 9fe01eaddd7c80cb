//! Many clients that ask one after another, each on its own connection.

use crate::client::{Ask, Client};
use crate::report::quantile;
use anyhow::{Context, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Load {
    /// Requests that were answered well.
    pub(crate) requests: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    latencies_ms: Vec<f64>,
}

impl Load {
    /// Answers a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// The latency below which this share of the answers came, ms.
    pub(crate) fn latency_ms(&mut self, share: f64) -> f64 {
        quantile(&mut self.latencies_ms, share)
    }
}

/// How long, or how often.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// For so long.
    Passed(Duration),
    /// So often in all.
    Requests(u64),
}

/// Asks with so many clients. `make` is given a number that no other request of this run has; any answer
/// but 2xx is an error.
pub(crate) async fn run(
    address: SocketAddr,
    key: &str,
    clients: u64,
    until: Until,
    make: impl Fn(u64) -> Ask + Send + Sync + 'static,
) -> anyhow::Result<Load> {
    let (make, numbers) = (Arc::new(make), Arc::new(AtomicU64::new(0)));
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Client::connect(address, key).await?);
    }
    let began = Instant::now();
    let mut running = JoinSet::new();
    for mut client in connections {
        let (make, numbers) = (make.clone(), numbers.clone());
        running.spawn(async move {
            let mut latencies_ms = Vec::new();
            loop {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let is_over = match until {
                    Until::Passed(limit) => began.elapsed() >= limit,
                    Until::Requests(limit) => number >= limit,
                };
                if is_over {
                    return anyhow::Ok(latencies_ms);
                }
                let ask = make(number);
                let asked = Instant::now();
                let (status, body) = client.ask(&ask).await.with_context(|| ask.path.clone())?;
                if !(200..300).contains(&status) {
                    bail!("{} {} answered {status}: {}", ask.method, ask.path, String::from_utf8_lossy(&body));
                }
                latencies_ms.push(asked.elapsed().as_secs_f64() * 1_000.0);
            }
        });
    }
    let mut latencies_ms = Vec::new();
    while let Some(ended) = running.join_next().await {
        latencies_ms.extend(ended??);
    }
    let requests = latencies_ms.len() as u64;
    Ok(Load { requests, seconds: began.elapsed().as_secs_f64(), latencies_ms })
}
