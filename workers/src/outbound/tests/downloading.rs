//! Downloads: where they lead, and where they end.

use super::peer::{Peer, Reply, answer, ok, redirect};
use super::*;
use bytes::Bytes;
use futures::TryStreamExt;

fn from_answer(url: &str) -> Request {
    request(Method::GET, Target::FromAnswer(url.to_owned()), Vec::new())
}

async fn whole(download: Download) -> Result<Vec<u8>, WireError> {
    let pieces: Vec<Bytes> = download.body.try_collect().await?;
    Ok(pieces.concat())
}

fn allowing_loopback() -> World {
    world_with(OutboundSettings { artifact_ranges: loopback(), ..OutboundSettings::default() })
}

#[tokio::test]
async fn a_file_arrives_with_what_is_said_of_it() {
    let peer = Peer::always(Reply::Send(answer(200, "content-type: video/mp4\r\n", "the film"))).await;
    let download = world().outbound.download(&peer.url(), &get("/f"), DownloadLimits::default()).await.expect("a file");
    assert_eq!((download.status, download.length), (200, Some(8)));
    assert_eq!(download.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(whole(download).await.expect("whole"), b"the film");
    assert_eq!(peer.received()[0].header("authorization"), Some("Bearer hunter2"));

    let peer = Peer::always(Reply::Send(answer(404, "", "no"))).await;
    let download = world().outbound.download(&peer.url(), &get("/f"), DownloadLimits::default()).await;
    assert_eq!(download.expect("an answer").status, 404);
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_the_key_and_one_across_drops_it_for_good() {
    let elsewhere = Peer::start(|before, _| if before == 0 { redirect(307, "/second") } else { ok("file") }).await;
    let away = elsewhere.url();
    let home = Peer::start(move |before, _| match before {
        0 => redirect(302, "/next"),
        _ => redirect(301, &format!("{away}/first")),
    })
    .await;
    let download = allowing_loopback().outbound.download(&home.url(), &get("/"), DownloadLimits::default()).await;
    assert_eq!(whole(download.expect("a file")).await.expect("whole"), b"file");
    for request in home.received() {
        assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
    }
    assert_eq!(elsewhere.received().len(), 2);
    for request in elsewhere.received() {
        assert_eq!((request.header("authorization"), request.header("x-api-key")), (None, None));
        assert_eq!(request.header("x-plain"), Some("plain"));
    }
}

#[tokio::test]
async fn who_leads_back_to_the_origin_gets_neither_key_nor_reach() {
    let home = Peer::always(ok("inside")).await;
    let back = format!("{}/admin", home.url());
    let elsewhere = Peer::start(move |_, _| redirect(302, &back)).await;
    let request = from_answer(&elsewhere.url());
    let download = allowing_loopback().outbound.download(&home.url(), &request, DownloadLimits::default()).await;
    assert_eq!(download.expect("loopback is allowed here").status, 200);
    assert_eq!(home.received()[0].header("authorization"), None);

    // The other host alone is allowed: the configured origin is not open to it.
    let outside = Peer::start_at("127.0.0.2:0", {
        let back = format!("{}/admin", home.url());
        move |_, _| redirect(302, &back)
    })
    .await;
    let settings = OutboundSettings { artifact_ranges: ranges(&["127.0.0.2/32"]), ..OutboundSettings::default() };
    let request = from_answer(&outside.url());
    let download = world_with(settings).outbound.download(&home.url(), &request, DownloadLimits::default()).await;
    assert_eq!(download.expect_err("not open to it").kind, WireErrorKind::Address);
    assert_eq!(home.received().len(), 1);
}

#[tokio::test]
async fn a_redirect_to_where_we_must_not_go_is_not_followed() {
    let canary = Peer::always(ok("inside")).await;
    let port = canary.address.port();
    let inside = [
        canary.url(),
        format!("http://localhost:{port}/secret-path?{SECRET}"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
    ];
    for location in inside {
        for status in [301, 302, 303, 307, 308] {
            let leads_to = location.clone();
            let home = Peer::start(move |_, _| redirect(status, &leads_to)).await;
            let download = world().outbound.download(&home.url(), &get("/"), DownloadLimits::default()).await;
            let error = download.expect_err("out of reach");
            assert_eq!(error.kind, WireErrorKind::Address, "{location}");
            assert_discreet(&error);
        }
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn three_redirects_are_followed_and_no_fourth() {
    for (redirects, arrives) in [(3, true), (4, false)] {
        let peer = Peer::start(move |before, _| if before < redirects { redirect(302, "/on") } else { ok("") }).await;
        let download = world().outbound.download(&peer.url(), &get("/"), DownloadLimits::default()).await;
        assert_eq!(download.is_ok(), arrives);
        assert_eq!(peer.received().len(), 4);
    }
}

#[tokio::test]
async fn a_post_is_not_sent_on() {
    let canary = Peer::always(ok("")).await;
    let location = canary.url();
    let peer = Peer::start(move |_, _| redirect(307, &location)).await;
    let post = request(Method::POST, Target::Base("/".to_owned()), vec![Piece::Bytes(Bytes::from_static(b"{}"))]);
    let download = allowing_loopback().outbound.download(&peer.url(), &post, DownloadLimits::default()).await;
    assert_eq!(download.expect("an answer").status, 307);
    assert_eq!(peer.received()[0].body, b"{}");
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_file_that_is_cut_short_is_an_error() {
    let cut = [
        Reply::SendAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
        Reply::SendAndClose(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec()),
    ];
    for reply in cut {
        let peer = Peer::always(reply).await;
        let download = world().outbound.download(&peer.url(), &get("/"), DownloadLimits::default()).await;
        let error = whole(download.expect("it begins well")).await.expect_err("cut short");
        assert_eq!((error.kind, error.stage), (WireErrorKind::Reset, Stage::AfterFirstByte));
        assert_discreet(&error);
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_left() {
    let limits = DownloadLimits { max_bytes: 10, ..DownloadLimits::default() };
    let told = Peer::always(ok("01234567890")).await;
    let error = world().outbound.download(&told.url(), &get("/"), limits).await.expect_err("it says so itself");
    assert_eq!(error.kind, WireErrorKind::TooLarge);

    let endless = Peer::always(Reply::SendForEver(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1_000])).await;
    let download = world().outbound.download(&endless.url(), &get("/"), limits).await.expect("it does not say");
    assert_eq!(whole(download).await.expect_err("too large").kind, WireErrorKind::TooLarge);
    endless.connection_gone().await;
}

#[tokio::test]
async fn a_file_that_stops_arriving_is_left() {
    let stops = Reply::SendAndHang(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec());
    let peer = Peer::always(stops).await;
    for limits in [
        DownloadLimits { idle_timeout_ms: SHORT_MS, ..DownloadLimits::default() },
        DownloadLimits { total_timeout_ms: SHORT_MS, ..DownloadLimits::default() },
    ] {
        let download = world().outbound.download(&peer.url(), &get("/"), limits).await.expect("it begins well");
        let error = whole(download).await.expect_err("it stops");
        assert_eq!((error.kind, error.stage), (WireErrorKind::Timeout, Stage::AfterFirstByte));
        peer.connection_gone().await;
    }
    let drips = Reply::SendForEver(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), b"x".to_vec());
    let peer = Peer::always(drips).await;
    let limits = DownloadLimits { total_timeout_ms: SHORT_MS, max_bytes: u64::MAX, ..DownloadLimits::default() };
    let download = world().outbound.download(&peer.url(), &get("/"), limits).await.expect("it begins well");
    assert_eq!(whole(download).await.expect_err("it never ends").kind, WireErrorKind::Timeout);
}

#[tokio::test]
async fn a_url_that_the_dialect_names_keeps_its_key_on_its_own_origin_alone() {
    let (elsewhere, home) = (Peer::always(ok("file")).await, Peer::always(ok("inside")).await);
    let away = elsewhere.url();
    let bucket = Peer::start(move |before, _| match before {
        0 => redirect(302, "/next"),
        _ => redirect(302, &away),
    })
    .await;
    let request = request(Method::GET, Target::Configured(format!("{}/f", bucket.url())), Vec::new());
    let download = allowing_loopback().outbound.download(&home.url(), &request, DownloadLimits::default()).await;
    assert_eq!(whole(download.expect("a file")).await.expect("whole"), b"file");
    assert!(bucket.received().iter().all(|hop| hop.header("authorization") == Some("Bearer hunter2")));
    assert_eq!((bucket.received().len(), elsewhere.received()[0].header("authorization")), (2, None));
    // Even the channel's own base is elsewhere to it: no key, and public addresses alone.
    let inside = home.url();
    let bucket = Peer::start(move |_, _| redirect(302, &inside)).await;
    let request = super::request(Method::GET, Target::Configured(bucket.url()), Vec::new());
    let error = world().outbound.download(&home.url(), &request, DownloadLimits::default()).await.expect_err("private");
    assert_eq!((error.kind, home.connections()), (WireErrorKind::Address, 0));
}
