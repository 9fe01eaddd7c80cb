//! What a handler gives, and what stands in for an answer when a trouble strikes.

use super::protocol::{Protocol, Refusal};
use crate::cut::Cut;
use crate::question::Strike;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::io;

/// What a handler gives: both sides are answers, the error is the one that ends it early.
pub(crate) type Answer = Result<Response, Response>;

/// Instead of the answer that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Instead {
    Refused(Refusal),
    /// A bare HTTP status.
    Http(u16),
    /// A closed connection.
    Dropped,
}

impl From<Strike> for Instead {
    fn from(strike: Strike) -> Self {
        match strike {
            Strike::Http(status) => Self::Http(status),
            Strike::Dropped => Self::Dropped,
        }
    }
}

impl Instead {
    /// As HTTP, in the protocol's shape.
    pub(super) fn respond(&self, protocol: &dyn Protocol, cut: &Cut) -> Response {
        match self {
            Self::Refused(refusal) => protocol.refuse(refusal),
            Self::Http(status) => protocol.bare(*status),
            Self::Dropped => {
                cut.now();
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }
}

/// The log could not be written, so nothing has happened.
pub(super) fn broken(error: &io::Error) -> Response {
    tracing::error!(%error, "the sim's log could not be written");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
