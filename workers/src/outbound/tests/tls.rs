//! HTTPS: a certificate that is trusted, and several that are not.

use super::peer::{Peer, Reply};
use super::*;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A TLS server with a certificate of its own for `name`; tells where it is and what to trust.
async fn tls_peer(name: &str) -> (SocketAddr, CertificateDer<'static>) {
    install_ring();
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("is a key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("they belong together")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("has an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust us goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 16 * 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            let _ = stream.shutdown().await;
        }
    });
    (address, certificate)
}

fn trusting(certificate: &CertificateDer<'static>) -> World {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("is a certificate");
    let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let names = Names::of("up.example", &[&["127.0.0.1"]]);
    world_of(Arc::new(HttpWire::with_tls(names, tls).expect("a wire")), OutboundSettings::default())
}

fn both_sorts() -> [Request; 2] {
    [true, false].map(|paid| Request { paid, ..get(&format!("/secret-path?{SECRET}")) })
}

#[tokio::test]
async fn a_trusted_certificate_is_taken() {
    let (address, certificate) = tls_peer("up.example").await;
    let base_url = format!("https://up.example:{}", address.port());
    for request in both_sorts() {
        let answered = trusting(&certificate).outbound.call(call(&base_url, &request)).await.expect("an answer");
        assert_eq!(&answered.response.body[..], b"ok");
    }
}

#[tokio::test]
async fn any_other_certificate_is_refused_before_the_first_byte() {
    let (address, certificate) = tls_peer("other.example").await;
    let (_, another) = tls_peer("up.example").await;
    let base_url = format!("https://up.example:{}", address.port());
    for (world, why) in [(trusting(&certificate), "another name"), (trusting(&another), "another issuer")] {
        for request in both_sorts() {
            let error = world.outbound.call(call(&base_url, &request)).await.expect_err(why);
            assert_eq!((error.kind, error.stage), (WireErrorKind::Tls, Stage::BeforeFirstByte), "{why}");
            assert_discreet(&error);
        }
    }
    let machine =
        world_of(Arc::new(http_wire(Names::of("up.example", &[&["127.0.0.1"]]))), OutboundSettings::default());
    let error = machine.outbound.call(call(&base_url, &both_sorts()[0])).await.expect_err("self-signed");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Tls, Stage::BeforeFirstByte));
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_refused_before_the_first_byte() {
    let peer = Peer::always(Reply::SendAndClose(Vec::new())).await;
    let port = peer.address.port();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let chatty = listener.local_addr().expect("has an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    let error = world().outbound.call(call(&format!("https://{chatty}"), &both_sorts()[0])).await.expect_err("no TLS");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Tls, Stage::BeforeFirstByte));
    drop(peer);
    let closed = format!("https://127.0.0.1:{port}");
    let error = world().outbound.call(call(&closed, &both_sorts()[0])).await.expect_err("closed");
    assert_eq!((error.kind, error.stage), (WireErrorKind::Connect, Stage::BeforeFirstByte));
}
