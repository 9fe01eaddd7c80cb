//! What a call gives back, and where its key goes.

use super::peer::{Peer, Reply, answer, ok, redirect};
use super::*;
use bytes::Bytes;

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let elsewhere = Peer::always(ok("elsewhere")).await;
    for status in [301, 302, 303, 307, 308] {
        let peer = Peer::always(redirect(status, &elsewhere.url())).await;
        let answered = world().outbound.call(call(&peer.url(), &get("/"))).await.expect("an answer");
        assert_eq!(answered.response.status, status);
        assert_eq!(&answered.response.body[..], b"moved");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn the_answer_is_read_up_to_the_limit_and_no_further() {
    let peer = Peer::always(ok("0123456789")).await;
    let get = get("/");
    let world = world();
    let answered = world.outbound.call(Call { body_max_bytes: 10, ..call(&peer.url(), &get) }).await.expect("it fits");
    assert_eq!(&answered.response.body[..], b"0123456789");
    let error =
        world.outbound.call(Call { body_max_bytes: 9, ..call(&peer.url(), &get) }).await.expect_err("too large");
    assert_eq!((error.kind, error.stage), (WireErrorKind::TooLarge, Stage::AfterFirstByte));

    let endless = Reply::SendForEver(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 65_536]);
    let peer = Peer::always(endless).await;
    let error = world.outbound.call(call(&peer.url(), &get)).await.expect_err("endless");
    assert_eq!(error.kind, WireErrorKind::TooLarge);
    peer.connection_gone().await;
}

#[tokio::test]
async fn a_compressed_answer_is_not_inflated() {
    let peer = Peer::always(Reply::Send(answer(200, "content-encoding: gzip\r\n", "as it is"))).await;
    let answered = world().outbound.call(call(&peer.url(), &get("/"))).await.expect("an answer");
    assert_eq!(&answered.response.body[..], b"as it is");
}

#[tokio::test]
async fn the_key_goes_to_its_own_origin_alone() {
    let home = Peer::always(ok("")).await;
    let elsewhere = Peer::always(ok("")).await;
    let settings = OutboundSettings { artifact_ranges: loopback(), ..OutboundSettings::default() };
    let world = world_with(settings);
    for peer in [&home, &elsewhere] {
        let target = Target::FromAnswer(format!("{}/next", peer.url()));
        let request = request(Method::GET, target, Vec::new());
        world.outbound.call(call(&home.url(), &request)).await.expect("an answer");
    }
    let (kept, dropped) = (&home.received()[0], &elsewhere.received()[0]);
    assert_eq!(kept.header("authorization"), Some("Bearer hunter2"));
    assert_eq!(kept.header("x-api-key"), Some("Bearer hunter2"));
    assert_eq!((dropped.header("authorization"), dropped.header("x-api-key")), (None, None));
    assert_eq!(dropped.header("x-plain"), Some("plain"));
}

#[tokio::test]
async fn a_vendors_url_reaches_no_private_address_but_its_own_origin() {
    let home = Peer::always(ok("")).await;
    let canary = Peer::always(ok("")).await;
    let private = format!("{}/secret-path?{SECRET}", canary.url());
    for text in [private.as_str(), "file:///etc/passwd", "http://u:p@8.8.8.8/", "/relative", "http://localhost:1/"] {
        let request = request(Method::GET, Target::FromAnswer(text.to_owned()), Vec::new());
        let error = world().outbound.call(call(&home.url(), &request)).await.expect_err(text);
        assert_eq!((error.kind, error.stage), (WireErrorKind::Address, Stage::BeforeFirstByte), "{text}");
        assert_discreet(&error);
    }
    assert_eq!((home.connections(), canary.connections()), (0, 0));
}

#[tokio::test]
async fn a_call_that_may_no_longer_begin_does_not() {
    let peer = Peer::always(ok("")).await;
    let world = world();
    let get = get("/");
    let by = |start_by_ms| Call { start_by_ms: Some(start_by_ms), ..call("", &get) };
    let base_url = peer.url();
    let in_time = Call { base_url: &base_url, ..by(NOW_MS) };
    world.outbound.call(in_time).await.expect("just in time");
    world.clock.advance_ms(1);
    let error = world.outbound.call(in_time).await.expect_err("late");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Late, Stage::BeforeFirstByte));
    assert_eq!(peer.received().len(), 1);
}

#[tokio::test]
async fn a_base_url_that_is_none_is_refused() {
    for base_url in ["", "relay.example", "ftp://relay.example", "https://key@relay.example/"] {
        let error = world().outbound.call(call(base_url, &get("/"))).await.expect_err(base_url);
        assert_eq!((error.kind, error.stage), (WireErrorKind::Address, Stage::BeforeFirstByte), "{base_url}");
    }
}

#[tokio::test]
async fn a_request_shows_no_secret_when_it_is_printed() {
    let wire_request = WireRequest {
        method: Method::GET,
        url: url::Url::parse(&format!("https://up.example/secret-path?{SECRET}")).expect("is a URL"),
        headers: get("/").headers,
        body: WireBody::of(Bytes::from_static(SECRET.as_bytes())),
        reach: Reach::Configured,
        connection: Connection::Own,
        connect_timeout_ms: 1,
        header_timeout_ms: 1,
    };
    let text = format!("{wire_request:?}");
    assert!(text.contains("https://up.example") && !text.contains(SECRET) && !text.contains("secret-path"), "{text}");
}

#[tokio::test]
async fn a_url_that_the_dialect_names_is_as_trusted_as_the_base() {
    let bucket = Peer::always(ok("done")).await;
    let world = world();
    let target = Target::Configured(format!("{}/secret-path?a=b", bucket.url()));
    let request = request(Method::POST, target, Vec::new());
    let answered = world.outbound.call(call("https://api.example.invalid", &request)).await.expect("an answer");
    assert_eq!(&answered.response.body[..], b"done");
    let received = &bucket.received()[0];
    assert_eq!((received.path(), received.header("authorization")), ("/secret-path?a=b", Some("Bearer hunter2")));
    for text in ["file:///etc/passwd", "http://u:p@h/", "/relative"] {
        let refused = super::request(Method::GET, Target::Configured(text.to_owned()), Vec::new());
        let error = world.outbound.call(call(&bucket.url(), &refused)).await.expect_err(text);
        assert_eq!((error.kind, error.stage), (WireErrorKind::Address, Stage::BeforeFirstByte));
    }
}
