//! A wire to Postgres that breaks at the worst moment: while a transaction commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Lets everything through.
pub const WHOLE: u8 = 0;
/// What a row holds whose statement commits by itself.
pub const MARK: &str = "cut the wire here";
/// The next COMMIT does not arrive.
pub const CUT_BEFORE: u8 = 1;
/// The next COMMIT arrives, its answer does not.
pub const CUT_AFTER: u8 = 2;

pub struct Proxy {
    pub port: u16,
    pub mood: Arc<AtomicU8>,
}

impl Proxy {
    /// Listens for as long as the test runs.
    pub async fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let mood = Arc::new(AtomicU8::new(WHOLE));
        let shared = mood.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.expect("the server is there");
                tokio::spawn(carry(client, server, shared.clone()));
            }
        });
        Self { port, mood }
    }
}

/// Dropping both ends is the cut.
async fn carry(mut client: TcpStream, mut server: TcpStream, mood: Arc<AtomicU8>) -> Option<()> {
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let bytes = up.get(..read.ok().filter(|n| *n > 0)?)?;
                let has = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
                if has(b"COMMIT\0") || has(MARK.as_bytes()) {
                    match mood.swap(WHOLE, Ordering::SeqCst) {
                        CUT_BEFORE => return None,
                        CUT_AFTER => {
                            server.write_all(bytes).await.ok()?;
                            // The answer's first byte proves that the commit is done.
                            server.read_exact(&mut down[..1]).await.ok()?;
                            return None;
                        }
                        _ => {}
                    }
                }
                server.write_all(bytes).await.ok()?;
            }
            read = server.read(&mut down) => {
                let bytes = down.get(..read.ok().filter(|n| *n > 0)?)?;
                client.write_all(bytes).await.ok()?;
            }
        }
    }
}
