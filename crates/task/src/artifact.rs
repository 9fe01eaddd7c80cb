//! What comes out: first where the vendor has it, then where we have it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A picture that was asked for.
    Image,
    /// One of several single pictures beside the main one.
    Single,
    /// A film that was asked for.
    Video,
    /// A sound file that was asked for.
    Audio,
    /// A cover or thumbnail beside the real thing.
    Cover,
    /// The same sound without loss, beside the real thing: its key differs in the extension alone.
    Wav,
    /// The last still of a film, beside it.
    LastFrame,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] =
        [Self::Image, Self::Single, Self::Video, Self::Audio, Self::Cover, Self::Wav, Self::LastFrame];

    /// The word in JSON, logs and keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Single => "single",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Cover => "cover",
            Self::Wav => "wav",
            Self::LastFrame => "last_frame",
        }
    }
}

/// Where the vendor has an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A URL from the vendor's answer. May be signed: never logged, never shown.
    Url(String),
    /// Something that [`the dialect`](Self) turns into a request of its own.
    Refetch(Value),
    /// The bytes came with the answer and are in the store already, under this key.
    Stored(String),
    /// The bytes came with the answer. They go to the store before any verb is called.
    #[serde(skip)]
    Inline(Bytes),
}

/// One output, as the vendor's answer named it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// What it is for.
    pub role: Role,
    /// Which of several results it belongs to (a song's cover goes with its sound), from 0: its place in
    /// [`Details::clips`](crate::Details::clips) where there are any.
    #[serde(default)]
    pub piece: i64,
    /// Where it is.
    pub source: Source,
}

impl Output {
    /// An output of the first piece.
    pub fn new(role: Role, source: Source) -> Self {
        Self { role, piece: 0, source }
    }

    /// The same, of another piece.
    pub fn of_piece(self, piece: i64) -> Self {
        Self { piece, ..self }
    }
}

/// One output in our own store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// Place among the task's outputs, from 0.
    pub position: i64,
    /// What it is for.
    pub role: Role,
    /// Which of several results it belongs to, from 0.
    #[serde(default)]
    pub piece: i64,
    /// Key in the store: `task-artifacts/yyyy/mm/dd/<family>/<action>/<task id>[-n].<ext>`.
    pub key: String,
    /// What the bytes themselves say they are.
    pub content_type: String,
    /// Length.
    pub bytes: i64,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
    /// Pixels across, read from the file's own header.
    pub width: Option<i64>,
    /// Pixels down, read from the file's own header.
    pub height: Option<i64>,
    /// Playing time, read from the file's own header.
    pub duration_ms: Option<i64>,
    /// Found after the task had ended (an orphan operation); state and money stayed.
    pub late: bool,
}
