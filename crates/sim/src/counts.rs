//! What the sim received: the proof that nothing was submitted twice.

use crate::log::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of the submissions with one `state`, or with one prompt.
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

impl Submits {
    /// Counts one more request.
    pub(crate) fn add(&mut self, verdict: Verdict) {
        self.received += 1;
        match verdict {
            Verdict::Accepted => self.accepted += 1,
            Verdict::Existing => self.existing += 1,
            Verdict::Refused => self.refused += 1,
            Verdict::Lost => self.lost += 1,
        }
    }
}

/// What the sim received since its folder was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests by route, `imagine`, `fetch`, `suno_api/fetch` …; polls and downloads only since the
    /// last start.
    pub routes: BTreeMap<String, u64>,
    /// Submissions by the caller's own id that they carried: Midjourney's `state` (`""` for none); for
    /// the other protocols the echoed id, or the prompt where the protocol has none.
    pub submits: BTreeMap<String, Submits>,
    /// Submissions of all protocols by prompt, as it was sent.
    pub prompts: BTreeMap<String, Submits>,
    /// Callbacks sent since the last start.
    pub callbacks: u64,
}

impl Counts {
    /// What became of the submissions with this prompt; all zero when there was none.
    pub fn of_prompt(&self, prompt: &str) -> Submits {
        self.prompts.get(prompt).copied().unwrap_or_default()
    }

    /// How many submissions started work.
    pub fn accepted(&self) -> u64 {
        self.submits.values().map(|submits| submits.accepted).sum()
    }

    /// The `state`s whose submissions started work more than once.
    pub fn doubled(&self) -> Vec<&str> {
        self.submits.iter().filter(|(_, s)| s.accepted > 1).map(|(state, _)| state.as_str()).collect()
    }
}
