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
use store::{ByteStream, ChecksumMode, S3Settings, S3Store, Store};

const PIECE_BYTES: usize = 256 << 10;

fn store(settings: S3Settings) -> S3Store {
    S3Store::new(S3Settings { checksums: ChecksumMode::Required, ..settings }).expect("the settings fit together")
}

async fn drained(mut body: Incoming) -> u64 {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.expect("a frame").data_ref().map_or(0, Bytes::len) as u64;
    }
    bytes
}

/// Answers as S3 does, and counts the bytes of parts and objects.
pub async fn take_in(
    kind: Kind,
    request: Request<Incoming>,
    stored: Arc<AtomicU64>,
) -> Result<Response<Body>, io::Error> {
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

/// What puts have taken from their sources and not stored yet.
#[derive(Clone, Default)]
struct Held {
    taken: Arc<AtomicU64>,
    stored: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

impl Held {
    async fn server(&self) -> Server {
        let counted = self.stored.clone();
        let handler: Handler = Arc::new(move |kind, request| Box::pin(take_in(kind, request, counted.clone())));
        Server::answering(handler).await
    }

    fn body(&self, pieces: usize) -> ByteStream {
        let (held, piece) = (self.clone(), Bytes::from(vec![7; PIECE_BYTES]));
        let body = stream::iter(0..pieces).map(move |_| {
            let taken = held.taken.fetch_add(PIECE_BYTES as u64, Ordering::SeqCst) + PIECE_BYTES as u64;
            held.most.fetch_max(taken.saturating_sub(held.stored.load(Ordering::SeqCst)), Ordering::SeqCst);
            Ok(piece.clone())
        });
        body.boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_takes_no_more_from_its_source_than_it_may_hold() {
    const PARTS_HELD: usize = 3;
    let held = Held::default();
    let server = held.server().await;
    let store = store(S3Settings { parts_held: PARTS_HELD, ..server.settings() });
    let receipt = store.put_stream("big", "video/mp4", 1 << 30, held.body(1_024)).await.expect("a put");
    assert_eq!(receipt.bytes, 256 << 20);
    assert_eq!(server.count(Kind::Part), 32);
    let may_hold = PARTS_HELD * server.settings().part_bytes + PIECE_BYTES;
    let most = held.most.load(Ordering::SeqCst);
    assert!(most <= may_hold as u64, "{most} bytes were held, {may_hold} may be");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_puts_together_hold_no_more_than_they_may() {
    const PUTS: usize = 9;
    const BUFFERS_MAX_BYTES: usize = 36 << 20;
    let held = Held::default();
    let server = held.server().await;
    // Room for three puts.
    let store = store(S3Settings { buffers_max_bytes: BUFFERS_MAX_BYTES, ..server.settings() });
    let puts = (0..PUTS).map(|number| {
        let (store, body) = (&store, held.body(100));
        async move { store.put_stream(&format!("a/{number}"), "video/mp4", 1 << 30, body).await }
    });
    for receipt in futures::future::join_all(puts).await {
        assert_eq!(receipt.expect("every put gets its turn").bytes, 25 << 20);
    }
    let may_hold = BUFFERS_MAX_BYTES + PUTS * PIECE_BYTES;
    let most = held.most.load(Ordering::SeqCst);
    assert!(most <= may_hold as u64, "{most} bytes were held, {may_hold} may be");
    assert!(most > 16 << 20, "they went on one by one");
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
    let store = store(server.settings());

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
