//! Parts of a scenario that run in processes of their own, so that each one's CPU time and memory can be
//! told apart: this same program, told which part to play.

mod alone;
mod answering;
mod bare;
mod copier;
mod files;
mod floor;
mod floor_sql;
mod flying;
mod lateness;
mod service;
mod sink;
mod upstream;

pub(crate) use copier::Copying;
pub(crate) use floor::Floor;
pub(crate) use flying::{Filled, Flight, Flown, Steady};
pub(crate) use upstream::Upstream;

use crate::machine;
use crate::service::Setup;
use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// The first word on the command line of a part.
pub(crate) const WORD: &str = "--part";
/// The longest that a part may take to say something.
const SAY_MAX: Duration = Duration::from_secs(900);

/// What a process is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Our service. With `stages`, these too.
    Service { setup: Setup, stages: bool },
    /// One route that answers with this JSON.
    Bare { body: String },
    /// A make-believe upstream, a receiver of callbacks, and an S3 server that keeps nothing.
    Upstream(Upstream),
    /// An upstream that knows every operation and says how far it is.
    Answering,
    /// An origin of large files, and an S3 server that keeps nothing.
    Files,
    /// What a whole task costs with nothing around it.
    Floor(Floor),
    /// Tasks in flight.
    Flight(Flight),
    /// Our archive stage.
    Copier(Setup),
}

/// Plays a part until the one who started it goes away.
pub(crate) async fn play(rest: &[String]) -> anyhow::Result<()> {
    let role = rest.first().context("which part?")?;
    workers::outbound::install_ring();
    match serde_json::from_str(role)? {
        Role::Service { setup, stages } => service::play(&setup, stages).await,
        Role::Bare { body } => bare::play(body).await,
        Role::Upstream(upstream) => upstream::play(upstream).await,
        Role::Answering => answering::play().await,
        Role::Files => files::play().await,
        Role::Floor(floor) => floor::play(floor).await,
        Role::Flight(flight) => flying::play(flight).await,
        Role::Copier(setup) => copier::play(&setup).await,
    }
}

/// Says a line to whoever started this part.
fn say(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(value)?)?;
    Ok(out.flush()?)
}

/// Waits for the next line from whoever started this part; `None` when it has gone away.
async fn hear(input: &mut Lines<BufReader<tokio::io::Stdin>>) -> anyhow::Result<Option<String>> {
    Ok(input.next_line().await?)
}

/// What [`hear`] reads.
fn ears() -> Lines<BufReader<tokio::io::Stdin>> {
    BufReader::new(tokio::io::stdin()).lines()
}

/// Returns when whoever started this part has gone away.
async fn until_left() {
    let mut rest = Vec::new();
    // Whatever ends it, nobody is there any more.
    let _ended = tokio::io::stdin().read_to_end(&mut rest).await;
}

/// Serves these routes until the other side has gone away, and says where first.
async fn serve_until_left(router: axum::Router) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?)?;
    tokio::select! {
        served = std::future::IntoFuture::into_future(axum::serve(NoDelay(listener), router)) => served?,
        () = until_left() => {}
    }
    Ok(())
}

/// A listener whose small answers don't wait for each other's acknowledgement.
struct NoDelay(tokio::net::TcpListener);

impl axum::serve::Listener for NoDelay {
    type Io = tokio::net::TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (socket, peer) = axum::serve::Listener::accept(&mut self.0).await;
        // A socket that has gone already says so to its reader.
        let _set = socket.set_nodelay(true);
        (socket, peer)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A running part; it ends with this value.
#[derive(Debug)]
pub(crate) struct Part {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    pid: u32,
}

impl Part {
    /// Starts one.
    pub(crate) fn start(role: &Role) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(WORD)
            .arg(serde_json::to_string(role)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().context("its input is piped")?;
        let lines = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
        let pid = child.id().context("it has just been started")?;
        Ok(Self { child, input, lines, pid })
    }

    /// Starts one that serves, and tells where.
    pub(crate) async fn serving(role: &Role) -> anyhow::Result<(Self, SocketAddr)> {
        let mut part = Self::start(role)?;
        let address = part.said().await?;
        Ok((part, address))
    }

    /// The next thing that it says.
    pub(crate) async fn said<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let line = timeout(SAY_MAX, self.lines.next_line()).await.context("a part says nothing")??;
        let Some(line) = line else {
            bail!("a part ended early: {}", self.child.wait().await?);
        };
        serde_json::from_str(&line).with_context(|| line.clone())
    }

    /// Tells it something.
    pub(crate) async fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.input.flush().await?)
    }

    /// CPU time that it has used, ms.
    pub(crate) fn cpu_ms(&self) -> anyhow::Result<f64> {
        machine::cpu_ms(self.pid)
    }

    /// Ends it.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        drop(self.input);
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }
}
