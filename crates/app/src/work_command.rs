//! `backlot work`: stages of a scaled-out installation. As many of these as one likes, each with all stages
//! or with some.

use crate::cli::{Stage, WorkArgs};
use crate::gauges::Measured;
use crate::ops_side::{self, OpsSide};
use crate::spill::SpillPlace;
use crate::stop::Stop;
use crate::traces::Traces;
use crate::{config, logs, metered, print, scaled, stages};
use anyhow::Context;
use front::Front;
use std::time::Duration;
use task::Entropy;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use workers::{Core, sweep, unspill};

/// How often progress is written and the channels' version looked at where no sweep does it.
const FRESH_PERIOD: Duration = Duration::from_secs(1);

/// Runs until a signal says stop.
pub(crate) async fn run(args: WorkArgs) -> anyhow::Result<()> {
    let config = config::load_usable(&args.place.config)?;
    let mut traces = Traces::start(config::trace_settings(&config.traces).as_ref())?;
    logs::install(traces.take_layer())?;
    let metrics = metered::install()?;
    let stop = Stop::at_signals(Duration::ZERO, Duration::from_millis(config.shutdown.drain_ms))?;
    let ops_listener = ops_side::bind(config.http.ops_listen, "http.ops_listen").await?;
    let chosen = Stage::chosen(&args.stages);

    let parts = scaled::parts(&config, &stop).await?;
    let spill = scaled::spill(&config, &parts).await?;
    let front = scaled::front(&config, &parts, &stop, None, traces.ties.clone())?;
    let front = Front { spill: spill.as_ref().map(SpillPlace::files), ..front };
    let core = scaled::core(&config, &parts)?.with_traces(traces.ties.clone());
    let core = spill.iter().fold(core, |core, place| place.give_to(core));
    sweep::apply_channels(&core).await;
    let ops = OpsSide::start(ops_listener, &front, metrics, Measured::ServersAndLanes, &stop)?;
    let names: Vec<&str> = chosen.iter().map(|stage| stage.as_str()).collect();
    print::line(&format!("backlot work ({}) has its ops routes on http://{}", names.join(", "), ops.address));

    let mut lanes = workers::lanes(&core);
    lanes.retain(|lane| chosen.iter().any(|stage| stage.lane() == Some(lane.lane)));
    let working = tokio::spawn(stages::run_lanes(core.clone(), lanes, stop.clone()));
    let unspilling = tokio::spawn(unspill::run(core.clone(), stop.soft.clone()));
    let beside = if chosen.contains(&Stage::Sweep) {
        tokio::spawn(stages::run_sweep(core, holder(&*parts.entropy), stop.clone()))
    } else {
        tokio::spawn(keep_fresh(core, stop.soft.clone()))
    };
    let worked = working.await.context("the stages came down");
    stop.now();
    beside.await.context("the sweep came down")?;
    unspilling.await.context("the walk over the spill folder came down")?;
    ops.end().await;
    parts.ledger.close().await;
    traces.end(&stop.hard).await;
    worked?
}

/// A name that no other process has, on whichever machine.
fn holder(entropy: &dyn Entropy) -> String {
    let mut random = [0; 8];
    entropy.fill(&mut random);
    format!("pid-{}-{:016x}", std::process::id(), u64::from_be_bytes(random))
}

/// What the sweep does in passing where it runs: progress is written, changed channels are heard of.
async fn keep_fresh(core: Core, stop: CancellationToken) {
    let mut ticks = interval(FRESH_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let ends = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        if let Err(error) = core.ledger.flush_progress(core.clock.now_ms()).await {
            tracing::warn!(%error, "progress not written");
        }
        if ends {
            return;
        }
        match core.channels.refresh().await {
            Ok(true) => sweep::apply_channels(&core).await,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "channels not read; the known ones stay"),
        }
    }
}
