//! Bytes flow through, they do not pile up: 256 MiB in, and a reader that stands still.

use crate::server::{Handler, Kind, Server};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use s3s::Body;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use store::{ChecksumMode, S3Settings, S3Store, Store};

const PIECE_BYTES: usize = 256 << 10;

fn store(server: &Server) -> S3Store {
    let settings = S3Settings { checksums: ChecksumMode::Required, ..server.settings() };
    S3Store::new(settings).expect("the settings fit together")
}

async fn drained(mut body: Incoming) -> u64 {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.expect("a frame").data_ref().map_or(0, Bytes::len) as u64;
    }
    bytes
}

async fn take_in(kind: Kind, request: Request<Incoming>, stored: Arc<AtomicU64>) -> Result<Response<Body>, io::Error> {
    let bytes = drained(request.into_body()).await;
    let text = match kind {
        Kind::Begin => "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
        Kind::Complete => "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>",
        _ => {
            stored.fetch_add(bytes, Ordering::SeqCst);
            ""
        }
    };
    let mut answer = Response::new(Body::from(text.to_owned()));
    answer.headers_mut().insert("etag", http::HeaderValue::from_static("\"e\""));
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_takes_no_more_from_its_source_than_it_may_hold() {
    const PIECES: usize = 1_024;
    let stored = Arc::new(AtomicU64::new(0));
    let counted = stored.clone();
    let handler: Handler = Arc::new(move |kind, request| Box::pin(take_in(kind, request, counted.clone())));
    let server = Server::answering(handler).await;
    let store = store(&server);

    let (mut taken, most_held) = (0_u64, Arc::new(AtomicU64::new(0)));
    let (most, piece) = (most_held.clone(), Bytes::from(vec![7; PIECE_BYTES]));
    let body = stream::iter(0..PIECES).map(move |_| {
        taken += PIECE_BYTES as u64;
        most.fetch_max(taken - stored.load(Ordering::SeqCst), Ordering::SeqCst);
        Ok(piece.clone())
    });
    let receipt = store.put_stream("big", "video/mp4", 1 << 30, body.boxed()).await.expect("a put");
    assert_eq!(receipt.bytes, 256 << 20);
    assert_eq!(server.count(Kind::Part), 32);
    let (held, may_hold) = (most_held.load(Ordering::SeqCst), server.settings().put_memory_max_bytes() + PIECE_BYTES);
    assert!(held <= may_hold as u64, "{held} bytes were held, {may_hold} may be");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stands_still_is_not_read_ahead_of() {
    const PIECES: usize = 256;
    // What the two sockets of a connection may hold between them, generously.
    const AHEAD_MAX_BYTES: usize = 24 << 20;
    let given: [Arc<AtomicUsize>; 2] = Default::default();
    let counts = given.clone();
    let handler: Handler = Arc::new(move |_, request| {
        let count = counts[usize::from(request.uri().path().ends_with("/b"))].clone();
        let body = stream::iter(0..PIECES).map(move |_| {
            count.fetch_add(PIECE_BYTES, Ordering::SeqCst);
            Ok::<_, io::Error>(Frame::data(Bytes::from(vec![7; PIECE_BYTES])))
        });
        let mut answer = Response::new(Body::http_body_unsync(StreamBody::new(body)));
        let length = http::HeaderValue::from(PIECES * PIECE_BYTES);
        answer.headers_mut().insert("content-length", length);
        answer.headers_mut().insert("etag", http::HeaderValue::from_static("\"e\""));
        Box::pin(std::future::ready(Ok(answer)))
    });
    let server = Server::answering(handler).await;
    let store = store(&server);

    let (_, mut slow) = store.get_range("a", None).await.expect("an object");
    let mut taken = slow.next().await.expect("a piece").expect("a good piece").len();
    // Another one is read whole meanwhile: time enough to run ahead.
    let (_, fast) = store.get_range("b", None).await.expect("an object");
    let whole: usize = fast.map(|piece| piece.expect("a good piece").len()).collect::<Vec<_>>().await.iter().sum();
    assert_eq!(whole, PIECES * PIECE_BYTES);
    let ahead = given[0].load(Ordering::SeqCst) - taken;
    assert!(ahead <= AHEAD_MAX_BYTES, "{ahead} bytes were read ahead");
    while let Some(piece) = slow.next().await {
        taken += piece.expect("a good piece").len();
    }
    assert_eq!(taken, PIECES * PIECE_BYTES);
}
