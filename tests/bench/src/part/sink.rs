//! An S3 server that says yes to every upload and keeps nothing, so that what is measured is whoever
//! uploads. It counts requests and bytes.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What it has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) puts: AtomicU64,
    pub(super) bytes: AtomicU64,
}

/// Its routes: every path.
pub(super) fn router(seen: Arc<Seen>) -> Router {
    Router::new().fallback(answer).with_state(seen)
}

async fn answer(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let (is_begin, is_end) = (has("uploads"), has("uploadId"));
    match (request.method().clone(), is_begin, is_end) {
        (Method::PUT, ..) => {
            seen.puts.fetch_add(1, Ordering::Relaxed);
            swallow(&seen, request.into_body()).await
        }
        (Method::POST, true, _) => xml(
            "<InitiateMultipartUploadResult><Bucket>bench</Bucket><Key>k</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>",
        ),
        (Method::POST, _, true) => xml(
            "<CompleteMultipartUploadResult><Bucket>bench</Bucket><Key>k</Key><ETag>&quot;e&quot;</ETag></CompleteMultipartUploadResult>",
        ),
        (Method::GET, ..) => xml(
            "<ListBucketResult><Name>bench</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>",
        ),
        (Method::HEAD, ..) => StatusCode::NOT_FOUND.into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn swallow(seen: &Seen, body: Body) -> Response {
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => drop(seen.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed)),
            Err(_) => return StatusCode::BAD_REQUEST.into_response(),
        }
    }
    (StatusCode::OK, [("etag", "\"e\"")]).into_response()
}

fn xml(text: &'static str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}");
    ([("content-type", "application/xml")], text).into_response()
}
