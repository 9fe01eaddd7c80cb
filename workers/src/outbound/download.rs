//! Fetches a file: a vendor's output, or a caller's input. Redirects are followed, but not blindly.

use super::Outbound;
use super::deadline::{Body, Limits, limited, millis, too_large};
use super::target;
use super::wire::{Connection, Stage, WireBody, WireError, WireErrorKind, WireRequest, WireResponse};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, header};
use providers::{Piece, Request};
use std::fmt;
use std::sync::Arc;
use task::AddressRanges;
use tokio::time::Instant;
use url::Url;

/// The most redirects that are followed.
pub const REDIRECTS_MAX: usize = 3;

/// What a download may take.
#[derive(Debug, Clone, Copy)]
pub struct DownloadLimits {
    /// Limit of each hop until its headers are there, in milliseconds.
    pub header_timeout_ms: i64,
    /// Longest pause between two pieces of the body, in milliseconds.
    pub idle_timeout_ms: i64,
    /// Limit of the whole, all hops and the body together, in milliseconds.
    pub total_timeout_ms: i64,
    /// The largest body.
    pub max_bytes: u64,
}

impl Default for DownloadLimits {
    fn default() -> Self {
        Self { header_timeout_ms: 30_000, idle_timeout_ms: 30_000, total_timeout_ms: 600_000, max_bytes: 2 << 30 }
    }
}

/// A file that is arriving.
pub struct Download {
    /// HTTP status of the last hop; any but 200 is for the caller to judge.
    pub status: u16,
    /// What the host says it is.
    pub content_type: Option<String>,
    /// Its length, if told.
    pub length: Option<u64>,
    /// Its bytes. Ends with an error when it is cut short or passes a limit.
    pub body: Body,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("status", &self.status).field("length", &self.length).finish_non_exhaustive()
    }
}

/// How far a chain of redirects may lead.
pub(super) struct Journey<'a> {
    /// The configured origin, if there is one: any address, and the only one that gets the credentials.
    pub(super) base: Option<&'a Url>,
    /// What is reachable elsewhere beside public addresses.
    pub(super) ranges: &'a Arc<AddressRanges>,
    pub(super) connect_timeout_ms: i64,
    pub(super) header_timeout_ms: i64,
    pub(super) until: Instant,
}

impl Outbound {
    /// Begins to download. Follows at most [`REDIRECTS_MAX`] redirects of a GET, each hop's address
    /// checked; credentials stay with the origin of `base_url` (or of
    /// [`providers::Target::Configured`]) and are gone for good once it is left.
    pub async fn download(
        &self,
        base_url: &str,
        request: &Request,
        limits: DownloadLimits,
    ) -> Result<Download, WireError> {
        let base = target::base(base_url)?;
        let url = target::url_of(&base, &request.target)?;
        let home = target::home(&base, &request.target, &url).clone();
        let body = plain_body(&request.body)?;
        let until = Instant::now() + millis(limits.total_timeout_ms);
        let journey = Journey {
            base: Some(&home),
            ranges: &self.settings.artifact_ranges,
            connect_timeout_ms: self.settings.connect_timeout_ms,
            header_timeout_ms: limits.header_timeout_ms,
            until,
        };
        let response = self.travel(request.method.clone(), url, request.headers.clone(), body, journey).await?;
        let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok());
        let content_type = text(header::CONTENT_TYPE).map(str::to_owned);
        // Where both are told, the body is as long as its chunks are (RFC 9112, 6.3).
        let length = text(header::CONTENT_LENGTH).filter(|_| !response.headers.contains_key(header::TRANSFER_ENCODING));
        let length = length.and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length > limits.max_bytes) {
            return Err(too_large(limits.max_bytes));
        }
        let body_limits = Limits { max_bytes: limits.max_bytes, idle: millis(limits.idle_timeout_ms), until };
        Ok(Download { status: response.status, content_type, length, body: limited(response.body, body_limits) })
    }

    /// Sends a request and follows where it leads.
    pub(super) async fn travel(
        &self,
        method: Method,
        mut url: Url,
        mut headers: HeaderMap,
        body: Option<Bytes>,
        mut journey: Journey<'_>,
    ) -> Result<WireResponse, WireError> {
        for hop in 0..=REDIRECTS_MAX {
            if journey.base.is_none_or(|base| base.origin() != url.origin()) {
                // Whoever leads back from elsewhere is not to be trusted with the origin that was left.
                journey.base = None;
                headers = target::without_credentials(&headers);
            }
            let sent = self.hop(&method, &url, &headers, body.as_ref(), &journey).await;
            let response = sent.map_err(|error| of_hop(hop, error))?;
            match redirect(&method, &url, &response).map_err(|error| of_hop(hop + 1, error))? {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(WireError::after(WireErrorKind::Protocol, format!("more than {REDIRECTS_MAX} redirects")))
    }

    async fn hop(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: Option<&Bytes>,
        journey: &Journey<'_>,
    ) -> Result<WireResponse, WireError> {
        let reach = target::reach(journey.base, url, journey.ranges);
        target::admit(url, &reach)?;
        let left = journey.until.saturating_duration_since(Instant::now());
        let left_ms = i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
        let request = WireRequest {
            method: method.clone(),
            url: url.clone(),
            headers: headers.clone(),
            body: body.cloned().map_or_else(WireBody::empty, WireBody::of),
            reach,
            connection: Connection::Own,
            connect_timeout_ms: journey.connect_timeout_ms.min(left_ms),
            header_timeout_ms: journey.header_timeout_ms.min(left_ms),
        };
        self.send(request).await
    }
}

/// An error of a later hop: bytes of the first one were written, whatever became of this one.
fn of_hop(hop: usize, error: WireError) -> WireError {
    if hop == 0 { error } else { WireError { stage: Stage::AfterFirstByte, ..error } }
}

/// Where a response leads, if it leads anywhere.
fn redirect(method: &Method, url: &Url, response: &WireResponse) -> Result<Option<Url>, WireError> {
    let leads_on = matches!(response.status, 301 | 302 | 303 | 307 | 308) && method.is_safe();
    let Some(location) = response.headers.get(header::LOCATION).filter(|_| leads_on) else { return Ok(None) };
    let location = location.to_str().ok().and_then(|location| url.join(location).ok());
    let next = location.ok_or_else(|| WireError::after(WireErrorKind::Protocol, "the redirect leads to no URL"))?;
    target::given(next.as_str()).map(Some)
}

/// A body of plain bytes: downloads have no inputs.
fn plain_body(pieces: &[Piece]) -> Result<Option<Bytes>, WireError> {
    let mut whole = BytesMut::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => whole.extend_from_slice(bytes),
            Piece::Input { .. } => {
                return Err(WireError::before(WireErrorKind::Input, "a download can't send an input"));
            }
        }
    }
    Ok((!whole.is_empty()).then(|| whole.freeze()))
}
