//! The stages and the sweep as tasks of a process: when one of them ends unasked, everything ends.

use crate::stop::Stop;
use anyhow::{Context, bail};
use queue::LaneSettings;
use std::time::Duration;
use tokio::time::timeout;
use workers::{Core, sweep};

/// How long a process that was told to end at once may take to write down what it lets go of.
const LET_GO_LIMIT: Duration = Duration::from_secs(5);

/// Works the lanes until told to stop.
pub(crate) async fn run_lanes(core: Core, lanes: Vec<LaneSettings>, stop: Stop) -> anyhow::Result<()> {
    if lanes.is_empty() {
        stop.soft.cancelled().await;
        return Ok(());
    }
    let ended = queue::run(core.scheduler.clone(), lanes, stop.soft.clone(), stop.hard.clone()).await;
    let asked = stop.soft.is_cancelled();
    // Nothing is under way any more unless the handlers were dropped.
    match timeout(LET_GO_LIMIT, core.let_go()).await {
        Ok(0) => {}
        Ok(tasks) => tracing::warn!(tasks, "let go of submissions under way"),
        Err(_) => tracing::warn!("submissions under way are left to their leases: the ledger does not answer"),
    }
    stop.now();
    ended.context("the stages ended with an error")?;
    if !asked {
        bail!("the stages ended without being asked to");
    }
    Ok(())
}

/// Sweeps until told to stop. Without it, what was forgotten stays so: its end is everybody's.
pub(crate) async fn run_sweep(core: Core, holder: String, stop: Stop) {
    let ended = stop.soft.clone().drop_guard();
    tokio::select! {
        () = sweep::run(core.clone(), holder.clone(), stop.soft.clone()) => {}
        () = stop.hard.cancelled() => {
            // A pass may end anywhere; only the next sweeper must not wait for the lease.
            let dropped = timeout(LET_GO_LIMIT, core.ledger.drop_ledger_lease("sweep", &holder)).await;
            if !matches!(dropped, Ok(Ok(_))) {
                tracing::warn!("the sweep's lease is left to its end");
            }
        }
    }
    drop(ended);
}
