//! A real S3 server in process (s3s over a folder), which can refuse, crawl, break off and be full.

use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use s3s::service::{S3Service, S3ServiceBuilder};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

/// The bucket and its key pair.
pub(super) const BUCKET: &str = "artifacts";
pub(super) const ACCESS_KEY_ID: &str = "AKIDBENCH";
pub(super) const SECRET: &str = "a-secret-of-the-bench";
/// How long a crawling server thinks about each request.
const CRAWL: Duration = Duration::from_secs(3);

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// Connections are closed at once.
    Refuses,
    /// Each request waits.
    Crawls,
    /// A connection is closed in the middle of an upload's body.
    BreaksOff,
    /// Uploads are answered 507 `XMinioStorageFull`.
    IsFull,
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) address: SocketAddr,
    trouble: Arc<RwLock<Trouble>>,
    _folder: TempDir,
    accepting: tokio::task::JoinHandle<()>,
}

impl Bucket {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join(BUCKET))?;
        let files = s3s_fs::FileSystem::new(folder.path()).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(s3s::auth::SimpleAuth::from_single(ACCESS_KEY_ID, SECRET));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let trouble = Arc::new(RwLock::new(Trouble::None));
        let shared = trouble.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, service.clone(), shared.clone()));
            }
        });
        Ok(Self { address, trouble, _folder: folder, accepting })
    }

    /// From now on this is wrong with it.
    pub(super) fn set(&self, trouble: Trouble) {
        *self.trouble.write().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn now(trouble: &RwLock<Trouble>) -> Trouble {
    *trouble.read().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(socket: TcpStream, service: S3Service, trouble: Arc<RwLock<Trouble>>) {
    if now(&trouble) == Trouble::Refuses {
        return;
    }
    let answering = service_fn(move |request| answer(request, service.clone(), trouble.clone()));
    // A client that goes away ends its connection with an error, and so do we when we break off.
    let _ended = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answering).await;
}

async fn answer(
    mut request: Request<Incoming>,
    service: S3Service,
    trouble: Arc<RwLock<Trouble>>,
) -> anyhow::Result<Response<s3s::Body>> {
    let uploads = request.method() == Method::PUT || request.method() == Method::POST;
    match now(&trouble) {
        Trouble::Refuses => anyhow::bail!("refused"),
        Trouble::Crawls => tokio::time::sleep(CRAWL).await,
        Trouble::BreaksOff if request.method() == Method::PUT => {
            let first = std::future::poll_fn(|context| Pin::new(request.body_mut()).poll_frame(context)).await;
            drop(first);
            anyhow::bail!("broken off");
        }
        Trouble::IsFull if uploads => {
            let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>XMinioStorageFull</Code>\
                <Message>Storage backend has reached its minimum free drive threshold.</Message></Error>";
            return Ok(Response::builder().status(507).body(s3s::Body::from(text.to_owned()))?);
        }
        Trouble::None | Trouble::BreaksOff | Trouble::IsFull => {}
    }
    service.call(request.map(s3s::Body::from)).await.map_err(|error| anyhow::anyhow!("{error:?}"))
}
