//! The doorbell: apalis drives the workers, a scheduler of ids says what is due.
//!
//! Nothing here is the truth. An entry is a task's id, a channel and a due time; all of it can be
//! rebuilt from the ledger. No apalis or redis type leaves this crate.

pub mod memory;
pub mod redis;
pub mod scheduler;
pub mod worker;

pub use crate::redis::{RedisScheduler, RedisSettings, RedisUrlError};
pub use memory::MemoryScheduler;
pub use scheduler::{
    Batch, Changes, Claim, Entry, Finish, Lane, LaneCounts, Limits, QueueError, Scheduler, SubmitGate,
};
pub use worker::{Handler, LaneSettings, Lease, LeaseKeeper, RunError, run, step};
