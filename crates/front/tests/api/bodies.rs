//! Bodies of every size, type and depth.

use crate::harness::{World, assert_problem};
use axum::body::Body;
use bytes::Bytes;

const IMAGINE: &str = "/mj/submit/imagine";
const CAT: &str = r#"{"prompt":"a cat"}"#;

async fn send(world: &World, headers: &[(&str, &str)], body: impl Into<Body>) -> crate::harness::Reply {
    let mut request = world.request("POST", IMAGINE);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(body.into()).expect("is a request")).await
}

#[tokio::test]
async fn json_is_taken_under_every_usual_label() {
    let world = World::new().await;
    let types = [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("Application/JSON"),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/vnd.api+json"),
    ];
    for content_type in types {
        let headers: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
        let reply = send(&world, &headers, CAT).await;
        assert_eq!(reply.status, 200, "{content_type:?}: {}", reply.json());
    }
    assert_eq!(send(&world, &[], "\u{feff} {\"prompt\":\"a cat\"}\n").await.status, 200);
    for (content_type, body) in [
        ("application/x-www-form-urlencoded", "prompt=a+cat"),
        ("application/xml", "<a/>"),
        ("multipart/form-data; boundary=X", "--X--"),
        ("image/png", "x"),
    ] {
        let reply = send(&world, &[("content-type", content_type)], body).await;
        assert_problem(&reply, 415, "unsupported_media_type");
        assert_eq!(reply.json()["code"], 4);
    }
}

#[tokio::test]
async fn broken_json_is_refused() {
    let world = World::new().await;
    let deep = format!("{{\"prompt\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!("{{\"prompt\":\"x\",\"a\":[1{}]}}", ",1".repeat(200_000));
    let cases: [Bytes; 6] = [
        Bytes::from_static(b"{"),
        Bytes::from_static(b"{\"prompt\":\"a\"} x"),
        Bytes::from_static(b"{'prompt':'a'}"),
        Bytes::from_static(b"{\"prompt\":\"\xff\"}"),
        deep.into(),
        wide.into(),
    ];
    for body in cases {
        let reply = send(&world, &[("content-type", "application/json")], body.clone()).await;
        assert_problem(&reply, 400, "invalid_json");
    }
    assert_eq!(send(&world, &[], "").await.status, 400, "no body is no submission");
    assert_eq!(world.task_count().await, 0);
}

#[tokio::test]
async fn too_large_is_413_whether_announced_or_not() {
    let world = World::new().await;
    let zeros =
        || futures::stream::iter((0..66).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1 << 20]))));
    let streamed = send(&world, &[], Body::from_stream(zeros())).await;
    assert_problem(&streamed, 413, "payload_too_large");
    assert_eq!(streamed.json()["code"], 4);
    let announced = send(&world, &[("content-length", "69206016")], Body::from_stream(zeros())).await;
    assert_problem(&announced, 413, "payload_too_large");
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up() {
    let world = World::new().await;
    // The key is remembered from here on, so that nothing but the body is waited for.
    send(&world, &[], CAT).await;
    tokio::time::pause();
    let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
    let stuck = futures::StreamExt::chain(first, futures::stream::pending());
    let reply = send(&world, &[], Body::from_stream(stuck)).await;
    assert_problem(&reply, 408, "request_timeout");
}

#[tokio::test]
async fn gzip_is_undone_and_no_other_encoding() {
    let world = World::new().await;
    let good = gzip(CAT.as_bytes());
    let reply = send(&world, &[("content-encoding", "gzip")], good.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    let cut = send(&world, &[("content-encoding", "gzip")], good[..good.len() - 12].to_vec()).await;
    assert_eq!((cut.status, cut.json()["code"].as_i64()), (400, Some(4)));
    let other = send(&world, &[("content-encoding", "br")], CAT).await;
    assert_problem(&other, 415, "unsupported_media_type");
}

#[tokio::test]
async fn a_gzip_bomb_is_stopped_at_the_limit_of_what_it_inflates_to() {
    let world = World::new().await;
    for (inflated, status, code) in [
        (BODY_MAX - 1000, 400, "invalid_body"),
        (BODY_MAX, 413, "payload_too_large"),
        (4 * BODY_MAX, 413, "payload_too_large"),
    ] {
        let bomb = bomb(inflated);
        assert!(bomb.len() < inflated / 100, "it is small on the wire: {}", bomb.len());
        let reply = send(&world, &[("content-encoding", "gzip")], bomb).await;
        assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (status, Some(code)), "{inflated}");
    }
    world.imagine("a cat").await;
}

#[tokio::test]
async fn what_a_caller_would_rather_have_is_never_a_reason_to_refuse() {
    let world = World::new().await;
    for accept in ["application/binary", "text/html", "image/*;q=0.1", "nonsense"] {
        let reply = send(&world, &[("accept", accept)], CAT).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"), "{accept}");
    }
}

/// The most that a body may inflate to (`contract/DECISIONS.md`, large inputs).
const BODY_MAX: usize = 64 << 20;

/// A few more than so many spaces in one block with fixed Huffman codes (RFC 1951 section 3.2.6): a space,
/// then repetitions of 258 bytes at distance 1, each 13 bits long. The trailer is missing.
fn bomb(bytes: usize) -> Vec<u8> {
    let (mut out, mut bits, mut count) = (vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], 0u32, 0);
    let mut put = |code: u32, length: u32| {
        // Huffman codes stand with their highest bit first.
        for place in (0..length).rev() {
            bits |= ((code >> place) & 1) << count;
            count += 1;
            if count == 8 {
                out.push(u8::try_from(bits).expect("is eight bits"));
                (bits, count) = (0, 0);
            }
        }
    };
    // Last block, fixed codes: 1, then 01 with its lowest bit first.
    put(0b110, 3);
    put(0b0011_0000 + u32::from(b' '), 8);
    for _ in 0..bytes.div_ceil(258) {
        put(0b1100_0101, 8);
        put(0, 5);
    }
    // End of block, and padding.
    put(0, 7);
    put(0, 7);
    out
}

/// One stored block (RFC 1951 section 3.2.4) in a gzip member (RFC 1952).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("is short");
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(bytes);
    let crc = bytes
        .iter()
        .fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1))));
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}
