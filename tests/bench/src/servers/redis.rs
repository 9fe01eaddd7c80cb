//! A private Redis, which keeps nothing on disk unless it is asked to.

use super::{bound_command, end, free_port};
use crate::machine;
use anyhow::{Context, bail};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(20);
/// The pause between two looks whether it has.
const START_PAUSE: Duration = Duration::from_millis(20);
/// The largest answer to a command of ours.
const ANSWER_MAX_BYTES: usize = 1 << 20;
/// Calls of scripts: nearly all that our scheduler sends. PUBLISH, EXISTS and TIME are left out, because scripts
/// call them inside, which can't be told from a command that was sent.
const SENT: &[&str] = &["eval", "evalsha", "script|load"];

/// A server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Redis {
    port: u16,
    keeps: bool,
    folder: TempDir,
    child: Mutex<Child>,
}

impl Redis {
    /// Starts one that forgets everything when it ends.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::new(false).await
    }

    /// Starts one that writes down at once what it is told.
    pub(crate) async fn start_keeping() -> anyhow::Result<Self> {
        Self::new(true).await
    }

    async fn new(keeps: bool) -> anyhow::Result<Self> {
        let (port, folder) = (free_port()?, tempfile::tempdir()?);
        let child = Mutex::new(launch(port, folder.path(), keeps)?);
        let server = Self { port, keeps, folder, child };
        timeout(START_MAX, server.answers()).await.context("Redis does not start")?;
        Ok(server)
    }

    /// As a lost machine would end.
    pub(crate) fn kill(&self) -> anyhow::Result<()> {
        end(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner), "KILL")
    }

    /// The same server again, once it has ended.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        let child = launch(self.port, self.folder.path(), self.keeps)?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = child;
        timeout(START_MAX, self.answers()).await.context("Redis does not start")
    }

    /// Gives it a command of one line.
    pub(crate) async fn tell(&self, line: &str) -> anyhow::Result<()> {
        self.order(line).await.map(drop)
    }

    async fn answers(&self) {
        while self.order("PING").await.is_err() {
            sleep(START_PAUSE).await;
        }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// CPU time that it has used, ms.
    pub(crate) fn cpu_ms(&self) -> anyhow::Result<f64> {
        machine::cpu_ms(self.child.lock().unwrap_or_else(PoisonError::into_inner).id())
    }

    /// Forgets everything.
    pub(crate) async fn empty(&self) -> anyhow::Result<()> {
        self.order("FLUSHALL").await.map(drop)
    }

    /// Sends what is written in its protocol as fast as it takes it, and waits for so many answers of one line.
    pub(crate) async fn pour(&self, commands: &[u8], answers: usize) -> anyhow::Result<()> {
        let (mut reading, mut writing) = TcpStream::connect(("127.0.0.1", self.port)).await?.into_split();
        let listening = async {
            let (mut seen, mut piece) = (0, vec![0; 1 << 16]);
            while seen < answers {
                let length = reading.read(&mut piece).await?;
                anyhow::ensure!(length > 0 && !piece[..length].contains(&b'-'), "Redis refused a command");
                seen += piece[..length].iter().filter(|byte| **byte == b'\n').count();
            }
            Ok(())
        };
        let sending = async { Ok(writing.write_all(commands).await?) };
        tokio::try_join!(sending, listening).map(drop)
    }

    /// Scripts that were called since it started.
    pub(crate) async fn scripts(&self) -> anyhow::Result<f64> {
        let text = self.order("INFO commandstats").await?;
        // cmdstat_evalsha:calls=12,usec=…
        let calls = text.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(':')?;
            SENT.contains(&name).then_some(())?;
            rest.strip_prefix("calls=")?.split(',').next()?.parse::<f64>().ok()
        });
        Ok(calls.sum())
    }

    /// Gives a command of one line; its answer as text.
    async fn order(&self, line: &str) -> anyhow::Result<String> {
        let mut socket = BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await?);
        socket.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?;
        let mut head = String::new();
        socket.read_line(&mut head).await?;
        let head = head.trim_end();
        if let Some(length) = head.strip_prefix('$') {
            let length: usize = length.parse()?;
            anyhow::ensure!(length <= ANSWER_MAX_BYTES, "an answer of {length} bytes");
            let mut body = vec![0; length];
            socket.read_exact(&mut body).await?;
            return Ok(String::from_utf8(body)?);
        }
        if head.is_empty() || head.starts_with('-') {
            bail!("Redis answered {head}");
        }
        Ok(head.to_owned())
    }
}

fn launch(port: u16, folder: &Path, keeps: bool) -> anyhow::Result<Child> {
    let kept = if keeps {
        ["--appendonly", "yes", "--appendfsync", "always"]
    } else {
        ["--appendonly", "no", "--appendfsync", "no"]
    };
    bound_command(Path::new("redis-server"), "KILL", None)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(kept)
        .arg("--dir")
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("redis-server does not start (apt: redis-server)")
}

impl Drop for Redis {
    fn drop(&mut self) {
        // One that has ended by itself is no error.
        let _ended = self.kill();
    }
}
