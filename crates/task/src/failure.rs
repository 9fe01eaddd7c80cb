//! Why a task failed: a kind, whether a retry may help, what the caller is told, what the log is told.

use serde::{Deserialize, Serialize};

/// What sort of failure it was. Families turn it into their own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The vendor tried and failed.
    Upstream,
    /// The vendor refused the content.
    Moderation,
    /// The request can never work as it is (parameters, inputs).
    InvalidInput,
    /// The vendor refused for a reason of its own (credentials, account, quota).
    Refused,
    /// A deadline passed.
    Expired,
    /// The vendor twice said that it does not know the task.
    LostUpstream,
    /// The vendor made it, but it could not be copied in time.
    ArtifactLost,
    /// The paid request may have arrived; nobody could tell.
    Uncertain,
    /// No channel could take it before the deadline.
    NoChannel,
    /// A mistake of ours.
    Internal,
}

impl FailureKind {
    /// The word in JSON, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Moderation => "moderation",
            Self::InvalidInput => "invalid_input",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::LostUpstream => "lost_upstream",
            Self::ArtifactLost => "artifact_lost",
            Self::Uncertain => "uncertain",
            Self::NoChannel => "no_channel",
            Self::Internal => "internal",
        }
    }

    /// `error.type` as every family shows it (`contract/DECISIONS.md`, failure object):
    /// one of `moderation`, `invalid_input`, `upstream`, `expired`.
    pub fn public_type(self) -> &'static str {
        match self {
            Self::Moderation => "moderation",
            Self::InvalidInput => "invalid_input",
            Self::Expired => "expired",
            _ => "upstream",
        }
    }
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// On the same channel, after so many milliseconds (or the stage's own back-off).
    Later(Option<i64>),
    /// On another channel; the task itself is fine.
    Elsewhere,
    /// Never.
    Never,
}

/// A failure with everything that the core needs to act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {public}", kind.as_str())]
pub struct Failure {
    /// What sort it was.
    pub kind: FailureKind,
    /// Whether trying again may help.
    pub retry: Retry,
    /// What the caller is told. No secret, no URL with a signature.
    pub public: String,
    /// What the log and the operator are told. No secret either.
    pub private: String,
}

impl Failure {
    /// A failure that no retry helps.
    pub fn never(kind: FailureKind, public: impl Into<String>, private: impl Into<String>) -> Self {
        Self { kind, retry: Retry::Never, public: public.into(), private: private.into() }
    }

    /// A failure that may pass by itself.
    pub fn later(
        kind: FailureKind,
        after_ms: Option<i64>,
        public: impl Into<String>,
        private: impl Into<String>,
    ) -> Self {
        Self { kind, retry: Retry::Later(after_ms), public: public.into(), private: private.into() }
    }

    /// A failure of this channel, not of the task.
    pub fn elsewhere(kind: FailureKind, public: impl Into<String>, private: impl Into<String>) -> Self {
        Self { kind, retry: Retry::Elsewhere, public: public.into(), private: private.into() }
    }
}
