//! What the sim remembers of a task. How the task looks at a moment follows from it alone.

use crate::effect::{Effect, Planned};
use crate::picture::Picture;
use crate::troubles::Troubles;
use serde::{Deserialize, Serialize};

/// Which proxy is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flavour {
    TrueAi,
    NoviceZk,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// 16 digits.
    pub id: String,
    pub flavour: Flavour,
    /// The protocol's word, `IMAGINE` …
    pub action: String,
    /// `RELAX`, `FAST` or `TURBO`.
    pub mode: String,
    pub bot_type: String,
    /// What was asked for in words; a follow-up shows its parent's.
    pub prompt: String,
    /// The caller's own text.
    pub state: String,
    /// Where changes are told; `""` for nowhere.
    pub notify_hook: String,
    /// The task that it follows up, and the button that was pressed on it.
    pub parent: Option<(String, String)>,
    /// Unlike for each task; part of its buttons.
    pub job: String,
    pub seed: u32,
    pub submit_ms: i64,
    /// From the start of its work until it is sent on.
    pub sent_after_ms: i64,
    /// From the start of its work until progress shows.
    pub started_after_ms: i64,
    /// From the start of its work until it is over.
    pub ended_after_ms: i64,
    /// From submission until it asks for a modal; `None`: it never does.
    pub asks_after_ms: Option<i64>,
    /// When the modal was answered: its work starts there.
    pub answered_ms: Option<i64>,
    pub cancelled_ms: Option<i64>,
    /// Troubles that were decided when it was submitted.
    pub troubles: Vec<Planned>,
    pub picture: Option<Picture>,
    /// Words that come out.
    pub words: Vec<String>,
    /// Files that came in, by name; see `/sim/files/{name}`.
    pub inputs: Vec<String>,
    /// A mask came with the modal.
    pub masked: bool,
}

impl Record {
    /// Its troubles, to be asked.
    pub(crate) fn trouble(&self) -> Troubles<'_> {
        Troubles(&self.troubles)
    }

    /// How it fails at its end, if it does; a moderator who comes late makes it fail too.
    pub(crate) fn fails(&self) -> Option<&str> {
        self.trouble().fails().or(self.trouble().moderated_late())
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.has(&Effect::Stuck)
    }

    /// Whether the proxy has lost its memory of it.
    pub(crate) fn is_forgotten(&self, now_ms: i64) -> bool {
        self.trouble().forget_after_ms().is_some_and(|after_ms| now_ms >= self.submit_ms.saturating_add(after_ms))
    }

    pub(crate) fn has(&self, effect: &Effect) -> bool {
        self.trouble().has(effect)
    }
}
