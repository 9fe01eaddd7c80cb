//! Which addresses are dialled, and what is said when none is.

use super::peer::{Peer, ok};
use super::*;

fn wire_request(url: &str, reach: Reach) -> WireRequest {
    WireRequest {
        method: Method::GET,
        url: url::Url::parse(url).expect("is a URL"),
        headers: HeaderMap::new(),
        body: WireBody::empty(),
        reach,
        connection: Connection::Own,
        connect_timeout_ms: ROOMY_MS,
        header_timeout_ms: ROOMY_MS,
    }
}

fn public(texts: &[&str]) -> Reach {
    Reach::Public { ranges: ranges(texts) }
}

#[tokio::test]
async fn a_literal_out_of_reach_is_never_dialled() {
    let peer = Peer::always(ok("")).await;
    let port = peer.address.port();
    let wire = http_wire(Arc::new(SystemResolver));
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"] {
        let url = format!("http://{host}:{port}/secret-path?{SECRET}");
        let error = wire.send(wire_request(&url, public(&[]))).await.expect_err("out of reach");
        assert_eq!((error.kind, error.stage), (WireErrorKind::Address, Stage::BeforeFirstByte), "{host}");
        assert_discreet(&error);
    }
    assert_eq!(peer.connections(), 0);
    let response = wire.send(wire_request(&peer.url(), public(&["127.0.0.1/32"]))).await.expect("an allowed range");
    assert_eq!((response.status, response.remote), (200, Some(peer.address)));
    let response = wire.send(wire_request(&peer.url(), Reach::Configured)).await.expect("a configured origin");
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn a_name_out_of_reach_is_never_dialled() {
    let peer = Peer::always(ok("")).await;
    let port = peer.address.port();
    for answer in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"] {
        let wire = http_wire(Names::of("inside.example", &[&[answer]]));
        let url = format!("http://inside.example:{port}/secret-path?{SECRET}");
        let error = wire.send(wire_request(&url, public(&[]))).await.expect_err("out of reach");
        assert_eq!((error.kind, error.stage), (WireErrorKind::Address, Stage::BeforeFirstByte), "{answer}");
        assert_discreet(&error);
    }
    let url = format!("http://localhost:{port}/");
    let error = http_wire(Arc::new(SystemResolver)).send(wire_request(&url, public(&[]))).await;
    assert_eq!(error.expect_err("out of reach").kind, WireErrorKind::Address);
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn of_a_mixed_answer_only_what_is_in_reach_is_dialled() {
    let allowed = Peer::start_at("127.0.0.2:0", |_, _| ok("")).await;
    let canary = Peer::start_at(&format!("127.0.0.1:{}", allowed.address.port()), |_, _| ok("")).await;
    let wire = http_wire(Names::of("mixed.example", &[&["127.0.0.1", "::1", "127.0.0.2", "10.0.0.1"]]));
    let url = format!("http://mixed.example:{}/", allowed.address.port());
    let response = wire.send(wire_request(&url, public(&["127.0.0.2/32"]))).await.expect("one address is in reach");
    assert_eq!(response.remote, Some(allowed.address));
    assert_eq!((allowed.connections(), canary.connections()), (1, 0));
}

#[tokio::test]
async fn what_was_checked_is_what_is_dialled() {
    let allowed = Peer::start_at("127.0.0.2:0", |_, _| ok("")).await;
    let canary = Peer::start_at(&format!("127.0.0.1:{}", allowed.address.port()), |_, _| ok("")).await;
    // The name leads elsewhere at each look-up.
    let answers: Vec<&[&str]> = [["127.0.0.2"], ["127.0.0.1"]].iter().map(|a| a.as_slice()).cycle().take(100).collect();
    let wire = http_wire(Names::of("rebinding.example", &answers));
    let url = format!("http://rebinding.example:{}/", allowed.address.port());
    let mut refused = 0;
    for _ in 0..100 {
        match wire.send(wire_request(&url, public(&["127.0.0.2/32"]))).await {
            Ok(response) => assert_eq!(response.remote, Some(allowed.address)),
            Err(error) => {
                assert_eq!(error.kind, WireErrorKind::Address);
                refused += 1;
            }
        }
    }
    assert_eq!((refused, allowed.connections(), canary.connections()), (50, 50, 0));
}

#[tokio::test]
async fn a_dead_address_before_a_live_one_is_passed_over() {
    let peer = Peer::always(ok("")).await;
    let wire = http_wire(Names::of("two.example", &[&["127.0.0.3", "127.0.0.1"]]));
    let url = format!("http://two.example:{}/", peer.address.port());
    let response = wire.send(wire_request(&url, public(&["127.0.0.0/8"]))).await.expect("the second one lives");
    assert_eq!(response.remote, Some(peer.address));
}

#[tokio::test]
async fn names_without_an_answer_are_told_apart_from_refusals() {
    let wire = http_wire(Arc::<Names>::default());
    let error = wire.send(wire_request("http://nowhere.example/", public(&[]))).await.expect_err("no such name");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Dns, Stage::BeforeFirstByte));
    let wire = http_wire(Names::of("empty.example", &[&[]]));
    let error = wire.send(wire_request("http://empty.example/", public(&[]))).await.expect_err("no address");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Dns, Stage::BeforeFirstByte));

    struct Silent;
    #[async_trait]
    impl Resolver for Silent {
        async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
            std::future::pending().await
        }
    }
    let request = WireRequest { connect_timeout_ms: SHORT_MS, ..wire_request("http://slow.example/", public(&[])) };
    let error = http_wire(Arc::new(Silent)).send(request).await.expect_err("no answer");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Timeout, Stage::BeforeFirstByte));
}
