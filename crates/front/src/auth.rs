//! Whose key it is (`contract/authentication.md`, `contract/DECISIONS.md`, authentication).

use crate::api::Api;
use crate::reply;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use contracts::Problem;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use task::Token;

/// How long a key that was looked up is believed, ms. A revoked one works at most so long elsewhere.
pub const TOKEN_TTL_MS: i64 = 5_000;

/// The most keys that are remembered; when full, the cache is emptied.
pub const TOKEN_CACHE_MAX: usize = 10_000;

/// The most bytes of a key that are looked at.
pub const KEY_MAX_BYTES: usize = 256;

/// The header in which Midjourney clients send their key.
pub const MJ_API_SECRET: HeaderName = HeaderName::from_static("mj-api-secret");

/// Keys that were found a moment ago, by hash.
#[derive(Debug, Default)]
pub struct TokenCache(Mutex<HashMap<String, (Token, i64)>>);

impl TokenCache {
    fn get(&self, hash: &str, now_ms: i64) -> Option<Token> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(hash)
            .filter(|(_, at_ms)| (0..TOKEN_TTL_MS).contains(&(now_ms - at_ms)))
            .map(|(token, _)| token.clone())
    }

    fn put(&self, hash: String, token: Token, now_ms: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TOKEN_CACHE_MAX {
            known.clear();
        }
        known.insert(hash, (token, now_ms));
    }

    /// Forgets every key: an operator changed something.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The token of a request. 401 when the key is missing, unknown, disabled or expired.
pub async fn authenticate(api: &Api, headers: &HeaderMap, path: &str) -> Result<Token, Problem> {
    let key = presented(headers, path).ok_or_else(Problem::invalid_api_key)?;
    let hash = key_hash(&key);
    let now_ms = api.now_ms();
    let token = match api.tokens.get(&hash, now_ms) {
        Some(token) => token,
        None => {
            // Boxed, because it is rare, and every request's future would be as deep.
            let found = Box::pin(api.front.ledger.token_by_hash(&hash)).await;
            let found = found.map_err(|error| reply::ledger_problem(&error))?;
            let token = found.ok_or_else(Problem::invalid_api_key)?;
            api.tokens.put(hash, token.clone(), now_ms);
            token
        }
    };
    if token.is_usable(now_ms) { Ok(token) } else { Err(Problem::invalid_api_key()) }
}

/// Removes everything that could carry a credential, so that no family sees one.
pub fn strip_credentials(headers: &mut HeaderMap) {
    for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE, MJ_API_SECRET] {
        headers.remove(name);
    }
}

/// A layer for the admin routes: after a change that went through, no remembered key is believed.
pub async fn forget_after_change(State(api): State<Api>, request: Request, next: Next) -> Response {
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let response = next.run(request).await;
    if is_change && response.status().as_u16() < 400 {
        api.tokens.clear();
    }
    response
}

/// The whole key, `sk-` included. `Authorization` wins; `mj-api-secret` counts on Midjourney's paths
/// only, and only when the other is absent or empty.
fn presented(headers: &HeaderMap, path: &str) -> Option<String> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let authorization = text(&header::AUTHORIZATION).filter(|value| !value.is_empty());
    let raw = match authorization {
        Some(value) => without_scheme(value),
        None if headers
            .get(header::AUTHORIZATION)
            .is_some_and(|value| !value.is_empty() && value.to_str().is_err()) =>
        {
            return None;
        }
        None if is_midjourney_path(path) => text(&MJ_API_SECRET)?,
        None => return None,
    };
    if raw.is_empty() || raw.len() > KEY_MAX_BYTES {
        return None;
    }
    Some(if raw.starts_with("sk-") { raw.to_owned() } else { format!("sk-{raw}") })
}

fn without_scheme(value: &str) -> &str {
    match value.split_once(char::is_whitespace) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => value,
    }
}

fn is_midjourney_path(path: &str) -> bool {
    path == "/mj" || path.starts_with("/mj/") || path.starts_with("/mj-")
}

/// What the ledger knows a key by: SHA-256 of the full `sk-…` text, lower-case hex.
pub fn key_hash(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pairs: &[(&'static str, &str)], path: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("is a header value"));
        }
        presented(&headers, path)
    }

    #[test]
    fn every_documented_form_of_a_key_is_read() {
        for value in ["Bearer sk-abc", "bearer sk-abc", "BEARER   sk-abc ", "sk-abc", "abc", "Bearer abc"] {
            assert_eq!(key(&[("authorization", value)], "/v1/tasks").as_deref(), Some("sk-abc"), "{value}");
        }
        assert_eq!(key(&[], "/mj/submit/imagine"), None);
        assert_eq!(key(&[("authorization", "Bearer ")], "/v1/tasks").as_deref(), Some("sk-Bearer"), "no key at all");
    }

    #[test]
    fn the_midjourney_header_counts_on_its_paths_and_only_alone() {
        let secret = ("mj-api-secret", "sk-mj");
        for path in ["/mj/task/1/fetch", "/mj-fast/mj/submit/imagine", "/mj"] {
            assert_eq!(key(&[secret], path).as_deref(), Some("sk-mj"), "{path}");
        }
        assert_eq!(key(&[secret], "/v1/tasks"), None);
        assert_eq!(key(&[secret, ("authorization", "")], "/mj/x").as_deref(), Some("sk-mj"));
        assert_eq!(key(&[secret, ("authorization", "Bearer sk-a")], "/mj/x").as_deref(), Some("sk-a"));
    }

    #[test]
    fn a_key_is_known_by_its_hash() {
        assert_eq!(key_hash("sk-abc").len(), 64);
        assert_eq!(key_hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
