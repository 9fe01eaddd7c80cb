//! What most HTTP protocols have in common: bearer keys, JSON requests, ids in paths, `Retry-After`, and
//! vendors' texts as they may be shown.

use crate::wire::{Piece, Request, Response, Target};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use task::{Failure, FailureKind, Output, Secret, Source};

/// The most characters of a vendor's text that are kept.
pub const TEXT_MAX_CHARS: usize = 500;

/// The longest pause that a `Retry-After` may ask of us, ms.
pub const RETRY_AFTER_MAX_MS: i64 = 600_000;

/// `application/json`.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Headers with `Authorization: Bearer`; without it for an empty key, or one that no header may hold.
pub fn bearer(key: &Secret) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, JSON);
    if !key.is_empty()
        && let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
    {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// A request without a body that costs nothing.
pub fn plain(method: Method, path: impl Into<String>, headers: HeaderMap) -> Request {
    Request { method, target: Target::Base(path.into()), headers, body: Vec::new(), paid: false }
}

/// Asks for an output that the vendor gave as a link; `headers` may carry the key, which outbound sends to
/// the channel's own origin only. An error for any other output: a mistake of ours.
pub fn fetch_link(output: &Output, headers: HeaderMap) -> Result<Request, Failure> {
    match &output.source {
        Source::Url(url) => Ok(Request { target: Target::FromAnswer(url.clone()), ..plain(Method::GET, "", headers) }),
        _ => {
            let private = "this protocol gives outputs as links only";
            Err(Failure::never(FailureKind::Internal, "the result could not be fetched", private))
        }
    }
}

/// A POST of JSON.
pub fn post_json(path: impl Into<String>, mut headers: HeaderMap, body: Vec<Piece>, paid: bool) -> Request {
    headers.insert(CONTENT_TYPE, JSON);
    Request { method: Method::POST, target: Target::Base(path.into()), headers, body, paid }
}

/// A text as one segment of a path, or as a query's value: everything but letters, digits and `-_~.` is
/// encoded, and so is a text of dots alone.
pub fn segment(text: &str) -> String {
    let dots = text.bytes().all(|byte| byte == b'.');
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && !dots);
        if plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `Retry-After` in whole seconds, as ms and at most [`RETRY_AFTER_MAX_MS`].
pub fn retry_after_ms(headers: &HeaderMap) -> Option<i64> {
    let seconds: i64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1_000).clamp(0, RETRY_AFTER_MAX_MS))
}

/// The body as JSON; `None` when it is none.
pub fn json(response: &Response) -> Option<Value> {
    serde_json::from_slice(&response.body).ok()
}

/// A vendor's text as it may be shown: links and control characters out, length bounded.
pub fn clean(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.contains("://") { "[link]" } else { word });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(TEXT_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        for (text, expected) in
            [("a-b_1.2", "a-b_1.2"), ("a/../b?c#d", "a%2F..%2Fb%3Fc%23d"), ("..", "%2E%2E"), ("é", "%C3%A9")]
        {
            assert_eq!(segment(text), expected);
        }
    }

    #[test]
    fn vendors_texts_lose_their_links() {
        assert_eq!(clean("see https://x.test/?sig=1\u{7}\n now"), "see [link] now");
        assert_eq!(clean(&"a".repeat(1_000)).len(), TEXT_MAX_CHARS);
    }

    #[test]
    fn a_key_hides_itself() {
        let headers = bearer(&Secret::new("k"));
        assert!(headers[AUTHORIZATION].is_sensitive());
        assert!(!bearer(&Secret::default()).contains_key(AUTHORIZATION));
    }
}
