//! One request at the peer for each call, and what is known of it when the answer stays away.

use super::peer::{Peer, Reply, answer, closed_port, ok};
use super::*;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Posts a paid request and gives its error.
async fn paid_error(address: SocketAddr, timeout_ms: i64) -> WireError {
    let mut request = request(Method::POST, Target::Base(format!("/secret-path?key={SECRET}")), body("paid"));
    request.paid = true;
    let base_url = format!("http://{address}");
    let error = world().outbound.call(Call { timeout_ms, ..call(&base_url, &request) }).await.expect_err("no answer");
    assert_discreet(&error);
    error
}

fn body(text: &'static str) -> Vec<Piece> {
    vec![Piece::Bytes(bytes::Bytes::from_static(text.as_bytes()))]
}

#[tokio::test]
async fn a_refused_connection_is_before_the_first_byte() {
    let error = paid_error(closed_port().await, ROOMY_MS).await;
    assert_eq!((error.kind, error.stage), (WireErrorKind::Connect, Stage::BeforeFirstByte));
}

#[tokio::test]
async fn a_peer_that_reads_the_request_and_goes_leaves_a_doubt() {
    let replies = [
        (Reply::SendAndClose(Vec::new()), WireErrorKind::Reset),
        (Reply::Reset, WireErrorKind::Reset),
        (Reply::SendAndClose(b"HTTP/1.1 200 OK\r\ncontent-".to_vec()), WireErrorKind::Reset),
        (Reply::SendAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec()), WireErrorKind::Reset),
        (Reply::SendAndClose(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()), WireErrorKind::Protocol),
        (Reply::SendAndClose(b"HTTP/1.1 abc\r\n\r\n".to_vec()), WireErrorKind::Protocol),
    ];
    for (reply, kind) in replies {
        let peer = Peer::always(reply.clone()).await;
        let error = paid_error(peer.address, ROOMY_MS).await;
        assert_eq!((error.kind, error.stage), (kind, Stage::AfterFirstByte), "{reply:?}");
        assert_eq!((peer.received().len(), peer.connections()), (1, 1), "{reply:?}");
    }
}

#[tokio::test]
async fn a_peer_that_closes_without_reading_leaves_a_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("has an address");
    let accepted = tokio::spawn(async move { drop(listener.accept().await.expect("a connection")) });
    let error = paid_error(address, ROOMY_MS).await;
    assert_eq!((error.kind, error.stage), (WireErrorKind::Reset, Stage::AfterFirstByte));
    accepted.await.expect("accepted once");
}

#[tokio::test]
async fn a_silent_peer_is_left_at_the_limit() {
    let replies = [
        Reply::SendAndHang(Vec::new()),
        Reply::SendAndHang(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()),
        Reply::SendAndHang(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec()),
    ];
    for reply in replies {
        let peer = Peer::always(reply).await;
        let error = paid_error(peer.address, SHORT_MS).await;
        assert_eq!((error.kind, error.stage), (WireErrorKind::Timeout, Stage::AfterFirstByte));
        peer.connection_gone().await;
        assert_eq!(peer.received().len(), 1);
    }
}

#[tokio::test]
async fn paid_requests_never_share_a_connection() {
    let peer = Peer::always(ok("done")).await;
    let world = world();
    let mut paid = request(Method::POST, Target::Base("/pay".to_owned()), body("paid"));
    paid.paid = true;
    for _ in 0..3 {
        let answered = world.outbound.call(call(&peer.url(), &paid)).await.expect("an answer");
        assert_eq!(&answered.response.body[..], b"done");
        assert_eq!(answered.timings.started_ms, NOW_MS);
        assert!(answered.timings.connect_ms.is_some() && answered.timings.total_ms.is_some());
    }
    assert_eq!((peer.received().len(), peer.connections()), (3, 3));
}

#[tokio::test]
async fn polls_share_one() {
    let peer = Peer::always(ok("done")).await;
    let world = world();
    for _ in 0..5 {
        world.outbound.call(call(&peer.url(), &get("/poll"))).await.expect("an answer");
    }
    assert_eq!((peer.received().len(), peer.connections()), (5, 1));
}

#[tokio::test]
async fn a_kept_connection_that_the_peer_has_closed_costs_no_second_request() {
    // The peer closes the kept connection when the second request has arrived on it.
    let peer = Peer::start(|before, _| if before == 1 { Reply::Reset } else { ok("done") }).await;
    let world = world();
    for paid in [false, true] {
        let mut poll = get("/poll");
        poll.paid = paid;
        let received_before = peer.received().len();
        let outcome = world.outbound.call(call(&peer.url(), &poll)).await;
        assert_eq!(peer.received().len(), received_before + 1);
        assert!(outcome.is_ok() || received_before == 1);
    }
    let peer = Peer::start(|before, _| if before == 1 { Reply::Reset } else { ok("done") }).await;
    world.outbound.call(call(&peer.url(), &get("/poll"))).await.expect("an answer");
    let error = world.outbound.call(call(&peer.url(), &get("/poll"))).await.expect_err("the connection died");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Reset, Stage::AfterFirstByte));
    assert_eq!(peer.received().len(), 2, "it was not sent again behind our back");

    // The peer closes the kept connection while it lies idle.
    let peer = Peer::start(|_, _| Reply::SendAndClose(answer(200, "connection: keep-alive\r\n", "done"))).await;
    for sent in 1..=5 {
        let outcome = world.outbound.call(call(&peer.url(), &get("/poll"))).await;
        peer.connection_gone().await;
        assert!(peer.received().len() <= sent);
        assert!(outcome.is_ok() || peer.received().len() < sent, "what arrived was answered");
    }
}

#[tokio::test]
async fn a_request_without_a_body_says_so() {
    let peer = Peer::always(ok("")).await;
    let post = request(Method::POST, Target::Base("/a?b=c".to_owned()), Vec::new());
    world().outbound.call(call(&peer.url(), &post)).await.expect("an answer");
    world().outbound.call(call(&peer.url(), &get("/"))).await.expect("an answer");
    let received = peer.received();
    assert_eq!(received[0].header("content-length"), Some("0"));
    assert_eq!(received[0].path(), "/a?b=c");
    assert_eq!(received[0].header("authorization"), Some("Bearer hunter2"));
    assert_eq!(received[1].header("content-length"), None);
    for request in received {
        assert_eq!(request.header("accept-encoding"), None, "compression is never asked for");
        assert_eq!(request.header("referer"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wire_that_does_not_keep_its_limit_is_given_up() {
    struct Stuck;
    #[async_trait]
    impl Wire for Stuck {
        async fn send(&self, _request: WireRequest) -> Result<WireResponse, WireError> {
            std::future::pending().await
        }
    }
    let world = world_of(Arc::new(Stuck), OutboundSettings::default());
    let error = world.outbound.call(call("http://up.example", &get("/"))).await.expect_err("stuck");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Timeout, Stage::AfterFirstByte));
}
