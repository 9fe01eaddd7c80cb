//! Bodies put together from pieces and inputs.

use super::peer::{Peer, Received, Reply, answer, ok, redirect};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use providers::Encoding;
use store::{ObjectMeta, PutReceipt, Store, StoreError};
use task::{Input, InputData};

/// The first bytes of a PNG, by which it is known.
pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR-and-so-on";

pub(super) fn input(data: InputData) -> Input {
    Input { role: "reference".to_owned(), data }
}

pub(super) fn inline(text: &str) -> Input {
    input(InputData::Inline(text.to_owned()))
}

pub(super) fn piece(position: usize, encoding: Encoding) -> Piece {
    Piece::Input { position, encoding }
}

pub(super) fn text(text: &'static str) -> Piece {
    Piece::Bytes(Bytes::from_static(text.as_bytes()))
}

pub(super) async fn put(world: &World, key: &str, bytes: &[u8]) -> Input {
    let body = futures::stream::iter([Ok(Bytes::copy_from_slice(bytes))]).boxed();
    world.store.put_stream(key, "image/png", 1 << 30, body).await.expect("a put");
    let stored =
        InputData::Stored { key: key.to_owned(), content_type: "image/png".to_owned(), bytes: bytes.len() as u64 };
    input(stored)
}

/// Sends one piece made of one input and gives what arrived.
async fn send(world: &World, peer: &Peer, one: Input, encoding: Encoding) -> Result<Received, WireError> {
    let request = request(Method::POST, Target::Base("/".to_owned()), vec![piece(0, encoding)]);
    let inputs = [one];
    world.outbound.call(Call { inputs: &inputs, ..call(&peer.url(), &request) }).await?;
    Ok(peer.received().pop().expect("a request arrived"))
}

fn data_uri(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(bytes))
}

#[tokio::test]
async fn pieces_arrive_in_order_with_their_length() {
    let peer = Peer::always(ok("")).await;
    let world = world();
    let big: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let inputs = [inline(&STANDARD.encode(PNG)), put(&world, "inputs/big", &big).await];
    let pieces = vec![
        text("{\"a\":\""),
        piece(0, Encoding::Base64),
        text("\",\"b\":\""),
        piece(1, Encoding::DataUri),
        text("\",\"raw\":"),
        piece(1, Encoding::Raw),
        piece(0, Encoding::Raw),
        text("}"),
    ];
    let expected = [
        b"{\"a\":\"".as_slice(),
        STANDARD.encode(PNG).as_bytes(),
        b"\",\"b\":\"",
        data_uri(&big).as_bytes(),
        b"\",\"raw\":",
        &big,
        PNG,
        b"}",
    ]
    .concat();
    for paid in [true, false] {
        let mut request = request(Method::POST, Target::Base("/".to_owned()), pieces.clone());
        request.paid = paid;
        world.outbound.call(Call { inputs: &inputs, ..call(&peer.url(), &request) }).await.expect("an answer");
        let received = peer.received().pop().expect("a request arrived");
        assert_eq!(received.header("content-length"), Some(expected.len().to_string().as_str()));
        assert!(received.body == expected, "{} bytes arrived", received.body.len());
    }
}

#[tokio::test]
async fn base64_is_read_however_it_was_written() {
    let peer = Peer::always(ok("")).await;
    let world = world();
    let bytes = [PNG, &[0xfb, 0xff, 0xfe, 0x3e]].concat();
    let plain = STANDARD.encode(&bytes);
    let url_safe = plain.replace('+', "-").replace('/', "_");
    let unpadded = plain.trim_end_matches('=').to_owned();
    let wrapped: String =
        plain.as_bytes().chunks(20).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
    let texts = [
        plain.clone(),
        url_safe,
        unpadded,
        wrapped,
        format!("data:image/png;base64,{plain}"),
        format!("DATA:image/png;charset=x;base64,{plain}"),
        format!("data:;base64,{plain}"),
        // A type that would break out of a JSON text is not passed on.
        format!("data:image/png\" evil=\"x;base64,{plain}"),
    ];
    for given in &texts {
        let raw = send(&world, &peer, inline(given), Encoding::Raw).await.expect("it is base64");
        assert_eq!(raw.body, bytes, "{given}");
        let base64 = send(&world, &peer, inline(given), Encoding::Base64).await.expect("it is base64");
        assert_eq!(base64.body, plain.as_bytes(), "{given}");
        let uri = send(&world, &peer, inline(given), Encoding::DataUri).await.expect("it is base64");
        assert_eq!(uri.body, format!("data:image/png;base64,{plain}").as_bytes(), "{given}");
    }
    // Bytes that nobody knows: what the caller says counts, if it is a type at all.
    for (given, expected) in [
        ("data:text/x-odd;base64,aGVsbG8=", "data:text/x-odd;base64,aGVsbG8="),
        ("data:text/\"x;base64,aGVsbG8=", "data:application/octet-stream;base64,aGVsbG8="),
        ("aGVsbG8=", "data:application/octet-stream;base64,aGVsbG8="),
    ] {
        let uri = send(&world, &peer, inline(given), Encoding::DataUri).await.expect("it is base64");
        assert_eq!(uri.body, expected.as_bytes(), "{given}");
    }
}

#[tokio::test]
async fn an_input_that_can_not_be_had_costs_nothing() {
    let peer = Peer::always(ok("")).await;
    let world = world();
    let stored = InputData::Stored { key: "inputs/gone".to_owned(), content_type: "image/png".to_owned(), bytes: 3 };
    let broken = InputData::Broken("no picture".to_owned());
    let given = [
        inline("%%%"),
        inline(""),
        inline("data:image/png;base64,"),
        inline("data:image/png,raw"),
        inline("data:image/png\",\"evil\":\"x;base64,aGVsbG8="),
        inline("a"),
        input(stored),
        input(broken),
    ];
    for one in given {
        let error = send(&world, &peer, one.clone(), Encoding::Base64).await.expect_err("no input");
        assert_eq!((error.kind, error.stage), (WireErrorKind::Input, Stage::BeforeFirstByte), "{one:?}");
        assert!(error.private.starts_with("input 1: "), "{error}");
    }
    let missing = request(Method::POST, Target::Base("/".to_owned()), vec![piece(7, Encoding::Raw)]);
    let error = world.outbound.call(call(&peer.url(), &missing)).await.expect_err("no such input");
    assert_eq!(error.kind, WireErrorKind::Input);
    assert_eq!(peer.connections(), 0);
}

/// A store that is away, or fails half way.
#[derive(Debug)]
struct Failing {
    head: Result<u64, StoreError>,
}

#[async_trait]
impl Store for Failing {
    async fn put_stream(&self, _: &str, _: &str, _: u64, _: store::ByteStream) -> Result<PutReceipt, StoreError> {
        Err(StoreError::Away("away".to_owned()))
    }

    async fn head(&self, _: &str) -> Result<ObjectMeta, StoreError> {
        let meta = |bytes| ObjectMeta { bytes, content_type: String::new(), etag: String::new(), modified_ms: 0 };
        self.head.clone().map(meta)
    }

    async fn get_range(
        &self,
        key: &str,
        _: Option<std::ops::Range<u64>>,
    ) -> Result<(ObjectMeta, store::ByteStream), StoreError> {
        let meta = self.head(key).await?;
        let half = vec![0; usize::try_from(meta.bytes / 2).unwrap_or_default()];
        Ok((meta, futures::stream::iter([Ok(Bytes::from(half))]).boxed()))
    }

    async fn delete(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn sweep_uploads(&self, _: i64) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn public_link(&self, _: &str) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_no_fault_of_the_input() {
    let peer = Peer::always(ok("")).await;
    let stored = InputData::Stored { key: "inputs/a".to_owned(), content_type: "image/png".to_owned(), bytes: 3 };
    let cases = [
        (Err(StoreError::Away("down".to_owned())), Stage::BeforeFirstByte),
        // It breaks off in the middle: the peer has seen a part, and never the whole.
        (Ok(100_000), Stage::AfterFirstByte),
    ];
    for (head, stage) in cases {
        let mut world = world();
        world.outbound.store = Arc::new(Failing { head });
        let error = send(&world, &peer, input(stored.clone()), Encoding::Base64).await.expect_err("no input");
        assert_eq!((error.kind, error.stage), (WireErrorKind::Store, stage));
    }
    assert!(peer.received().is_empty(), "no whole request arrived");
}

#[tokio::test]
async fn an_input_url_is_fetched_before_the_request_goes_out() {
    let peer = Peer::always(ok("")).await;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", PNG.len());
    let picture = Reply::Send([head.as_bytes(), PNG].concat());
    let host = Peer::start(move |_, request| match request.path() {
        "/picture" => picture.clone(),
        "/moved" => redirect(302, "/picture"),
        "/gone" => Reply::Send(answer(404, "", "no")),
        "/empty" => ok(""),
        "/large" => ok(&"x".repeat(2_000)),
        "/cut" => Reply::SendAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec()),
        "/silent" => Reply::SendAndHang(Vec::new()),
        "/round" => redirect(302, "/round"),
        _ => redirect(302, "http://10.0.0.1/inside"),
    })
    .await;
    let settings = OutboundSettings {
        input_ranges: loopback(),
        input_max_bytes: 1_000,
        input_timeout_ms: SHORT_MS * 4,
        ..OutboundSettings::default()
    };
    let world = world_with(settings);
    let by_url = |path: &str| input(InputData::Url(format!("{}{path}", host.url())));
    for path in ["/picture", "/moved"] {
        let received = send(&world, &peer, by_url(path), Encoding::DataUri).await.expect("a picture");
        assert_eq!(received.body, data_uri(PNG).as_bytes());
    }
    let sent_before = peer.received().len();
    for path in ["/gone", "/empty", "/large", "/cut", "/silent", "/round", "/inside"] {
        let error = send(&world, &peer, by_url(path), Encoding::Raw).await.expect_err(path);
        assert_eq!((error.kind, error.stage), (WireErrorKind::Input, Stage::BeforeFirstByte), "{path}");
        assert_discreet(&error);
    }
    for url in ["http://127.0.0.1.example.invalid/", "file:///etc/passwd", "http://169.254.169.254/", "no url"] {
        let error = send(&world, &peer, input(InputData::Url(url.to_owned())), Encoding::Raw).await.expect_err(url);
        assert_eq!((error.kind, error.stage), (WireErrorKind::Input, Stage::BeforeFirstByte), "{url}");
    }
    assert_eq!(peer.received().len(), sent_before);
    assert!(host.received().iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn more_calls_than_fit_into_memory_take_turns() {
    let peer = Peer::always(ok("")).await;
    let host = Peer::always(ok("picture")).await;
    // Each call may need all the memory there is, and needs little of it.
    let settings =
        OutboundSettings { input_ranges: loopback(), input_max_bytes: 1 << 30, ..OutboundSettings::default() };
    let world = world_with(settings);
    let one = input(InputData::Url(host.url()));
    let sends = (0..20).map(|_| send(&world, &peer, one.clone(), Encoding::Raw));
    for sent in futures::future::join_all(sends).await {
        assert_eq!(sent.expect("sent").body, b"picture");
    }
    assert_eq!((peer.received().len(), host.received().len()), (20, 20));
}

#[tokio::test]
async fn an_input_url_reaches_no_private_address() {
    let peer = Peer::always(ok("")).await;
    let canary = Peer::always(ok("secret")).await;
    let error = send(&world(), &peer, input(InputData::Url(canary.url())), Encoding::Raw).await.expect_err("private");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Input, Stage::BeforeFirstByte));
    assert_eq!((peer.connections(), canary.connections()), (0, 0));
}
