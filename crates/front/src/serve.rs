//! The listening socket: connections with limits, and a drain that keeps its word.

use crate::stall::Stall;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

/// The most connections at the same time; more wait in the kernel's queue.
pub const CONNECTIONS_MAX: usize = 20_000;

/// How long a request's head may take, and how long an idle connection is kept.
pub const HEADER_LIMIT: Duration = Duration::from_secs(30);

/// The most bytes of a request's head.
pub const HEADER_MAX_BYTES: usize = 64 * 1024;

/// The most headers of a request.
pub const HEADERS_MAX: usize = 100;

/// How long an answer may make no progress because its reader does not read.
pub const WRITE_STALL: Duration = Duration::from_secs(60);

/// The pause after the system had no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `soft` is cancelled; then takes no more connections, lets requests under way finish
/// for at most `drain_ms`, and cuts off the rest. HTTP/1.1; TLS and HTTP/2 are a proxy's work.
pub async fn serve(listener: TcpListener, router: Router, soft: CancellationToken, drain_ms: u64) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (tracker, hard) = (TaskTracker::new(), CancellationToken::new());
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = soft.cancelled() => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = soft.cancelled() => break,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                after_accept_error(&error).await;
                continue;
            }
        };
        let (router, soft, hard) = (router.clone(), soft.clone(), hard.clone());
        tracker.spawn(async move {
            tokio::select! {
                () = connection(socket, peer, router, soft) => {}
                () = hard.cancelled() => {}
            }
            drop(place);
        });
    }
    // New connections are refused from here on, not left waiting.
    drop(listener);
    tracker.close();
    if timeout(Duration::from_millis(drain_ms), tracker.wait()).await.is_err() {
        tracing::warn!(connections = tracker.len(), "the drain ran out of time; cutting off what is left");
        hard.cancel();
        tracker.wait().await;
    }
    Ok(())
}

async fn connection(socket: TcpStream, peer: SocketAddr, router: Router, soft: CancellationToken) {
    // Small answers must not wait for each other's acknowledgement.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            // A router is always ready.
            let mut router = router.into_service::<Body>();
            ServiceExt::<Request>::ready(&mut router).await?.call(request).await
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_MAX_BYTES)
        // A peer that has closed its sending side still gets its answer.
        .half_close(true);
    let io = TokioIo::new(Stall::new(socket, WRITE_STALL));
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = soft.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A peer that goes away is no news.
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn after_accept_error(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "accepting a connection failed");
    sleep(ACCEPT_PAUSE).await;
}
