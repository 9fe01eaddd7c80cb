//! The second listener of every scaled-out process: `/healthz`, `/readyz` and `/metrics`, up to the end.

use crate::gauges::{self, Measured};
use crate::stop::Stop;
use anyhow::Context;
use front::Front;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a probe under way may take to end when everything else has ended.
const DRAIN_MS: u64 = 500;

/// Listens, or says which key to change.
pub(crate) async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("{address} can't be listened on; give {key} another address"))
}

/// The listener at work.
pub(crate) struct OpsSide {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    over: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
    looking: JoinHandle<()>,
}

impl OpsSide {
    /// Starts to answer. `front` is the state that readiness looks at; callers' own routes show no metrics.
    pub(crate) fn start(
        listener: TcpListener,
        front: &Front,
        metrics: PrometheusHandle,
        measured: Measured,
        stop: &Stop,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let over = CancellationToken::new();
        let front = Front { metrics: Some(Arc::new(move || metrics.render())), ..front.clone() };
        let looking = tokio::spawn(gauges::run(front.clone(), measured, stop.soft.clone()));
        let router = front::ops::router().with_state(front);
        let serving = tokio::spawn(front::serve(listener, router, over.clone(), DRAIN_MS));
        Ok(Self { address, over, serving, looking })
    }

    /// Ends, when everything else has.
    pub(crate) async fn end(self) {
        self.over.cancel();
        for (what, ended) in [("ops listener", self.serving.await.map(drop)), ("measuring", self.looking.await)] {
            if let Err(error) = ended {
                tracing::warn!(what, %error, "came down");
            }
        }
    }
}
