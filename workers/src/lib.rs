//! The stages, one file each, in data order: submit, poll, archive, notify, and the sweep beside them.
//!
//! A stage decides *when*; what a vendor or a caller means is decided by pure functions elsewhere.
//! `outbound` is the only HTTP client on a task's path.

pub mod archive;
pub mod core;
pub mod notify;
pub mod outbound;
pub mod poll;
pub mod spill;
pub mod submit;
pub mod sweep;
pub mod unspill;

mod access;
mod advance;
mod ask;
mod copy;
mod delivered;
mod doubt;
mod elsewhere;
mod errand;
mod fail_points;
mod in_flight;
mod media;
mod orphan;
mod outcome;
mod pace;
mod paid;
mod patience;
mod polled;
mod record;
mod refill;
mod retention;
mod slots;
mod strays;
mod trace;
mod under_way;

pub use crate::core::{Concurrency, Core, Settings};
pub use fail_points::{FAIL_POINTS, arm_fail_points};

use queue::{Lane, LaneSettings};
use std::sync::Arc;

/// The lanes with their stages, for `queue::run` and, one look at a time, `queue::step`.
pub fn lanes(core: &Core) -> Vec<LaneSettings> {
    let settings = &core.settings;
    let width = settings.concurrency;
    vec![
        LaneSettings {
            lane: Lane::Submit,
            concurrency: width.submit,
            batch: 1,
            lease_ms: settings.submit_lease_ms,
            handler: Arc::new(submit::Submit(core.clone())),
        },
        LaneSettings {
            lane: Lane::Poll,
            concurrency: width.poll,
            batch: 100,
            lease_ms: settings.poll_lease_ms,
            handler: Arc::new(poll::Poll(core.clone())),
        },
        LaneSettings {
            lane: Lane::Archive,
            concurrency: width.archive,
            batch: 1,
            lease_ms: settings.archive_lease_ms,
            handler: Arc::new(archive::Archive(core.clone())),
        },
        LaneSettings {
            lane: Lane::Notify,
            concurrency: width.notify,
            batch: 1,
            lease_ms: settings.notify_lease_ms,
            handler: Arc::new(notify::Notify(core.clone())),
        },
    ]
}

#[cfg(test)]
mod tests;
