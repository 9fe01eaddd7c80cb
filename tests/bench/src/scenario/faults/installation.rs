//! An installation of a row's own: a database, Redis, a bucket, the upstream, and `serve` and `work`
//! processes as many as are asked for.

use super::bucket::{ACCESS_KEY_ID, BUCKET, Bucket, SECRET};
use super::in_flight::InFlight;
use super::process::{Launch, Process};
use super::proxy::Proxy;
use super::receiver::Receiver;
use super::{Bench, padding};
use crate::nature::SystemClock;
use crate::servers::{Redis, free_port, pool};
use anyhow::{Context, ensure};
use serde_json::Value;
use sim::{Pace, Sim, SimConfig};
use sqlx::PgPool;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tempfile::TempDir;
use tokio::process::Command;

/// What credentials are encrypted with.
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// A picture's edge.
const PICTURE_PX: u32 = 64;
/// How long a picture and a song take.
const TAKE_MS: i64 = 1_500;
/// The longest lease of the configuration below.
pub(super) const LEASE_MAX_MS: u64 = 21_000;

/// What a row's installation is like.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    /// Redis writes what it is told to its disk.
    pub(super) redis_keeps: bool,
    /// The upstream's files are large enough to be copied in parts.
    pub(super) large_files: bool,
}

/// The installation.
pub(super) struct Installation {
    folder: TempDir,
    backlot: PathBuf,
    pub(super) redis: Redis,
    pub(super) bucket: Bucket,
    pub(super) proxy: Proxy,
    pub(super) sim: Sim,
    pub(super) receiver: Receiver,
    pub(super) in_flight: InFlight,
    pub(super) pool: PgPool,
    pub(super) client: reqwest::Client,
    pub(super) token: String,
    /// Where the `serve` processes are that take submissions.
    serving: RwLock<Vec<String>>,
    started: AtomicUsize,
}

impl Installation {
    /// Starts the servers and furnishes the ledger; no process of ours runs yet.
    pub(super) async fn start(bench: &Bench, shape: Shape) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let name = format!("faults_{}", free_port()?);
        let url = bench.postgres.database(&name).await?;
        let proxy = Proxy::start(bench.postgres.address()).await?;
        let through = url.replace(&bench.postgres.address().to_string(), &proxy.address.to_string());
        let redis = if shape.redis_keeps { Redis::start_keeping().await? } else { Redis::start().await? };
        let bucket = Bucket::start().await?;
        let origin = padding::Origin::default();
        let padded = padding::start(origin.clone()).await?;
        let pace = Pace { sent_ms: 50, started_ms: 100, grid_ms: TAKE_MS, song_ms: TAKE_MS, ..Pace::default() };
        let config = SimConfig {
            pace,
            picture_px: PICTURE_PX,
            singles: false,
            public_url: shape.large_files.then(|| format!("http://{padded}")),
            ..SimConfig::new(Arc::new(SystemClock))
        };
        let sim = Sim::start(config).await?;
        origin.get_or_init(|| format!("http://{}", sim.addr));
        std::fs::write(folder.path().join("config.toml"), configuration(&through, &redis.url(), &bucket))?;
        let in_flight = InFlight::watch(&redis.url())?;
        let mut world = Self {
            folder,
            backlot: bench.backlot.clone(),
            redis,
            bucket,
            proxy,
            sim,
            receiver: Receiver::start().await?,
            in_flight,
            pool: pool(&url, 2).await?,
            client: reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?,
            token: String::new(),
            serving: RwLock::default(),
            started: AtomicUsize::new(0),
        };
        world.furnish().await?;
        Ok(world)
    }

    async fn furnish(&mut self) -> anyhow::Result<()> {
        self.operator(&["migrate"]).await?;
        let made: Value = serde_json::from_str(&self.operator(&["token", "create", "bench"]).await?)?;
        self.token = made["key"].as_str().context("the key is shown this once")?.to_owned();
        let (pictures, songs) =
            (format!("http://{}/novicezk", self.sim.addr), format!("http://{}/suno", self.sim.addr));
        let add = ["channel", "add", "pictures", "--dialect", "midjourney_proxy", "--base-url", &pictures];
        self.operator(&[&add[..], &["--option", "flavour=novicezk", "--option", "poll_period_ms=500"]].concat())
            .await?;
        // Neither calls back nor can be asked for what it was sent.
        let add = ["channel", "add", "songs", "--dialect", "suno_api", "--base-url", &songs];
        self.operator(&[&add[..], &["--option", "flavour=original", "--option", "poll_period_ms=500"]].concat())
            .await?;
        Ok(())
    }

    async fn operator(&self, words: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.backlot);
        command.args(words).envs(secrets()).env("BACKLOT_CONFIG", self.folder.path().join("config.toml"));
        let output = command.env("BACKLOT_CHANNEL_KEY", "sim").output().await?;
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{words:?}: {said}{complaint}");
        Ok(said.into_owned())
    }

    /// The bases of those `serve` processes that take submissions.
    pub(super) fn bases(&self) -> Vec<String> {
        self.serving.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How a `serve` is started, and where it will be.
    pub(super) fn serve(&self) -> anyhow::Result<(Launch, String)> {
        let address = format!("127.0.0.1:{}", free_port()?);
        // Upstreams reach whichever was named last: it takes no submissions before it has started.
        let base = format!("http://{address}");
        Ok((self.launch("serve").with("BACKLOT_HTTP__LISTEN", &address).with("BACKLOT_HTTP__PUBLIC_BASE", &base), base))
    }

    /// How a `work` with all stages is started; upstreams call back at `base`.
    pub(super) fn work(&self, base: &str) -> Launch {
        self.launch("work").with("BACKLOT_HTTP__PUBLIC_BASE", base)
    }

    fn launch(&self, word: &str) -> Launch {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        let config = self.folder.path().join("config.toml").display().to_string();
        Launch {
            backlot: self.backlot.clone(),
            words: vec![word.to_owned(), "--config".to_owned(), config],
            environment: secrets(),
            log: self.folder.path().join(format!("{word}-{number}.log")),
        }
    }

    /// Submissions go to this one, too.
    pub(super) fn open_for_business(&self, base: &str) {
        self.serving.write().unwrap_or_else(PoisonError::into_inner).push(base.to_owned());
    }

    /// Starts one `serve` that takes submissions.
    pub(super) async fn start_serve(&self) -> anyhow::Result<(Process, String)> {
        let (launch, base) = self.serve()?;
        let process = launch.start().await?;
        self.open_for_business(&base);
        Ok((process, base))
    }

    /// Where hits are written down.
    pub(super) fn hits_file(&self) -> PathBuf {
        self.folder.path().join("hits")
    }

    /// The hits so far: process ids.
    pub(super) fn hits(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.hits_file()).unwrap_or_default();
        text.lines().filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect()
    }

    /// The ends of all logs' complaints.
    pub(super) fn complaints(&self) -> String {
        let entries = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let logs = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "log"));
        logs.map(|log| format!("── {}\n{}\n", log.display(), super::process::tail(&log))).collect()
    }

    /// Names of prompts whose work was started more than once upstream.
    pub(super) fn doubled(&self) -> u64 {
        let counts = self.sim.counts();
        counts.prompts.values().map(|submits| submits.accepted.saturating_sub(1)).sum()
    }
}

fn secrets() -> Vec<(String, String)> {
    let secrets = [
        ("BACKLOT_LEDGER__KEY", KEY),
        ("BACKLOT_STORE__S3__SECRET_ACCESS_KEY", SECRET),
        ("BACKLOT_HTTP__OPS_LISTEN", "127.0.0.1:0"),
    ];
    secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn configuration(ledger: &str, queue: &str, bucket: &Bucket) -> String {
    format!(
        r#"
[ledger]
url = "{ledger}"
max_connections = 6
[queue]
url = "{queue}"
[store.s3]
endpoint = "http://{s3}"
bucket = "{BUCKET}"
path_style = true
access_key_id = "{ACCESS_KEY_ID}"
[http]
public_base = "http://127.0.0.1:1"
[callbacks]
allowed_ranges = ["127.0.0.0/8"]
ladder_ms = [2000, 4000, 8000, 16000, 30000]
[fetch]
artifact_ranges = ["127.0.0.0/8"]
[limits]
submit_timeout_max_ms = 6000
[work]
# Short, so that what a dead process held goes on soon.
lease_margin_ms = 1000
submit_lease_ms = 12000
poll_lease_ms = 21000
archive_lease_ms = 15000
notify_lease_ms = 9000
uncertain_period_ms = 2000
uncertain_ms = 20000
[shutdown]
unready_ms = 100
drain_ms = 20000
"#,
        s3 = bucket.address,
    )
}
