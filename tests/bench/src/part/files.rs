//! An origin of large files (`/files/MIB/NAME`) and an S3 server that keeps nothing (every other path).

use super::serve_until_left;
use super::sink::{self, Seen};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What is written at a time.
const PIECE_BYTES: usize = 256 << 10;

pub(super) async fn play() -> anyhow::Result<()> {
    let seen: Arc<Seen> = Arc::default();
    let own =
        Router::new().route("/files/{mib}/{name}", get(file)).route("/seen", get(counts)).with_state(seen.clone());
    serve_until_left(own.fallback_service(sink::router(seen))).await
}

async fn counts(State(seen): State<Arc<Seen>>) -> String {
    format!("[{},{}]", seen.puts.load(Ordering::Relaxed), seen.bytes.load(Ordering::Relaxed))
}

/// A film as far as its first bytes tell: a file type, then one box of data.
async fn file(Path((mib, _name)): Path<(usize, String)>) -> Response {
    let bytes = mib << 20;
    let mut first = vec![0_u8; PIECE_BYTES];
    let data_bytes = u32::try_from(bytes.saturating_sub(24)).unwrap_or(u32::MAX).to_be_bytes();
    let head: Vec<u8> = [&[0, 0, 0, 24][..], b"ftypisom\0\0\x02\0isommp42", &data_bytes, b"mdat"].concat();
    first[..head.len()].copy_from_slice(&head);
    let (first, rest) = (Bytes::from(first), Bytes::from_static(&[0; PIECE_BYTES]));
    let pieces = (0..bytes / PIECE_BYTES)
        .map(move |place| Ok::<_, Infallible>(if place == 0 { first.clone() } else { rest.clone() }));
    let headers = [("content-type", "video/mp4".to_owned()), ("content-length", bytes.to_string())];
    (headers, Body::from_stream(stream::iter(pieces))).into_response()
}
