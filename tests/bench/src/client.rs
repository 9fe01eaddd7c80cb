//! A lean HTTP/1.1 client: it shares the machine with what it measures, so it does as little as it can.

use anyhow::{Context, bail};
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The largest answer that is read.
const BODY_MAX_BYTES: usize = 64 << 20;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
}

impl Ask {
    /// A GET.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), body: None }
    }

    /// A POST of JSON.
    pub(crate) fn post(path: impl Into<String>, body: impl ToString) -> Self {
        Self { method: "POST", path: path.into(), body: Some(body.to_string()) }
    }
}

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Client {
    socket: BufReader<TcpStream>,
    key: String,
    /// Lines that go with every request.
    more: &'static str,
    line: String,
}

impl Client {
    /// Connects; each request will carry `key`.
    pub(crate) async fn connect(address: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let socket = BufReader::with_capacity(64 << 10, socket);
        Ok(Self { socket, key: key.to_owned(), more: "", line: String::new() })
    }

    /// The same, but it prefers to be answered only once the task has ended.
    pub(crate) fn waiting(self) -> Self {
        Self { more: "prefer: wait=30\r\n", ..self }
    }

    /// Sends a request and reads its answer whole: status and body.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> anyhow::Result<(u16, Vec<u8>)> {
        let Ask { method, path, body } = ask;
        let Self { key, more, .. } = &self;
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n{more}");
        match body {
            Some(body) => {
                text += &format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
            None => text += "\r\n",
        }
        self.socket.get_mut().write_all(text.as_bytes()).await?;
        let status = self.read_line().await?;
        let status: u16 = status.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status line")?;
        let (length, is_chunked) = self.read_head().await?;
        let body = if is_chunked { self.read_chunks().await? } else { self.read_exactly(length).await? };
        Ok((status, body))
    }

    async fn read_line(&mut self) -> anyhow::Result<&str> {
        self.line.clear();
        if self.socket.read_line(&mut self.line).await? == 0 {
            bail!("the connection was closed");
        }
        Ok(self.line.trim_end())
    }

    async fn read_head(&mut self) -> anyhow::Result<(usize, bool)> {
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let line = self.read_line().await?;
            let Some((name, value)) = line.split_once(':') else { return Ok((length, is_chunked)) };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
            is_chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        }
    }

    async fn read_exactly(&mut self, length: usize) -> anyhow::Result<Vec<u8>> {
        if length > BODY_MAX_BYTES {
            bail!("an answer of {length} bytes");
        }
        let mut body = vec![0; length];
        self.socket.read_exact(&mut body).await?;
        Ok(body)
    }

    async fn read_chunks(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let length = usize::from_str_radix(self.read_line().await?, 16)?;
            let chunk = self.read_exactly(length).await?;
            self.read_line().await?;
            if length == 0 {
                return Ok(whole);
            }
            whole.extend(chunk);
        }
    }
}
