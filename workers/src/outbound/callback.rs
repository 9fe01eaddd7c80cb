//! Calls a caller back: one POST, five seconds for everything (`contract/callback.md`).

use super::Outbound;
use super::deadline::{Limits, collect_head, elapsed_ms, millis};
use super::target;
use super::wire::{Connection, Reach, Stage, WireBody, WireError, WireErrorKind, WireRequest};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HeaderValue};
use http::{HeaderMap, Method};
use tokio::time::Instant;
use url::Url;

/// The most bytes of a receiver's answer that are read.
pub const CALLBACK_ANSWER_MAX_BYTES: usize = 16 * 1024;

/// The most characters of a receiver's answer that are noted.
const NOTE_MAX_CHARS: usize = 2_000;

/// What came of a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackSend {
    /// The status, if one arrived. It is the outcome, whatever becomes of the answer's body.
    pub status: Option<u16>,
    /// `ok` (2xx), `redirect` (3xx, never followed), `status` (any other), or why there is none: `url`,
    /// `address`, `dns`, `connect`, `tls`, `timeout_connect`, `timeout_headers`, `reset`, `protocol`.
    pub class: &'static str,
    /// How long it took, in milliseconds.
    pub ms: i64,
    /// For the log of attempts: the beginning of an answer that is no 2xx, or what went wrong. Holds no
    /// control characters, no path and no query of the URL.
    pub note: String,
}

impl Outbound {
    /// Posts `body` to `url` once: public addresses and `OutboundSettings::callback_ranges` only, no
    /// redirect, no compression, on a connection that is kept for a few seconds. Never takes longer than
    /// `OutboundSettings::callback_timeout_ms`, whatever the receiver does.
    pub async fn post_callback(&self, url: &str, headers: HeaderMap, body: Bytes) -> CallbackSend {
        let started = Instant::now();
        let ended = |status, class, note| CallbackSend { status, class, ms: elapsed_ms(started), note };
        let url = match target::given(url) {
            Ok(url) => url,
            Err(error) => return ended(None, "url", error.private),
        };
        let until = started + millis(self.settings.callback_timeout_ms);
        match self.post(url, headers, body, until).await {
            Ok((status, note)) => ended(Some(status), class_of_status(status), note),
            Err(error) => ended(None, class_of_error(&error), error.private),
        }
    }

    async fn post(
        &self,
        url: Url,
        mut headers: HeaderMap,
        body: Bytes,
        until: Instant,
    ) -> Result<(u16, String), WireError> {
        let reach = Reach::Public { ranges: self.settings.callback_ranges.clone() };
        target::admit(&url, &reach)?;
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let timeout_ms = self.settings.callback_timeout_ms;
        let request = WireRequest {
            method: Method::POST,
            url,
            headers,
            body: WireBody::of(body),
            reach,
            // A receiver knows a callback that comes again by its id.
            connection: Connection::Pooled,
            connect_timeout_ms: timeout_ms,
            header_timeout_ms: timeout_ms,
        };
        let response = self.send(request).await?;
        task::fail_point!("notify.after_send");
        let limits = Limits { max_bytes: CALLBACK_ANSWER_MAX_BYTES as u64, idle: millis(timeout_ms), until };
        let head = collect_head(response.body, limits).await;
        let delivered = (200..300).contains(&response.status);
        Ok((response.status, if delivered { String::new() } else { readable(&head) }))
    }
}

fn class_of_status(status: u16) -> &'static str {
    match status {
        200..300 => "ok",
        300..400 => "redirect",
        _ => "status",
    }
}

fn class_of_error(error: &WireError) -> &'static str {
    match (error.kind, error.stage) {
        (WireErrorKind::Timeout, Stage::BeforeFirstByte) => "timeout_connect",
        (WireErrorKind::Timeout, Stage::AfterFirstByte) => "timeout_headers",
        (kind, _) => kind.as_str(),
    }
}

/// The beginning of an answer as text that any log and any database takes.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(NOTE_MAX_CHARS)
        .collect::<String>()
        .trim()
        .to_owned()
}
