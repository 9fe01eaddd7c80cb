//! `backlot serve`: the HTTP side of a scaled-out installation. As many of these as one likes.

use crate::cli::ConfigArgs;
use crate::gauges::Measured;
use crate::ops_side::OpsSide;
use crate::stop::Stop;
use crate::traces::Traces;
use crate::{config, logs, metered, ops_side, print, scaled};
use anyhow::Context;
use front::Front;
use ledger::ChannelCache;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often the channels' version is looked at.
const CHANNELS_PERIOD: Duration = Duration::from_secs(1);

/// Runs until a signal says stop.
pub(crate) async fn run(args: ConfigArgs) -> anyhow::Result<()> {
    let config = config::load_usable(&args.config)?;
    let mut traces = Traces::start(config::trace_settings(&config.traces).as_ref())?;
    logs::install(traces.take_layer())?;
    let metrics = metered::install()?;
    let unready = Duration::from_millis(config.shutdown.unready_ms);
    let stop = Stop::at_signals(unready, Duration::from_millis(config.shutdown.drain_ms))?;
    let listener = ops_side::bind(config.http.listen, "http.listen").await?;
    let ops_listener = ops_side::bind(config.http.ops_listen, "http.ops_listen").await?;
    let address = listener.local_addr()?;

    let parts = scaled::parts(&config, &stop).await?;
    let front = scaled::front(&config, &parts, &stop, None, traces.ties.clone())?;
    let ops = OpsSide::start(ops_listener, &front, metrics, Measured::Servers, &stop)?;
    let fresh = tokio::spawn(keep_channels_fresh(parts.channels.clone(), stop.soft.clone()));
    print::line(&format!("backlot serve listens on http://{address}, its ops routes on http://{}", ops.address));

    let served = serve(front, listener, config.shutdown.drain_ms, &stop).await;
    stop.now();
    fresh.await.context("the channels' watcher came down")?;
    ops.end().await;
    parts.ledger.close().await;
    traces.end(&stop.hard).await;
    served.context("the HTTP side came down")
}

async fn serve(front: Front, listener: tokio::net::TcpListener, drain_ms: u64, stop: &Stop) -> std::io::Result<()> {
    tokio::select! {
        served = front::serve(listener, front::router(front), stop.soft.clone(), drain_ms) => served,
        () = stop.hard.cancelled() => Ok(()),
    }
}

/// Another process may have changed a channel.
async fn keep_channels_fresh(channels: ChannelCache, stop: CancellationToken) {
    let mut ticks = interval(CHANNELS_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = channels.refresh().await {
            tracing::warn!(%error, "channels not read; the known ones stay");
        }
    }
}
