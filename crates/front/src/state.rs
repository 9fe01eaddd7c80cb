//! What every handler is given. Each field is there for a reason that its line tells.

use ledger::{ChannelCache, Ledger};
use queue::Scheduler;
use std::path::PathBuf;
use std::sync::Arc;
use store::{Spill, Store};
use task::{AddressRanges, Clock, Entropy, Traces};
use tokio_util::sync::CancellationToken;

/// Shared state; cheap to clone.
#[derive(Clone)]
pub struct Front {
    /// The truth.
    pub ledger: Ledger,
    /// The channels, re-read when they change.
    pub channels: ChannelCache,
    /// The doorbell: rung after a commit, never awaited by an answer.
    pub scheduler: Arc<dyn Scheduler>,
    /// Where inputs go and artifacts come from.
    pub store: Arc<dyn Store>,
    /// Where this process's stages let outputs wait while the store is away; `/readyz` tells of it.
    pub spill: Option<Arc<Spill>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for ids and keys.
    pub entropy: Arc<dyn Entropy>,
    /// What ties the spans of submissions to traces.
    pub traces: Arc<dyn Traces>,
    /// What was configured.
    pub settings: Arc<Settings>,
    /// Cancelled when the process begins to drain: held answers end, readiness says no.
    pub draining: CancellationToken,
    /// Writes out the metrics of this process; the recorder belongs to the composer. None: no `/metrics`.
    pub metrics: Option<crate::ops::Render>,
}

/// What was configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where callers reach artifacts: `{public base}/task-artifacts/…`. No slash at its end.
    pub media_base: String,
    /// Where callers and upstreams reach this service. No slash at its end.
    pub public_base: String,
    /// Addresses that callback URLs may name beside public ones.
    pub callback_ranges: Arc<AddressRanges>,
    /// Secret of the loopback admin API.
    pub admin_secret: task::Secret,
    /// How long a task may take in all.
    pub task_deadline_ms: i64,
    /// How long an idempotency key is remembered.
    pub idempotency_ms: i64,
    /// How long artifacts are kept; none: for ever.
    pub retention_ms: Option<i64>,
    /// Quota reserved for each task; 0 until prices have their own issue.
    pub price: i64,
    /// Words that a prompt may not hold (Midjourney's code 24); lower case.
    pub banned_words: Vec<String>,
    /// Set in `backlot dev` only.
    pub dev: Option<Dev>,
}

/// What only `backlot dev` has.
#[derive(Debug, Clone)]
pub struct Dev {
    /// The file that holds the dev token; pages name it and never show the token.
    pub token_path: PathBuf,
}

impl Front {
    /// Turns a store key into a link that callers may use: stable, no query string, no key needed
    /// (`contract/DECISIONS.md`, artifact URLs).
    pub fn link(&self, key: &str) -> String {
        format!("{}/{key}", self.settings.media_base)
    }
}
