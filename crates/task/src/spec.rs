//! What was asked for, in words that no vendor owns.

use crate::id::TaskId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What sort of work it is. A dialect lists the kinds that it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Pictures from words, perhaps with reference pictures.
    Image,
    /// One picture from several.
    Blend,
    /// Words from a picture.
    Describe,
    /// Shorter words from words.
    Shorten,
    /// A button of an earlier task: upscale, variation, reroll, zoom, pan …
    FollowUp,
    /// The answer to a question that an earlier task asked.
    Modal,
}

impl Kind {
    /// The word in JSON, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Blend => "blend",
            Self::Describe => "describe",
            Self::Shorten => "shorten",
            Self::FollowUp => "follow_up",
            Self::Modal => "modal",
        }
    }

    /// Whether the work belongs to a parent, and so to the parent's channel.
    pub fn needs_parent(self) -> bool {
        matches!(self, Self::FollowUp | Self::Modal)
    }
}

/// How fast, where the vendor sells speeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// Cheap and slow.
    Relax,
    /// The usual.
    Fast,
    /// Dear and quick.
    Turbo,
}

/// Where an input's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputData {
    /// As the caller gave it: base64, perhaps with a `data:` prefix. Not decoded yet, so perhaps broken.
    Inline(String),
    /// Decoded into the store by front, under this key.
    Stored {
        /// Key in the store, under `inputs/`.
        key: String,
        /// What the bytes themselves say they are.
        content_type: String,
        /// Length of the decoded bytes.
        bytes: u64,
    },
    /// A caller's URL, never fetched before the answer.
    Url(String),
    /// It could not be decoded. The task fails with this public reason; the request does not.
    Broken(String),
}

/// One input and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What it is for: `reference`, `blend`, `describe`, `mask` …
    pub role: String,
    /// Where it is.
    pub data: InputData,
}

/// What was asked for. Common fields are those that three vendors share; the rest travels raw in
/// `extras`, keyed by dialect, so that a vendor's own field reaches that vendor untouched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// What sort of work.
    pub kind: Kind,
    /// The words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// Pictures and other files that go in, in the caller's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// The task that this one follows up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    /// The button that was pressed: its `custom_id`, verbatim from the parent's buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// How fast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<Speed>,
    /// Raw fields by dialect name. A bag for another dialect is dropped with a warning on the task.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extras: BTreeMap<String, Map<String, Value>>,
}

impl Spec {
    /// A spec of this kind with nothing in it yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            prompt: String::new(),
            inputs: Vec::new(),
            parent: None,
            button: None,
            speed: None,
            extras: BTreeMap::new(),
        }
    }

    /// A raw field that was meant for `dialect`.
    pub fn extra(&self, dialect: &str, field: &str) -> Option<&Value> {
        self.extras.get(dialect)?.get(field)
    }
}
