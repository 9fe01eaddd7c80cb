//! An object of the store as an HTTP answer: ranges, validators, and headers that keep a browser from
//! running what it shows.

use crate::range::{self, Wanted};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::Problem;
use std::time::Duration;
use store::{ObjectMeta, Store, StoreError};
use tokio::time::timeout;

/// How long the store may take until it begins to answer.
pub const STORE_LIMIT: Duration = Duration::from_secs(30);

/// Keys name their content for ever (they hold the task's id), so copies never go stale.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Nothing in a served file may load, run or be framed as ours.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// Answers an object's bytes, or only its head. 404 when there is none, 503 when the store is away.
pub async fn answer(store: &dyn Store, key: &str, headers: &HeaderMap, is_head: bool) -> Result<Response, Problem> {
    let meta = within(store.head(key)).await?;
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|tags| matches(tags, &meta.etag)) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(response.headers_mut(), &meta);
        response.headers_mut().remove(header::CONTENT_TYPE);
        return Ok(response);
    }
    // A range of an object that has changed since is no use to the caller (If-Range).
    let same = text(header::IF_RANGE).is_none_or(|tag| tag.trim() == meta.etag);
    match range::read(text(header::RANGE).filter(|_| same), meta.bytes) {
        Wanted::Beyond => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", meta.bytes));
            Ok(response)
        }
        Wanted::Whole => respond(store, key, meta, None, is_head).await,
        Wanted::Part(part) => respond(store, key, meta, Some(part), is_head).await,
    }
}

async fn respond(
    store: &dyn Store,
    key: &str,
    meta: ObjectMeta,
    part: Option<std::ops::Range<u64>>,
    is_head: bool,
) -> Result<Response, Problem> {
    let length = part.as_ref().map_or(meta.bytes, |part| part.end - part.start);
    let body = if is_head || length == 0 {
        Body::empty()
    } else {
        let (_, stream) = within(store.get_range(key, part.clone())).await?;
        Body::from_stream(stream)
    };
    let status = if part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    describe(headers, &meta);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(part) = part {
        insert(headers, header::CONTENT_RANGE, &format!("bytes {}-{}/{}", part.start, part.end - 1, meta.bytes));
    }
    Ok(response)
}

fn describe(headers: &mut HeaderMap, meta: &ObjectMeta) {
    insert(headers, header::CONTENT_TYPE, &meta.content_type);
    insert(headers, header::ETAG, &meta.etag);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    if !is_shown_safely(&meta.content_type) {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
}

/// Pictures, films and sound are shown; anything that a browser might run (HTML, SVG) is only saved.
fn is_shown_safely(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_media = ["image/", "video/", "audio/"].iter().any(|prefix| kind.starts_with(prefix));
    is_media && !kind.contains("svg") && !kind.contains("xml")
}

fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

async fn within<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, Problem> {
    match timeout(STORE_LIMIT, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(StoreError::Missing | StoreError::BadKey)) => Err(Problem::not_found("file_not_found", "no such file")),
        Ok(Err(error)) => {
            tracing::warn!(%error, "reading the store failed");
            Err(Problem::unavailable("the file store is temporarily unavailable, please try again"))
        }
        Err(_) => {
            tracing::warn!("the store did not answer in time");
            Err(Problem::unavailable("the file store is temporarily unavailable, please try again"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_might_run_is_only_saved() {
        for (kind, shown) in [
            ("image/png", true),
            ("video/mp4", true),
            ("audio/mpeg", true),
            ("image/svg+xml", false),
            ("text/html; charset=utf-8", false),
            ("application/octet-stream", false),
            ("", false),
        ] {
            assert_eq!(is_shown_safely(kind), shown, "{kind}");
        }
    }

    #[test]
    fn validators_are_compared_weakly() {
        for (tags, same) in [("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false)]
        {
            assert_eq!(matches(tags, "\"a\""), same, "{tags}");
        }
    }
}
