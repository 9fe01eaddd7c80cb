//! Short-lived tokens as the wire sees them: given out, and used.

use http::HeaderMap;
use serde_json::Value;
use std::collections::BTreeMap;

/// How a token begins that was given out and not configured.
const GRANTED: &str = "Bearer ya29.";

/// The tokens of a world.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Until when each is good, ms, counted from when its answer came back.
    until_ms: BTreeMap<String, i64>,
    stale: Vec<String>,
}

impl Tokens {
    /// A token endpoint's answer came back at this time.
    pub fn granted(&mut self, answer: &[u8], now_ms: i64) {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let token = answer.get("access_token").and_then(Value::as_str);
        let seconds = answer.get("expires_in").and_then(Value::as_i64);
        if let (Some(token), Some(seconds)) = (token, seconds) {
            self.until_ms.insert(format!("Bearer {token}"), now_ms + seconds * 1_000);
        }
    }

    /// A request sets out with these headers.
    pub fn used(&mut self, headers: &HeaderMap, what: &str, now_ms: i64) {
        let header = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = header.filter(|text| text.starts_with(GRANTED)) else { return };
        if self.until_ms.get(token).is_none_or(|until_ms| now_ms >= *until_ms) {
            self.stale.push(format!("{what} at {now_ms}"));
        }
    }

    /// How many were given out.
    pub fn count(&self) -> usize {
        self.until_ms.len()
    }

    /// Requests that set out with a token that was good no longer.
    pub fn stale(&self) -> Vec<String> {
        self.stale.clone()
    }
}
