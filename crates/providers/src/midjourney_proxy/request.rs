//! Requests as this protocol wants them: the secret in its own header, ids as path segments.

use crate::dialect::Account;
use crate::http_call::{JSON, plain, post_json, segment};
use crate::wire::{Piece, Request};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use task::Secret;

/// The header that carries the channel's key (`upstream/midjourney.md` section 1).
const SECRET_HEADER: HeaderName = HeaderName::from_static("mj-api-secret");

/// A GET of `path`.
pub(super) fn get(account: Account<'_>, path: String) -> Request {
    plain(Method::GET, path, headers(account.key))
}

/// A POST of a JSON body to `path`.
pub(super) fn post(account: Account<'_>, path: String, body: Vec<Piece>, paid: bool) -> Request {
    post_json(path, headers(account.key), body, paid)
}

/// `/mj/task/{id}/{verb}`, the id encoded as one path segment.
pub(super) fn task_path(id: &str, verb: &str) -> String {
    format!("/mj/task/{}/{verb}", segment(id))
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
