//! The seam between what is sent and the socket that it is sent over.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::{HeaderMap, Method};
use serde::Serialize;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use task::AddressRanges;
use url::Url;

/// Sends one request and gives the response as soon as its headers are there.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Sends `request` at most once. Follows no redirect, inflates no body, and ends within
    /// `header_timeout_ms`. Dropping the future closes the connection.
    async fn send(&self, request: WireRequest) -> Result<WireResponse, WireError>;
}

/// Where a request may go.
#[derive(Debug, Clone)]
pub enum Reach {
    /// The operator configured exactly this origin: any address that it has.
    Configured,
    /// Public addresses, and these ranges besides.
    Public {
        /// What the operator allowed beside public addresses.
        ranges: Arc<AddressRanges>,
    },
}

/// Which connection a request travels on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// A fresh one, closed afterwards: no peer can have closed it before the request goes out.
    Own,
    /// A kept one if there is one, on which the request may go out again as long as no byte of it was written.
    /// Only for requests that do no harm when they are asked again.
    Pooled,
}

/// A request with everything that the wire has to know.
pub struct WireRequest {
    /// Method.
    pub method: Method,
    /// Where to: `http` or `https`, without user name and password.
    pub url: Url,
    /// Headers; a credential's value is marked sensitive.
    pub headers: HeaderMap,
    /// Body.
    pub body: WireBody,
    /// Which addresses may be dialled.
    pub reach: Reach,
    /// Which connection it travels on.
    pub connection: Connection,
    /// Limit of name look-up, connecting and TLS together.
    pub connect_timeout_ms: i64,
    /// Limit until the response's headers are there, connecting included.
    pub header_timeout_ms: i64,
}

impl fmt::Debug for WireRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL's path and query, and the headers, may hold secrets.
        let origin = self.url.origin().ascii_serialization();
        f.debug_struct("WireRequest").field("method", &self.method).field("origin", &origin).finish_non_exhaustive()
    }
}

/// A request's body.
pub struct WireBody {
    /// Its length, if known; sent as `Content-Length`. The stream has to give exactly so much.
    pub length: Option<u64>,
    /// Its bytes.
    pub stream: BoxStream<'static, io::Result<Bytes>>,
}

impl WireBody {
    /// No body.
    pub fn empty() -> Self {
        Self { length: Some(0), stream: stream::empty().boxed() }
    }

    /// These bytes.
    pub fn of(bytes: Bytes) -> Self {
        Self { length: Some(bytes.len() as u64), stream: stream::iter([Ok(bytes)]).boxed() }
    }
}

/// A response whose headers have arrived.
pub struct WireResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body; dropping it closes the connection. It has no limits of its own.
    pub body: BoxStream<'static, Result<Bytes, WireError>>,
    /// The address that was dialled.
    pub remote: Option<SocketAddr>,
    /// How long it took so far.
    pub timings: Timings,
}

impl fmt::Debug for WireResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireResponse")
            .field("status", &self.status)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// How long the parts of a call took, in milliseconds. Parts that did not happen are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// When it began, ms since the epoch.
    pub started_ms: i64,
    /// Looking up the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_ms: Option<i64>,
    /// Connecting, with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<i64>,
    /// From the beginning to the response's headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers_ms: Option<i64>,
    /// From the beginning to the end of the response's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<i64>,
}

/// Whether the peer can have seen anything of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is certain that no byte of the request was written.
    BeforeFirstByte,
    /// A byte may have been written; the peer may have the whole.
    AfterFirstByte,
}

/// What sort of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireErrorKind {
    /// The URL is none of ours to follow: its form, its port or its address is refused.
    Address,
    /// The name could not be looked up.
    Dns,
    /// No connection came about.
    Connect,
    /// TLS failed: a certificate, a version, a name.
    Tls,
    /// A time limit passed.
    Timeout,
    /// The peer closed or reset the connection.
    Reset,
    /// What the peer sent is no HTTP.
    Protocol,
    /// The body is larger than the limit.
    TooLarge,
    /// An input can't be had or decoded: no retry helps. `private` may be shown to the caller.
    Input,
    /// The store that holds an input is away, or failed while it was read.
    Store,
    /// An input has to go as a link, and the upstream could not follow one of ours.
    Link,
    /// The time until which it had to begin has passed.
    Late,
}

impl WireErrorKind {
    /// The word in logs, metrics and the log of attempts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::Input => "input",
            Self::Store => "store",
            Self::Link => "link",
            Self::Late => "late",
        }
    }
}

/// A request that got no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{private}")]
pub struct WireError {
    /// Whether the peer can have seen anything of it.
    pub stage: Stage,
    /// What went wrong.
    pub kind: WireErrorKind,
    /// For the log: names at most scheme, host and port; no path, no query, no secret.
    pub private: String,
}

impl WireError {
    /// An error before any byte was written.
    pub fn before(kind: WireErrorKind, private: impl Into<String>) -> Self {
        Self { stage: Stage::BeforeFirstByte, kind, private: private.into() }
    }

    /// An error after which nobody can say what the peer has.
    pub fn after(kind: WireErrorKind, private: impl Into<String>) -> Self {
        Self { stage: Stage::AfterFirstByte, kind, private: private.into() }
    }
}
