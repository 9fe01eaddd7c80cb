//! `x-request-id`: made here, or kept when the caller's own is harmless.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use task::Entropy;

/// The header.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters of a caller's own request id.
pub const REQUEST_ID_MAX_CHARS: usize = 128;

/// A request's id, in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

impl RequestId {
    /// The caller's own when it is one to [`REQUEST_ID_MAX_CHARS`] letters, digits, `-`, `_`, `.`; else
    /// `req_` and 32 hex digits.
    pub fn of(headers: &HeaderMap, entropy: &dyn Entropy) -> Self {
        let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        match given.filter(|text| is_sane(text)) {
            Some(text) => Self(text.to_owned()),
            None => {
                let mut random = [0u8; 16];
                entropy.fill(&mut random);
                Self(format!("req_{}", crate::auth::hex(&random)))
            }
        }
    }

    /// As a header's value.
    pub fn to_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

fn is_sane(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= REQUEST_ID_MAX_CHARS && text.chars().all(plain)
}

/// The caller's `traceparent`, when it is a valid one (W3C Trace Context, version 00).
pub fn traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?.trim();
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else { return None };
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let counts = |part: &str| part.bytes().any(|b| b != b'0');
    let valid = *version == "00" && hex(trace, 32) && counts(trace) && hex(span, 16) && counts(span) && hex(flags, 2);
    valid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::clock::SeededEntropy;

    fn id(value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, value.parse().expect("is a header value"));
        RequestId::of(&headers, &SeededEntropy::new(1)).0
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        assert_eq!(id("abc-123_X.y"), "abc-123_X.y");
        for text in ["", "a b", "a\"b", "<x>", &"a".repeat(129)] {
            assert!(id(text).starts_with("req_"), "{text}");
        }
    }

    #[test]
    fn only_a_valid_traceparent_is_taken_over() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", text.parse().expect("is a header value"));
            traceparent(&headers)
        };
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(read(good).as_deref(), Some(good));
        for text in [
            "",
            "00-x",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
