//! A peer below HTTP: it reads requests whole and then does what its script says, byte by byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Received {
    /// Request line and headers.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Received {
    /// The value of a header, if it was sent.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let wanted = |line: &&str| line.split(':').next().is_some_and(|found| found.eq_ignore_ascii_case(name));
        let line = self.head.lines().skip(1).find(wanted)?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    pub(super) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// What the peer does with a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Sends these bytes and reads the next request.
    Send(Vec<u8>),
    /// Sends these bytes and closes.
    SendAndClose(Vec<u8>),
    /// Sends these bytes and never anything more.
    SendAndHang(Vec<u8>),
    /// Sends these bytes, and then these others again and again until the client goes away.
    SendForEver(Vec<u8>, Vec<u8>),
    /// Resets the connection.
    Reset,
}

/// A whole answer with a body.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Word\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// A redirect.
pub(super) fn redirect(status: u16, location: &str) -> Reply {
    Reply::Send(answer(status, &format!("location: {location}\r\n"), "moved"))
}

pub(super) fn ok(body: &str) -> Reply {
    Reply::Send(answer(200, "", body))
}

pub(super) struct Peer {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<Received>>>,
    gone: tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>,
    serving: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Peer {
    /// Answers each request with what `script` says; it is given the number of requests before.
    pub(super) async fn start(script: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", script).await
    }

    pub(super) async fn start_at(
        address: &str,
        script: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("has an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let received = Arc::new(Mutex::new(Vec::new()));
        let (tell_gone, gone) = mpsc::unbounded_channel();
        let (counted, log) = (connections.clone(), received.clone());
        let script = Arc::new(script);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (script, log, tell_gone) = (script.clone(), log.clone(), tell_gone.clone());
                tokio::spawn(async move {
                    serve(stream, &*script, &log).await;
                    // Nobody listens in most tests.
                    let _ = tell_gone.send(());
                });
            }
        });
        Self { address, connections, received, gone: tokio::sync::Mutex::new(gone), serving }
    }

    /// A peer that has one answer for everything.
    pub(super) async fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone()).await
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no test panics while it holds the lock").clone()
    }

    /// Waits until a connection has ended, from whichever side.
    pub(super) async fn connection_gone(&self) {
        self.gone.lock().await.recv().await.expect("the peer is serving");
    }
}

/// An address where nobody listens.
pub(super) async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("has an address")
}

async fn serve(
    mut stream: TcpStream,
    script: &(dyn Fn(usize, &Received) -> Reply + Send + Sync),
    log: &Mutex<Vec<Received>>,
) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        let before = {
            let mut log = log.lock().expect("no test panics while it holds the lock");
            log.push(request.clone());
            log.len() - 1
        };
        match script(before, &request) {
            Reply::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::SendAndClose(bytes) => {
                // The client may be gone already.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::SendAndHang(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
            Reply::SendForEver(head, piece) => {
                let _ = stream.write_all(&head).await;
                while stream.write_all(&piece).await.is_ok() {}
                return;
            }
            Reply::Reset => {
                stream.set_zero_linger().expect("a socket takes the option");
                return;
            }
        }
    }
}

/// The next request, or none when the client has closed.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        read_more(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let head_only = Received { head, body: Vec::new() };
    assert_eq!(head_only.header("transfer-encoding"), None, "every body has a length");
    let length = head_only.header("content-length").map_or(0, |length| length.parse().expect("is a number"));
    while buffer.len() < head_end + length {
        read_more(stream, buffer).await?;
    }
    let body = buffer[head_end..head_end + length].to_vec();
    buffer.drain(..head_end + length);
    Some(Received { body, ..head_only })
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 64 * 1024];
    match stream.read(&mut piece).await {
        Ok(0) | Err(_) => None,
        Ok(read) => {
            buffer.extend_from_slice(&piece[..read]);
            Some(())
        }
    }
}
