//! Requests as this protocol wants them: the secret in its own header, ids as path segments.

use crate::dialect::Account;
use crate::wire::{Piece, Request, Target};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use task::Secret;

/// The header that carries the channel's key (`upstream/midjourney.md` section 1).
const SECRET_HEADER: HeaderName = HeaderName::from_static("mj-api-secret");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A GET of `path`.
pub(super) fn get(account: Account<'_>, path: String) -> Request {
    Request {
        method: Method::GET,
        target: Target::Base(path),
        headers: headers(account.key),
        body: Vec::new(),
        paid: false,
    }
}

/// A POST of a JSON body to `path`.
pub(super) fn post(account: Account<'_>, path: String, body: Vec<Piece>, paid: bool) -> Request {
    let mut headers = headers(account.key);
    headers.insert(CONTENT_TYPE, JSON);
    Request { method: Method::POST, target: Target::Base(path), headers, body, paid }
}

/// `/mj/task/{id}/{verb}`, the id encoded as one path segment.
pub(super) fn task_path(id: &str, verb: &str) -> String {
    let mut path = String::from("/mj/task/");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path.push('/');
    path.push_str(verb);
    path
}

/// The key as a header value; `None` when it holds something that no header may hold.
pub(super) fn secret_value(key: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(key.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A proxy without a secret of its own checks none, so an empty key sends no header.
fn headers(key: &Secret) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, JSON);
    if !key.is_empty()
        && let Some(value) = secret_value(key)
    {
        headers.insert(SECRET_HEADER, value);
    }
    headers
}
