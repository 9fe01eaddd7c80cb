//! A TCP proxy before a server. It passes everything on, until it is told that COMMITs hang.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the wire holds of a COMMIT, as Postgres's protocol and our driver write it.
const COMMIT: &[u8] = b"COMMIT";
/// Bytes that are passed on at a time.
const PIECE_BYTES: usize = 16 << 10;

const PASSES: u8 = 0;
const HANGS: u8 = 1;

/// A running proxy; it ends with this value.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    /// A new value closes every connection that hangs.
    cut: watch::Sender<u64>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    mode: AtomicU8,
    /// COMMITs that hung.
    hung: AtomicU64,
}

impl Proxy {
    pub(super) async fn start(server: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state: Arc<State> = Arc::default();
        let (cut, _) = watch::channel(0);
        let (shared, cuts) = (state.clone(), cut.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (state, cuts) = (shared.clone(), cuts.subscribe());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        // Either side may close at any time; both are dropped then.
                        let _ended = pass(client, server, &state, cuts).await;
                    }
                });
            }
        });
        Ok(Self { address, state, cut, accepting })
    }

    /// From now on a connection stands still from its next COMMIT on: every other time before the server has
    /// seen it, and every other time before its answer comes back.
    pub(super) fn hang_commits(&self) {
        self.state.mode.store(HANGS, Ordering::SeqCst);
    }

    /// Closes what hangs, and passes everything on again. How many COMMITs hung.
    pub(super) fn let_pass(&self) -> u64 {
        self.state.mode.store(PASSES, Ordering::SeqCst);
        self.cut.send_modify(|turn| *turn += 1);
        self.state.hung.swap(0, Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(
    mut client: TcpStream,
    mut server: TcpStream,
    state: &State,
    mut cuts: watch::Receiver<u64>,
) -> std::io::Result<()> {
    let (mut from_client, mut from_server) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let length = read?;
                if length == 0 {
                    return Ok(());
                }
                let piece = &from_client[..length];
                let is_commit = piece.windows(COMMIT.len()).any(|word| word == COMMIT);
                if !is_commit || state.mode.load(Ordering::SeqCst) == PASSES {
                    server.write_all(piece).await?;
                    continue;
                }
                cuts.mark_unchanged();
                if state.hung.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
                    server.write_all(piece).await?;
                }
                // The connection stands still until it is cut.
                let _cut = cuts.changed().await;
                return Ok(());
            }
            read = server.read(&mut from_server) => {
                let length = read?;
                if length == 0 {
                    return Ok(());
                }
                client.write_all(&from_server[..length]).await?;
            }
        }
    }
}
