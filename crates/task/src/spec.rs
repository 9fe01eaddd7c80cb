//! What was asked for, in words that no vendor owns.

use crate::artifact::Role;
use crate::id::TaskId;
use crate::song::Song;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

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
    /// A film from words, perhaps with pictures, films or sound to go by.
    Video,
    /// A film made anew from an earlier task's film.
    Remix,
    /// A picture of a person in other clothes.
    TryOn,
    /// A song, or the continuation of one.
    Music,
    /// The words of a song.
    Lyrics,
    /// One song from the pieces of another.
    Concat,
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
            Self::Video => "video",
            Self::Remix => "remix",
            Self::TryOn => "try_on",
            Self::Music => "music",
            Self::Lyrics => "lyrics",
            Self::Concat => "concat",
        }
    }

    /// The role of what was asked for: files of another role come beside it.
    pub fn main_role(self) -> Role {
        match self {
            Self::Video | Self::Remix => Role::Video,
            Self::Music | Self::Concat | Self::Lyrics => Role::Audio,
            Self::Image | Self::Blend | Self::Describe | Self::Shorten | Self::FollowUp | Self::Modal | Self::TryOn => {
                Role::Image
            }
        }
    }

    /// Whether the work belongs to a parent, and so to the parent's channel. Other kinds may have one.
    pub fn needs_parent(self) -> bool {
        matches!(self, Self::FollowUp | Self::Modal | Self::Remix)
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
    /// A file of the request. Front puts it into the store before the task is opened, whatever its size;
    /// no ledger ever holds one.
    #[serde(skip)]
    Bytes(Bytes),
}

/// One input and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What it is for: `reference`, `blend`, `describe`, `mask`; for films `first_frame`, `last_frame`,
    /// `reference_image`, `reference_video`, `reference_audio`; for try-on `human`, `cloth`.
    pub role: String,
    /// Where it is.
    pub data: InputData,
}

/// Pixels across and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Pixels across.
    pub width: i64,
    /// Pixels down.
    pub height: i64,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// One shot of a storyboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shot {
    /// Its words.
    pub prompt: String,
    /// Its length, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
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
    /// Playing time asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Pixels asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// A named resolution asked for, in lower case: `480p`, `720p`, `1080p`, `2k`, `4k`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// Shape asked for: `16:9`, `9:16`, `1:1` …, or `adaptive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<String>,
    /// What should not be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative_prompt: Option<String>,
    /// Where chance begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Whether a film has sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<bool>,
    /// How many outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// A storyboard, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shots: Vec<Shot>,
    /// What only a song has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub song: Option<Box<Song>>,
    /// Raw fields by dialect name. A bag for another dialect is dropped with a warning on the task.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extras: BTreeMap<String, Map<String, Value>>,
    /// Raw fields whose meaning the common fields carry too: whoever leaves their bag aside has not ignored them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub carried: BTreeSet<String>,
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
            seconds: None,
            size: None,
            resolution: None,
            aspect_ratio: None,
            negative_prompt: None,
            seed: None,
            sound: None,
            count: None,
            shots: Vec::new(),
            song: None,
            extras: BTreeMap::new(),
            carried: BTreeSet::new(),
        }
    }

    /// The inputs of this role with their places, in order.
    pub fn inputs_as<'a>(&'a self, role: &'a str) -> impl Iterator<Item = (usize, &'a Input)> {
        self.inputs.iter().enumerate().filter(move |(_, input)| input.role == role)
    }

    /// A raw field that was meant for `dialect`.
    pub fn extra(&self, dialect: &str, field: &str) -> Option<&Value> {
        self.extras.get(dialect)?.get(field)
    }
}
