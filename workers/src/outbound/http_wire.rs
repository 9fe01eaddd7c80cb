//! The wire of production: reqwest over rustls with ring.
//!
//! A request that must not be repeated travels on a client of its own, made for it: its name is bound to
//! the addresses that were checked, it keeps no connections, and so the library's two ways of sending
//! again are shut. One is its retry layer (`retry::never`); the other re-sends on a fresh connection when a
//! *reused* one turns out closed before a byte was written (hyper-util, `retry_canceled_requests`), and here
//! none is ever reused. Requests that do no harm when repeated share clients that keep connections: one for
//! all configured origins, and one for each host elsewhere, which serves no longer than the check of its
//! addresses holds (`kept`).

use super::deadline::{elapsed_ms, millis};
use super::kept::{self, KeptClients, Purpose};
use super::resolve::{self, PooledResolver, Resolver, SystemResolver};
use super::target;
use super::wire::{Connection, Reach, Timings, Wire, WireBody, WireError, WireErrorKind, WireRequest, WireResponse};
use super::wire_failure;
use async_trait::async_trait;
use futures::StreamExt;
use http::header::{CONTENT_LENGTH, HeaderValue};
use reqwest::{Client, ClientBuilder, redirect, retry};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::ConfigVerifierExt;
use std::net::SocketAddr;
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tower::util::MapResponseLayer;
use url::Url;

/// Limit of connecting on the client that keeps connections, where it can't be given for each request.
const POOLED_CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a kept connection may lie idle. Below the usual limits of servers and balancers (60 s).
const POOLED_IDLE_LIMIT: Duration = Duration::from_secs(20);

/// How many idle connections are kept for a host.
const POOLED_IDLE_PER_HOST: usize = 16;

/// By how much connecting on a kept client ends before its time limit.
const CONNECT_MARGIN: Duration = Duration::from_millis(20);

/// Pause between two signs of life on a connection.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Makes ring the process's provider of cryptography for TLS, once; without it no client can be made.
pub fn install_ring() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("another provider of cryptography was installed before");
        }
    });
}

/// Sends over real sockets.
pub struct HttpWire {
    tls: ClientConfig,
    pooled: Client,
    kept: KeptClients,
    resolver: Arc<dyn Resolver>,
}

impl HttpWire {
    /// A wire that looks names up with the operating system.
    pub fn system() -> Result<Self, WireError> {
        Self::new(Arc::new(SystemResolver))
    }

    /// A wire that looks names up with `resolver`. Reads the machine's trusted certificates
    /// (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded); without any, `https` requests fail one by one.
    pub fn new(resolver: Arc<dyn Resolver>) -> Result<Self, WireError> {
        install_ring();
        Self::with_tls(resolver, trusting_this_machine())
    }

    pub(super) fn with_tls(resolver: Arc<dyn Resolver>, tls: ClientConfig) -> Result<Self, WireError> {
        let mut pooled_tls = tls.clone();
        pooled_tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let pooled = plain_client()
            .tls_backend_preconfigured(pooled_tls)
            .dns_resolver(Arc::new(PooledResolver(resolver.clone())))
            .connect_timeout(POOLED_CONNECT_LIMIT)
            .pool_idle_timeout(POOLED_IDLE_LIMIT)
            .pool_max_idle_per_host(POOLED_IDLE_PER_HOST)
            .http2_keep_alive_interval(KEEPALIVE)
            .build()
            .map_err(|error| wire_failure::read(&error, "making the HTTP client", false))?;
        Ok(Self { tls, pooled, kept: KeptClients::default(), resolver })
    }

    async fn send_alone(&self, request: WireRequest) -> Result<WireResponse, WireError> {
        let started = Instant::now();
        let until = started + millis(request.header_timeout_ms);
        let connect_until = until.min(started + millis(request.connect_timeout_ms));
        let origin = target::label(&request.url);
        let addresses = self.look_up(&request.url, &request.reach, connect_until).await?;
        let dns_ms = target::literal(&request.url).is_none().then(|| elapsed_ms(started));

        let connected = Arc::new(OnceLock::new());
        let connect_limit = connect_until.saturating_duration_since(Instant::now());
        let client = self
            .client_of_one_request(&request.url, &addresses, connect_limit, &connected)
            .map_err(|error| wire_failure::read(&error, &origin, false))?;
        let dialled = Instant::now();
        let sent = timeout_at(until, client.execute(into_reqwest(request))).await;
        let connected = connected.get().copied();
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(wire_failure::read(&error, &origin, connected.is_some())),
            Err(_) => return Err(no_headers(&origin, connected.is_some())),
        };
        let connect_ms = connected
            .map(|at: Instant| i64::try_from(at.saturating_duration_since(dialled).as_millis()).unwrap_or(i64::MAX));
        Ok(into_response(response, origin, Timings { dns_ms, connect_ms, ..headers_after(started) }))
    }

    /// A client that dials these addresses alone and notes when it has a connection, TLS included: until
    /// then the request itself can't have been written.
    fn client_of_one_request(
        &self,
        url: &Url,
        addresses: &[SocketAddr],
        connect_limit: Duration,
        connected: &Arc<OnceLock<Instant>>,
    ) -> reqwest::Result<Client> {
        let connected = connected.clone();
        let note = move |connection| {
            connected.get_or_init(Instant::now);
            connection
        };
        plain_client()
            .tls_backend_preconfigured(self.tls.clone())
            .resolve_to_addrs(url.host_str().unwrap_or_default(), addresses)
            .connect_timeout(connect_limit)
            .connector_layer(MapResponseLayer::new(note))
            .pool_max_idle_per_host(0)
            .http1_only()
            .build()
    }

    /// On the client that is kept for this purpose, which is made if there is none.
    async fn send_kept(&self, purpose: Purpose, request: WireRequest) -> Result<WireResponse, WireError> {
        let started = Instant::now();
        let until = started + millis(request.header_timeout_ms);
        let client = match self.kept.get(&purpose) {
            Some(client) => client,
            None => self.keep_client(purpose, &request.url, &request.reach, until).await?,
        };
        send_on(&client, request, started, until).await
    }

    async fn keep_client(
        &self,
        purpose: Purpose,
        url: &Url,
        reach: &Reach,
        until: Instant,
    ) -> Result<Client, WireError> {
        let connect_limit = millis(purpose.connect_timeout_ms);
        let connect_until = until.min(Instant::now() + connect_limit);
        let addresses = self.look_up(url, reach, connect_until).await?;
        let client = plain_client()
            .tls_backend_preconfigured(self.tls.clone())
            .resolve_to_addrs(url.host_str().unwrap_or_default(), &addresses)
            // Just before the time for everything is over, so that the error tells what was waited for.
            .connect_timeout(connect_limit.saturating_sub(CONNECT_MARGIN))
            .pool_idle_timeout(kept::IDLE_LIMIT)
            .pool_max_idle_per_host(kept::IDLE_PER_HOST)
            .http1_only()
            .build()
            .map_err(|error| wire_failure::read(&error, &purpose.origin, false))?;
        self.kept.put(purpose, client.clone());
        Ok(client)
    }

    async fn look_up(&self, url: &Url, reach: &Reach, until: Instant) -> Result<Vec<SocketAddr>, WireError> {
        let looked_up = timeout_at(until, resolve::addresses(&*self.resolver, url, reach));
        looked_up.await.map_err(|_| {
            let origin = target::label(url);
            WireError::before(
                WireErrorKind::Timeout,
                format!("{origin}: the name was not looked up within the time limit"),
            )
        })?
    }
}

#[async_trait]
impl Wire for HttpWire {
    async fn send(&self, request: WireRequest) -> Result<WireResponse, WireError> {
        target::admit(&request.url, &request.reach)?;
        match (&request.reach, request.connection) {
            (_, Connection::Own) => self.send_alone(request).await,
            (Reach::Configured, Connection::Pooled) => {
                let started = Instant::now();
                let until = started + millis(request.header_timeout_ms);
                send_on(&self.pooled, request, started, until).await
            }
            (Reach::Public { ranges }, Connection::Pooled) => {
                let (origin, connect_timeout_ms) = (target::label(&request.url), request.connect_timeout_ms);
                let purpose = Purpose { origin, ranges: ranges.clone(), connect_timeout_ms };
                self.send_kept(purpose, request).await
            }
        }
    }
}

/// On a client that keeps connections.
async fn send_on(
    client: &Client,
    request: WireRequest,
    started: Instant,
    until: Instant,
) -> Result<WireResponse, WireError> {
    let origin = target::label(&request.url);
    match timeout_at(until, client.execute(into_reqwest(request))).await {
        Ok(Ok(response)) => Ok(into_response(response, origin, headers_after(started))),
        Ok(Err(error)) => Err(wire_failure::read(&error, &origin, true)),
        Err(_) => Err(no_headers(&origin, true)),
    }
}

/// What both sorts of clients have in common: they do nothing by themselves.
fn plain_client() -> ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .tcp_nodelay(true)
        .tcp_keepalive(KEEPALIVE)
}

fn trusting_this_machine() -> ClientConfig {
    ClientConfig::with_platform_verifier().unwrap_or_else(|error| {
        tracing::warn!(%error, "this machine trusts no certificates: https will fail; install CA certificates or set SSL_CERT_FILE");
        ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    })
}

fn into_reqwest(request: WireRequest) -> reqwest::Request {
    let WireRequest { method, url, headers, body, .. } = request;
    let mut sent = reqwest::Request::new(method, url);
    *sent.headers_mut() = headers;
    let WireBody { length, stream } = body;
    let expects_body = !sent.method().is_safe();
    match length {
        // Without a length of 0 some servers wait for a body.
        Some(0) if expects_body => drop(sent.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"))),
        Some(0) => {}
        _ => *sent.body_mut() = Some(reqwest::Body::wrap_stream(stream)),
    }
    if let Some(length) = length.filter(|length| *length > 0) {
        sent.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    sent
}

fn into_response(response: reqwest::Response, origin: String, timings: Timings) -> WireResponse {
    let status = response.status().as_u16();
    let remote = response.remote_addr();
    let headers = response.headers().clone();
    let body =
        response.bytes_stream().map(move |piece| piece.map_err(|error| wire_failure::read(&error, &origin, true)));
    WireResponse { status, headers, body: body.boxed(), remote, timings }
}

fn headers_after(started: Instant) -> Timings {
    Timings { headers_ms: Some(elapsed_ms(started)), ..Timings::default() }
}

fn no_headers(origin: &str, connected: bool) -> WireError {
    if connected {
        WireError::after(WireErrorKind::Timeout, format!("{origin}: no answer within the time limit"))
    } else {
        WireError::before(WireErrorKind::Timeout, format!("{origin}: no connection within the time limit"))
    }
}
