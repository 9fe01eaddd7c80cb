//! An S3 server in process: `s3s` over a folder, on a real socket, with a place before it at which requests
//! are noted and can go wrong.

use crate::certificate::Certificate;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::Body;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::{S3Settings, S3Store};
use task::Secret;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// The bucket that every server has.
pub const BUCKET: &str = "artifacts";
/// The key pair that every server knows.
pub const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
/// Its secret.
pub const SECRET: &str = "a-secret-of-the-test";

/// How long a request may take to come before the test has failed.
const WAIT_LIMIT: Duration = Duration::from_secs(30);

/// The kinds of requests that the store makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Put,
    Begin,
    Part,
    Complete,
    Abort,
    Get,
    Head,
    Delete,
    List,
    Uploads,
    Other,
}

impl Kind {
    fn of(method: &Method, query: &str) -> Self {
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        match (method.as_str(), has("uploadId")) {
            ("PUT", true) => Self::Part,
            ("POST", true) => Self::Complete,
            ("DELETE", true) => Self::Abort,
            ("POST", _) if has("uploads") => Self::Begin,
            ("GET", _) if has("uploads") => Self::Uploads,
            ("GET", _) if has("list-type") => Self::List,
            ("PUT", _) => Self::Put,
            ("GET", _) => Self::Get,
            ("HEAD", _) => Self::Head,
            ("DELETE", _) => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// Bytes of a part.
const PART_BYTES: usize = 8 << 20;

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is served.
    None,
    /// It is answered with this status and code.
    Refused(u16, &'static str),
    /// The connection is cut once this much of its body has come.
    CutRequest(usize),
    /// It is served, but the connection is cut before the answer.
    LostAnswer,
    /// The connection is cut once this much of the answer's body has gone.
    CutAnswer(usize),
    /// Nothing more comes once this much of the answer's body has gone.
    StuckAnswer(usize),
    /// It is served once somebody lets it.
    Held(Arc<Notify>),
    /// It is never answered.
    Never,
}

type Answer = Result<Response<Body>, io::Error>;
/// Answers requests.
pub type Handler = Arc<dyn Fn(Kind, Request<Incoming>) -> BoxFuture<'static, Answer> + Send + Sync>;

/// A running server; its socket closes with it.
pub struct Server {
    address: SocketAddr,
    folder: TempDir,
    seen: Arc<watch::Sender<Vec<Kind>>>,
    answered: Arc<watch::Sender<Vec<Kind>>>,
    certificate_pem: Option<String>,
    accepting: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// A server on which nothing goes wrong.
    pub async fn healthy() -> Self {
        Self::with(|_, _| Fault::None).await
    }

    /// A server on which the `n`th (from 1) request of each kind goes as `plan` says.
    pub async fn with(plan: impl Fn(Kind, usize) -> Fault + Send + Sync + 'static) -> Self {
        let folder = bucket_folder();
        let service = service(folder.path());
        let seen = Arc::new(watch::Sender::new(Vec::new()));
        let (plan, counted) = (Arc::new(plan), seen.clone());
        let handler: Handler = Arc::new(move |kind, request| {
            let number = counted.borrow().iter().filter(|seen| **seen == kind).count();
            let fault = plan(kind, number);
            Box::pin(serve(service.clone(), fault, request))
        });
        Self::listen(folder, seen, handler).await
    }

    /// A server that answers with `handler` and keeps nothing.
    pub async fn answering(handler: Handler) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::listen(folder, Arc::new(watch::Sender::new(Vec::new())), handler).await
    }

    async fn listen(folder: TempDir, seen: Arc<watch::Sender<Vec<Kind>>>, handler: Handler) -> Self {
        Self::listen_with(folder, seen, handler, None).await
    }

    async fn listen_with(
        folder: TempDir,
        seen: Arc<watch::Sender<Vec<Kind>>>,
        handler: Handler,
        certificate: Option<Certificate>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let answered = Arc::new(watch::Sender::new(Vec::new()));
        let (noted, done) = (seen.clone(), answered.clone());
        let (acceptor, certificate_pem) = certificate.map(|made| (made.acceptor, made.pem)).unzip();
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (noted, done, handler) = (noted.clone(), done.clone(), handler.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let kind = Kind::of(request.method(), request.uri().query().unwrap_or_default());
                    noted.send_modify(|seen| seen.push(kind));
                    let (answer, done) = (handler(kind, request), done.clone());
                    async move {
                        let answer = answer.await;
                        done.send_modify(|answered| answered.push(kind));
                        answer
                    }
                });
                let http = hyper::server::conn::http1::Builder::new();
                let acceptor: Option<TlsAcceptor> = acceptor.clone();
                // A connection that was cut on purpose ends with an error, and so does one that is not trusted.
                tokio::spawn(async move {
                    match acceptor {
                        None => drop(http.serve_connection(TokioIo::new(socket), service).await),
                        Some(acceptor) => {
                            let Ok(socket) = acceptor.accept(socket).await else { return };
                            drop(http.serve_connection(TokioIo::new(socket), service).await);
                        }
                    }
                });
            }
        });
        Self { address, folder, seen, answered, certificate_pem, accepting }
    }

    /// A server behind TLS, with a certificate that it signed itself.
    pub async fn with_tls() -> Self {
        let (folder, seen) = (bucket_folder(), Arc::new(watch::Sender::new(Vec::new())));
        let service = service(folder.path());
        let handler: Handler = Arc::new(move |_, request| Box::pin(serve(service.clone(), Fault::None, request)));
        Self::listen_with(folder, seen, handler, Some(Certificate::new())).await
    }

    /// What a store needs to talk to this server.
    pub fn settings(&self) -> S3Settings {
        let scheme = if self.certificate_pem.is_some() { "https" } else { "http" };
        S3Settings {
            endpoint: Some(format!("{scheme}://{}", self.address)),
            path_style: true,
            trusted_ca_pem: self.certificate_pem.clone(),
            part_bytes: PART_BYTES,
            single_put_max_bytes: PART_BYTES,
            backoff: Duration::from_millis(1),
            backoff_max: Duration::from_millis(5),
            ..S3Settings::new("us-east-1", BUCKET, ACCESS_KEY_ID, Secret::new(SECRET))
        }
    }

    /// A store of this server with the settings of [`Server::settings`].
    pub fn store(&self) -> S3Store {
        S3Store::new(self.settings()).expect("the settings fit together")
    }

    /// The kinds of all requests so far.
    pub fn seen(&self) -> Vec<Kind> {
        self.seen.borrow().clone()
    }

    /// How many requests of this kind there were so far.
    pub fn count(&self, kind: Kind) -> usize {
        self.seen.borrow().iter().filter(|seen| **seen == kind).count()
    }

    /// Waits until a request of this kind has come.
    pub async fn wait_for(&self, kind: Kind) {
        within_limit(&self.seen, |seen| seen.contains(&kind)).await;
    }

    /// Waits until so many requests of this kind were answered.
    pub async fn wait_for_answers(&self, kind: Kind, count: usize) {
        let of_kind = |answered: &Vec<Kind>| answered.iter().filter(|answered| **answered == kind).count();
        within_limit(&self.answered, |answered| of_kind(answered) >= count).await;
    }

    /// Names of what the server keeps of unfinished uploads.
    pub fn unfinished(&self) -> Vec<String> {
        let items = std::fs::read_dir(self.folder.path()).expect("a folder");
        let names = items.map(|item| item.expect("an item").file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(".upload")).collect()
    }

    /// The bucket's folder.
    pub fn bucket_folder(&self) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(BUCKET)
    }
}

/// Waits until the requests are as they should be. One that never comes fails the test instead of holding it.
async fn within_limit(requests: &watch::Sender<Vec<Kind>>, is_so: impl FnMut(&Vec<Kind>) -> bool) {
    let mut requests = requests.subscribe();
    let waited = tokio::time::timeout(WAIT_LIMIT, requests.wait_for(is_so)).await;
    drop(waited.expect("the request comes in time").expect("the server runs"));
}

fn bucket_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
    folder
}

fn service(folder: &Path) -> s3s::service::S3Service {
    let files = s3s_fs::FileSystem::new(folder).expect("a folder to serve");
    let mut builder = s3s::service::S3ServiceBuilder::new(files);
    builder.set_auth(s3s::auth::SimpleAuth::from_single(ACCESS_KEY_ID, SECRET));
    builder.build()
}

async fn serve(service: s3s::service::S3Service, fault: Fault, request: Request<Incoming>) -> Answer {
    match fault {
        Fault::Refused(status, code) => return Ok(refusal(status, code)),
        Fault::Never => return std::future::pending().await,
        Fault::CutRequest(bytes) => return Err(cut_after(request.into_body(), bytes).await),
        Fault::Held(ref release) => release.notified().await,
        _ => {}
    }
    let answer = service.call(request.map(Body::from)).await.map_err(|_| io::Error::other("the server failed"))?;
    match fault {
        Fault::LostAnswer => Err(io::Error::other("cut on purpose")),
        Fault::CutAnswer(bytes) => Ok(answer.map(|body| shortened(body, bytes, false))),
        Fault::StuckAnswer(bytes) => Ok(answer.map(|body| shortened(body, bytes, true))),
        _ => Ok(answer),
    }
}

fn refusal(status: u16, code: &str) -> Response<Body> {
    let text = format!("<Error><Code>{code}</Code><Message>of {ACCESS_KEY_ID} and {SECRET}</Message></Error>");
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
    answer
}

async fn cut_after(mut body: Incoming, bytes: usize) -> io::Error {
    let mut read = 0;
    while read < bytes {
        match body.frame().await {
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
            _ => break,
        }
    }
    io::Error::other("cut on purpose")
}

fn shortened(body: Body, bytes: usize, is_stuck: bool) -> Body {
    let whole = body.into_data_stream().map(|piece| piece.map_err(io::Error::other));
    let first = whole.scan(bytes, |left, piece| {
        let piece = piece.map(|mut piece| piece.split_to(piece.len().min(*left)));
        *left -= piece.as_ref().map_or(0, Bytes::len);
        std::future::ready(if *left == 0 { None } else { Some(piece) })
    });
    let end = stream::once(async move {
        if is_stuck { std::future::pending().await } else { Err(io::Error::other("cut on purpose")) }
    });
    Body::http_body_unsync(StreamBody::new(first.chain(end).map(|piece| piece.map(Frame::data))))
}
