//! Why a verb was not done.

use ledger::LedgerError;
use serde_json::{Value, json};

/// Why a verb was not done. The text says what to do about it and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerbError {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// A field can't be used as it is; the text says what would be accepted.
    #[error("{field}: {message}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// It can't be done in the state that things are in.
    #[error("{0}")]
    Conflict(String),
    /// Ledger or queue can't be asked; trying again may help.
    #[error("{0}")]
    Away(String),
    /// A mistake of ours.
    #[error("{0}")]
    Internal(String),
}

impl VerbError {
    /// A field that can't be used.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }

    /// Whether the same verb may work a little later.
    pub fn may_retry(&self) -> bool {
        matches!(self, Self::Away(_))
    }

    /// The HTTP status of the admin API.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound(_) => 404,
            Self::Invalid { .. } => 400,
            Self::Conflict(_) => 409,
            Self::Away(_) => 503,
            Self::Internal(_) => 500,
        }
    }

    /// `{"error":{"code","message","field"}}`, the admin API's error body.
    pub fn body(&self) -> Value {
        let (code, field) = match self {
            Self::NotFound(_) => ("not_found", None),
            Self::Invalid { field, .. } => ("invalid", Some(*field)),
            Self::Conflict(_) => ("conflict", None),
            Self::Away(_) => ("away", None),
            Self::Internal(_) => ("internal", None),
        };
        json!({ "error": { "code": code, "message": self.to_string(), "field": field } })
    }
}

impl From<LedgerError> for VerbError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Stale => Self::Conflict("it changed meanwhile: look at it again, then repeat".to_owned()),
            LedgerError::NotFound => Self::NotFound("no such row".to_owned()),
            LedgerError::InsufficientQuota => Self::Conflict("the token's quota does not cover it".to_owned()),
            LedgerError::Unknown(_) => Self::Away(
                "the ledger went away during the commit: look whether it was done before you repeat".to_owned(),
            ),
            LedgerError::Away(_) => Self::Away(error.to_string()),
            error => Self::Internal(error.to_string()),
        }
    }
}
