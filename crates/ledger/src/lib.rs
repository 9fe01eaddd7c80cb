//! The truth: all SQL, one file per entity, over SQLite and Postgres with one text for both.
//!
//! [`Ledger`] is concrete. Its verbs are business steps; the hot ones ([`Ledger::open_task`],
//! [`Ledger::commit`]) share statements and commits (`writer.rs`, `batch.rs`). No statement asks the
//! engine for the time: the clock is an argument, and `server_time.rs` is what a clock may go by.

mod artifact;
mod attempt;
mod batch;
mod callback;
mod change;
mod channel;
mod channel_cache;
mod clip;
mod committer;
mod connection;
mod due;
mod engine;
mod errand;
mod error;
mod event;
mod hint;
mod idempotency;
mod ledger;
mod migrate;
mod opening;
mod orphan;
mod pool;
mod progress;
mod pulse;
mod reader;
mod retention;
mod rows;
mod sealed;
mod server_time;
mod spill;
mod statement;
mod sweep_lease;
mod task;
mod token;
mod unit;
mod unreadable;
mod writer;

pub use crate::attempt::Attempt;
pub use crate::callback::{Callback, CallbackAttempt, CallbackState};
pub use crate::change::{AttemptNote, Change, NewEvent};
pub use crate::channel_cache::ChannelCache;
pub use crate::committer::WriteCounts;
pub use crate::due::DueTask;
pub use crate::errand::{Errand, ErrandKind, ErrandResult};
pub use crate::error::LedgerError;
pub use crate::event::Event;
pub use crate::idempotency::Remembered;
pub use crate::ledger::{Ledger, Options};
pub use crate::opening::{Idempotency, Opened, Opening};
pub use crate::orphan::Orphan;
pub use crate::pulse::Pulse;
pub use crate::retention::Retention;
pub use crate::sealed::Keyring;
pub use crate::spill::Spilled;
pub use crate::task::TaskFilter;
pub use crate::token::NewToken;
