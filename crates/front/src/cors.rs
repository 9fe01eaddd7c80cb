//! CORS for the API and media, and OPTIONS for every path (`contract/DECISIONS.md`, HEAD, OPTIONS, paths).

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Headers of an answer that a page's script may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, preference-applied, retry-after, x-should-retry, etag, content-range, accept-ranges, content-length",
);

/// Methods that a page's script may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// How long a browser may remember a preflight's answer, seconds.
const MAX_AGE_S: u32 = 86_400;

/// For the API: any origin, any method, headers mirrored, no credentials; OPTIONS is 204 without a key.
pub async fn open_to_all(request: Request, next: Next) -> Response {
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        let mut response = StatusCode::NO_CONTENT.into_response();
        preflight(response.headers_mut(), asked);
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    response
}

/// For pages and the admin API: OPTIONS is 204, and no other origin is let in.
pub async fn closed(request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await }
}

fn preflight(headers: &mut HeaderMap, asked: Option<HeaderValue>) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(MAX_AGE_S));
    if let Some(asked) = asked {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
    }
    headers.insert(header::VARY, HeaderValue::from_static("access-control-request-headers"));
}
