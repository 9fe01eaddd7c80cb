//! What the sim received: the proof that nothing was submitted twice.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of the submissions with one `state`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submits {
    /// Requests that came in.
    pub received: u64,
    /// Requests that started work: what a vendor would charge for.
    pub accepted: u64,
    /// Requests that were answered with a task of before (code 21).
    pub existing: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests dropped before they were recorded.
    pub lost: u64,
}

/// What the sim received since its folder was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests by route, `imagine`, `fetch` …; polls and downloads only since the last start.
    pub routes: BTreeMap<String, u64>,
    /// Submissions by the `state` that they carried (`""` for none).
    pub submits: BTreeMap<String, Submits>,
    /// Callbacks sent since the last start.
    pub callbacks: u64,
}

impl Counts {
    /// How many submissions started work.
    pub fn accepted(&self) -> u64 {
        self.submits.values().map(|submits| submits.accepted).sum()
    }

    /// The `state`s whose submissions started work more than once.
    pub fn doubled(&self) -> Vec<&str> {
        self.submits.iter().filter(|(_, s)| s.accepted > 1).map(|(state, _)| state.as_str()).collect()
    }
}
