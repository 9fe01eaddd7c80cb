//! Callbacks: one request each, and an end to each within the limit.

use super::peer::{Peer, Reply, answer, closed_port, ok, redirect};
use super::*;
use bytes::Bytes;
use tokio::net::TcpListener;

fn patient() -> World {
    world_with(OutboundSettings {
        callback_ranges: loopback(),
        callback_timeout_ms: ROOMY_MS,
        ..OutboundSettings::default()
    })
}

fn hasty() -> World {
    world_with(OutboundSettings {
        callback_ranges: loopback(),
        callback_timeout_ms: SHORT_MS,
        ..OutboundSettings::default()
    })
}

async fn post(world: &World, url: &str) -> CallbackSend {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", HeaderValue::from_static("cb_1"));
    let sent = world.outbound.post_callback(url, headers, Bytes::from_static(b"{\"status\":\"SUCCESS\"}")).await;
    assert!(!sent.note.contains(SECRET) && !sent.note.contains("secret-path"), "{}", sent.note);
    assert!(sent.note.chars().all(|c| !c.is_control()), "{:?}", sent.note);
    sent
}

#[tokio::test]
async fn a_callback_arrives_as_it_was_written() {
    let peer = Peer::always(ok("thanks")).await;
    let sent = post(&patient(), &format!("{}/hook?token={SECRET}", peer.url())).await;
    assert_eq!((sent.status, sent.class, sent.note.as_str()), (Some(200), "ok", ""));
    let received = &peer.received()[0];
    assert_eq!(received.head.lines().next(), Some("POST /hook?token=hunter2 HTTP/1.1"));
    assert_eq!(received.body, b"{\"status\":\"SUCCESS\"}");
    assert_eq!(received.header("content-length"), Some("20"));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("webhook-id"), Some("cb_1"));
    assert_eq!(received.header("accept-encoding"), Some("identity"));
    peer.connection_gone().await;
}

#[tokio::test]
async fn the_status_decides_and_is_classed() {
    for (status, class) in
        [(200, "ok"), (204, "ok"), (304, "redirect"), (404, "status"), (410, "status"), (500, "status")]
    {
        let peer = Peer::always(Reply::SendAndClose(answer(status, "", ""))).await;
        let sent = post(&patient(), &peer.url()).await;
        assert_eq!((sent.status, sent.class), (Some(status), class));
        assert_eq!(peer.received().len(), 1);
    }
    let peer = Peer::always(Reply::Send(answer(500, "", "line one\r\n\0\u{1b}[31mline two"))).await;
    assert_eq!(post(&patient(), &peer.url()).await.note, "line one    [31mline two");
}

#[tokio::test]
async fn a_connection_is_kept_and_given_up_when_the_receiver_closes_it() {
    let peer = Peer::start(|before, _| match before {
        2 => Reply::SendAndClose(answer(200, "", "")),
        _ => ok(""),
    })
    .await;
    let world = patient();
    for _ in 0..3 {
        assert_eq!(post(&world, &peer.url()).await.class, "ok");
    }
    assert_eq!(peer.connections(), 1);
    peer.connection_gone().await;
    assert_eq!(post(&world, &peer.url()).await.class, "ok");
    assert_eq!((peer.received().len(), peer.connections()), (4, 2), "each went out once");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let canary = Peer::always(ok("")).await;
    for status in [301, 302, 307, 308] {
        let location = canary.url();
        let peer = Peer::start(move |_, _| redirect(status, &location)).await;
        let sent = post(&patient(), &peer.url()).await;
        assert_eq!((sent.status, sent.class), (Some(status), "redirect"));
        assert_eq!(peer.received().len(), 1);
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn no_end_of_a_connection_sends_twice() {
    for (reply, class) in [
        (Reply::SendAndClose(Vec::new()), "reset"),
        (Reply::Reset, "reset"),
        (Reply::SendAndClose(b"HTTP/1.1 2".to_vec()), "reset"),
        (Reply::SendAndClose(b"nonsense\r\n\r\n".to_vec()), "protocol"),
    ] {
        let peer = Peer::always(reply.clone()).await;
        let sent = post(&patient(), &peer.url()).await;
        assert_eq!((sent.status, sent.class), (None, class), "{reply:?}");
        assert_eq!((peer.received().len(), peer.connections()), (1, 1), "{reply:?}");
    }
}

#[tokio::test]
async fn a_status_counts_whatever_becomes_of_the_body() {
    let cut = Peer::always(Reply::SendAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec())).await;
    assert_eq!(post(&patient(), &cut.url()).await.class, "ok");

    // Headers at once and then a body that never comes: delivered, and the connection is let go.
    let hangs = Peer::always(Reply::SendAndHang(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec())).await;
    let sent = post(&hasty(), &hangs.url()).await;
    assert_eq!((sent.status, sent.class), (Some(200), "ok"));
    hangs.connection_gone().await;
}

#[tokio::test]
async fn an_endless_answer_is_read_no_further_than_its_limit() {
    for status in [200, 500] {
        let head = format!("HTTP/1.1 {status} Word\r\n\r\n").into_bytes();
        let peer = Peer::always(Reply::SendForEver(head, vec![b'x'; 100_000])).await;
        let sent = post(&patient(), &peer.url()).await;
        assert_eq!(sent.status, Some(status));
        assert!(sent.note.len() <= CALLBACK_ANSWER_MAX_BYTES);
        // The peer could not write on: we have closed.
        peer.connection_gone().await;
    }
    // Headers without end are no answer.
    let endless =
        Reply::SendForEver(b"HTTP/1.1 200 OK\r\n".to_vec(), format!("x: {}\r\n", "y".repeat(1_000)).into_bytes());
    let peer = Peer::always(endless).await;
    assert_eq!(post(&patient(), &peer.url()).await.class, "protocol");
    peer.connection_gone().await;
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_left_at_the_limit() {
    let silent = Peer::always(Reply::SendAndHang(Vec::new())).await;
    let sent = post(&hasty(), &silent.url()).await;
    assert_eq!((sent.status, sent.class), (None, "timeout_headers"));
    silent.connection_gone().await;

    // Accepts TCP and stalls in the TLS handshake.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}/secret-path?{SECRET}", listener.local_addr().expect("has an address"));
    let sent = post(&hasty(), &url).await;
    assert_eq!((sent.status, sent.class), (None, "timeout_connect"));

    let sent = post(&patient(), &format!("http://{}/", closed_port().await)).await;
    assert_eq!((sent.status, sent.class), (None, "connect"));
}

#[tokio::test]
async fn addresses_and_urls_out_of_reach_are_never_dialled() {
    let canary = Peer::always(ok("")).await;
    let port = canary.address.port();
    let world = world();
    for url in [
        format!("{}/secret-path?{SECRET}", canary.url()),
        format!("http://localhost:{port}/"),
        format!("http://[::1]:{port}/"),
        "http://8.8.8.8:22/".to_owned(),
    ] {
        assert_eq!(post(&world, &url).await.class, "address", "{url}");
    }
    for url in ["", "not a url", "ftp://h/", "http://u:p@h/", "http://"] {
        let sent = post(&world, url).await;
        assert_eq!((sent.status, sent.class), (None, "url"), "{url}");
    }
    let unknown = world_of(Arc::new(http_wire(Arc::<Names>::default())), OutboundSettings::default());
    assert_eq!(post(&unknown, "http://nowhere.example/").await.class, "dns");
    assert_eq!(canary.connections(), 0);
}
