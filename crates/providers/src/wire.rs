//! What a dialect wants sent, and what came back: plain data, sent by `workers/outbound` alone.

use bytes::Bytes;
use http::{HeaderMap, Method};

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A path and query, appended to the channel's base URL.
    Base(String),
    /// An absolute URL out of a vendor's answer: not to be trusted. The key goes with it only when
    /// its origin is the channel's own.
    FromAnswer(String),
    /// An absolute URL that the dialect or the operator's configuration names (a token endpoint, a
    /// bucket's host), never an answer: as trusted as the channel's base URL.
    Configured(String),
}

/// How an input's bytes are written into a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Raw,
    /// Base64.
    Base64,
    /// `data:<content type>;base64,…`
    DataUri,
    /// No bytes but a link to them, for an upstream that fetches by itself: the caller's own URL, or one
    /// of ours under which the input is kept. Safe inside a JSON string.
    Link,
    /// No bytes but their media type, such as `image/png`. Safe inside a JSON string.
    MediaType,
}

/// A piece of a body. Pieces are streamed one after another with a computed length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Bytes),
    /// The input at this place of `Spec::inputs`.
    Input {
        /// Its place.
        position: usize,
        /// How it is written.
        encoding: Encoding,
    },
}

/// A request to an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Where it goes.
    pub target: Target,
    /// Headers; a credential's value is marked sensitive.
    pub headers: HeaderMap,
    /// Body, empty for none.
    pub body: Vec<Piece>,
    /// Whether the vendor charges for it: sent at most once, and in doubt if its answer is lost.
    pub paid: bool,
}

/// What came back, read whole within the dialect's body cap.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}
