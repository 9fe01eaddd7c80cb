//! The stages and the sweep as tasks of a process: when one of them ends unasked, everything ends.

use crate::stop::Stop;
use anyhow::{Context, bail};
use queue::LaneSettings;
use workers::{Core, sweep};

/// Works the lanes until told to stop.
pub(crate) async fn run_lanes(core: Core, lanes: Vec<LaneSettings>, stop: Stop) -> anyhow::Result<()> {
    if lanes.is_empty() {
        stop.soft.cancelled().await;
        return Ok(());
    }
    let ended = queue::run(core.scheduler.clone(), lanes, stop.soft.clone(), stop.hard.clone()).await;
    let asked = stop.soft.is_cancelled();
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
    sweep::run(core, holder, stop.soft.clone()).await;
    drop(ended);
}
