//! Inputs that go as links, and media types beside them.

use super::parts::{PNG, inline, input, piece, put, text};
use super::peer::{Peer, Received, ok};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use providers::Encoding;
use store::Store;
use task::{Input, InputData};

const STEM: &str = "task-artifacts/inputs/2026/11/22/task_1-in";

/// Sends these pieces with links of ours under `media_base`.
async fn send(
    world: &World,
    peer: &Peer,
    media_base: &str,
    inputs: &[Input],
    pieces: Vec<Piece>,
) -> Result<Received, WireError> {
    let request = request(Method::POST, Target::Base("/".to_owned()), pieces);
    let links = Some(Links { media_base, stem: STEM });
    world.outbound.call(Call { inputs, links, ..call(&peer.url(), &request) }).await?;
    Ok(peer.received().pop().expect("a request arrived"))
}

async fn object(world: &World, key: &str) -> Vec<u8> {
    let (_, body) = world.store.get_range(key, None).await.expect("it is in the store");
    let pieces: Vec<bytes::Bytes> = body.try_collect().await.expect("it can be read");
    pieces.concat()
}

#[tokio::test]
async fn an_input_of_ours_is_put_where_it_is_served() {
    let peer = Peer::always(ok("")).await;
    let world = world();
    let inputs = [inline(&STANDARD.encode(PNG)), put(&world, "inputs/2026/a-1.webp", b"stored").await];
    let pieces =
        vec![piece(0, Encoding::Link), text(" "), piece(1, Encoding::Link), text(" "), piece(1, Encoding::Raw)];
    let base = "http://127.0.0.1:9/media";
    for _ in 0..2 {
        let received = send(&world, &peer, base, &inputs, pieces.clone()).await.expect("sent");
        assert_eq!(String::from_utf8_lossy(&received.body), format!("{base}/{STEM}-0.png {base}/{STEM}-1.webp stored"));
    }
    assert_eq!(object(&world, &format!("{STEM}-0.png")).await, PNG);
    assert_eq!(object(&world, &format!("{STEM}-1.webp")).await, b"stored");
    assert_eq!(world.store.head(&format!("{STEM}-0.png")).await.expect("is there").content_type, "image/png");
}

#[tokio::test]
async fn what_is_served_already_is_linked_where_it_is() {
    let peer = Peer::always(ok("")).await;
    let world = world();
    let inputs = [put(&world, "uploads/2026/x.png", PNG).await];
    let received = send(&world, &peer, "http://127.0.0.1:9/media", &inputs, vec![piece(0, Encoding::Link)]).await;
    assert_eq!(received.expect("sent").body, b"http://127.0.0.1:9/media/uploads/2026/x.png");
    assert!(world.store.list("task-artifacts/", None, 10).await.expect("a list").is_empty());
}

#[tokio::test]
async fn a_callers_url_goes_as_it_is_and_is_not_fetched() {
    let peer = Peer::always(ok("")).await;
    let world = world();
    let url = |text: &str| input(InputData::Url(text.to_owned()));
    for (given, expected) in [
        ("https://example.com/a.png?sig=a%2Bb&x=\"1\"", "https://example.com/a.png?sig=a%2Bb&x=%221%22"),
        ("https://example.com/a\\b", "https://example.com/a/b"),
    ] {
        // No link of ours is needed for it, so neither is an address of ours.
        let received = send(&world, &peer, "", &[url(given)], vec![piece(0, Encoding::Link)]).await.expect("sent");
        assert_eq!(String::from_utf8_lossy(&received.body), expected);
    }
    let before = peer.received().len();
    for given in ["file:///etc/passwd", "no url", "http://127.0.0.1/x", "http://169.254.169.254/", "http://u:p@h.com/"]
    {
        let error = send(&world, &peer, "", &[url(given)], vec![piece(0, Encoding::Link)]).await.expect_err(given);
        assert_eq!((error.kind, error.stage), (WireErrorKind::Input, Stage::BeforeFirstByte), "{given}");
    }
    assert_eq!(peer.received().len(), before);
}

#[tokio::test]
async fn a_link_that_can_not_be_followed_costs_nothing() {
    let peer = Peer::always(ok("")).await;
    let world = world();
    let inputs = [inline(&STANDARD.encode(PNG))];
    let error = send(&world, &peer, "", &inputs, vec![piece(0, Encoding::Link)]).await.expect_err("no address");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Link, Stage::BeforeFirstByte));
    assert_eq!(peer.connections(), 0);
    assert!(world.store.list("task-artifacts/", None, 10).await.expect("a list").is_empty(), "nothing was put");
}

#[tokio::test]
async fn one_input_goes_in_several_forms_and_is_obtained_once() {
    let peer = Peer::always(ok("")).await;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", PNG.len());
    let picture = [head.as_bytes(), PNG].concat();
    let host = Peer::always(super::peer::Reply::Send(picture)).await;
    let world = world_with(OutboundSettings { input_ranges: loopback(), ..OutboundSettings::default() });
    let pieces = vec![
        text("{\"type\":\""),
        piece(0, Encoding::MediaType),
        text("\",\"data\":\""),
        piece(0, Encoding::Base64),
        text("\",\"uri\":\""),
        piece(0, Encoding::DataUri),
        text("\",\"link\":\""),
        piece(0, Encoding::Link),
        text("\"}"),
    ];
    let encoded = STANDARD.encode(PNG);
    let given =
        [input(InputData::Url(host.url())), inline(&encoded), input(InputData::Bytes(bytes::Bytes::from_static(PNG)))];
    for one in given {
        let link = match &one.data {
            InputData::Url(url) => format!("{url}/"),
            _ => format!("http://127.0.0.1:9/media/{STEM}-0.png"),
        };
        let sent = send(&world, &peer, "http://127.0.0.1:9/media", &[one], pieces.clone()).await.expect("sent");
        let expected = format!(
            r#"{{"type":"image/png","data":"{encoded}","uri":"data:image/png;base64,{encoded}","link":"{link}"}}"#
        );
        assert_eq!(String::from_utf8_lossy(&sent.body), expected);
    }
    assert_eq!(host.received().len(), 1);
}
