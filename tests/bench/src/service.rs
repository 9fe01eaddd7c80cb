//! Our service as it is scaled out, put together from its parts: Postgres, Redis, S3.

use crate::nature::{OsEntropy, SystemClock};
use front::{Front, Settings};
use ledger::{ChannelCache, Keyring, Ledger, NewToken, Options};
use queue::{RedisScheduler, RedisSettings, Scheduler};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use store::{S3Settings, S3Store, Store};
use task::{AddressRanges, Channel, ChannelLimits, Clock, Entropy, Secret, UncertainPolicy};
use tokio_util::sync::CancellationToken;
use workers::Core;
use workers::outbound::{HttpWire, Outbound, OutboundSettings, SystemResolver};

/// The one caller's key.
pub(crate) const KEY: &str = "sk-bench000000000000000000000000000000000000000000000";
/// Memory that all copies under way may take, as the service is shipped.
pub(crate) const COPY_MEMORY_MAX_BYTES: usize = 64 << 20;
/// How long a task may take in all.
const TASK_DEADLINE_MS: i64 = 24 * 3_600_000;
/// The dialect of the usual channels.
const DIALECT: &str = "midjourney_proxy";

/// Where everything is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The ledger's database.
    pub(crate) postgres: String,
    /// Its connections.
    pub(crate) connections: u32,
    /// The queue.
    pub(crate) redis: String,
    /// The S3 server; none that answers unless a scenario needs one.
    pub(crate) s3: SocketAddr,
}

impl Setup {
    /// Connections as the service is shipped, and no S3 server.
    pub(crate) fn new(postgres: String, redis: String) -> Self {
        Self { postgres, connections: 16, redis, s3: SocketAddr::from(([127, 0, 0, 1], 9)) }
    }
}

/// The implementations.
pub(crate) struct Parts {
    pub(crate) ledger: Ledger,
    pub(crate) channels: ChannelCache,
    pub(crate) scheduler: Arc<dyn Scheduler>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// How a store finds the S3 server.
pub(crate) fn s3_settings(address: SocketAddr) -> S3Settings {
    S3Settings {
        endpoint: Some(format!("http://{address}")),
        path_style: true,
        ..S3Settings::new("us-east-1", "bench", "AKIDBENCH", Secret::new("a-secret-of-the-bench"))
    }
}

/// The prefix of a bench queue's keys.
pub(crate) const PREFIX: &str = "bench";

/// The queue in this Redis under this prefix.
pub(crate) fn scheduler(redis: &str, prefix: &str) -> anyhow::Result<Arc<dyn Scheduler>> {
    let settings = RedisSettings { url: redis.to_owned(), prefix: prefix.to_owned(), shards: 1 };
    Ok(RedisScheduler::connect(&settings, &OsEntropy)?)
}

impl Parts {
    /// Connects to everything; the ledger's tables are made where they are missing.
    pub(crate) async fn open(setup: &Setup) -> anyhow::Result<Self> {
        let options = Options {
            url: setup.postgres.clone(),
            keyring: Keyring::from_bytes([7; 32]),
            entropy: Arc::new(OsEntropy),
            max_connections: setup.connections,
        };
        let ledger = Ledger::open(options).await?;
        ledger.migrate().await?;
        let channels = ChannelCache::new(ledger.clone());
        channels.refresh().await?;
        let scheduler = scheduler(&setup.redis, PREFIX)?;
        let store = Arc::new(S3Store::new(s3_settings(setup.s3))?);
        Ok(Self { ledger, channels, scheduler, store, clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) })
    }

    /// Makes the caller and so many channels (`c0`, `c1` …) to the upstream at this address.
    pub(crate) async fn furnish(&self, channels: u64, upstream: SocketAddr, poll_period_ms: i64) -> anyhow::Result<()> {
        let now_ms = self.clock.now_ms();
        let token = NewToken {
            name: "bench".to_owned(),
            key_hash: front::key_hash(KEY),
            masked: "sk-bench".to_owned(),
            unlimited: true,
            granted: 0,
            expires_ms: None,
        };
        self.ledger.create_token(token, now_ms).await?;
        for number in 0..channels {
            self.put_channel(&format!("c{number}"), DIALECT, format!("http://{upstream}"), poll_period_ms).await?;
        }
        self.channels.refresh().await?;
        Ok(())
    }

    /// Makes a channel without limits that takes every model.
    pub(crate) async fn put_channel(
        &self,
        name: &str,
        dialect: &str,
        base_url: String,
        poll_period_ms: i64,
    ) -> anyhow::Result<()> {
        let mut options = serde_json::Map::new();
        if dialect == DIALECT {
            options.insert("poll_period_ms".to_owned(), poll_period_ms.into());
        }
        let channel = Channel {
            name: name.to_owned(),
            dialect: dialect.to_owned(),
            base_url,
            key: Secret::new("upstream-key"),
            hook_secret: Secret::new("hook-secret"),
            models: vec!["*".to_owned()],
            weight: 1,
            priority: 0,
            limits: ChannelLimits { slots: 0, rate_per_min: 0, burst: 1 },
            uncertain: UncertainPolicy::Fail,
            options,
            paused: false,
            removed: false,
            created_ms: self.clock.now_ms(),
        };
        Ok(self.ledger.put_channel(&channel).await?)
    }

    /// The HTTP side.
    pub(crate) fn front(&self, address: SocketAddr, draining: CancellationToken) -> anyhow::Result<Front> {
        let base = format!("http://{address}");
        let settings = Settings {
            media_base: format!("{base}/media"),
            public_base: base,
            callback_ranges: loopback()?,
            admin_secret: Secret::new("admin"),
            task_deadline_ms: TASK_DEADLINE_MS,
            idempotency_ms: 24 * 3_600_000,
            retention_ms: None,
            price: 0,
            banned_words: Vec::new(),
            dev: None,
        };
        Ok(Front {
            ledger: self.ledger.clone(),
            channels: self.channels.clone(),
            scheduler: self.scheduler.clone(),
            store: self.store.clone(),
            spill: None,
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            settings: Arc::new(settings),
            draining,
            metrics: None,
            traces: Arc::new(task::NoTraces),
        })
    }

    /// The stages. Copies are as many as fit into the memory that the service gives them.
    pub(crate) fn core(&self, address: SocketAddr, put_bytes: usize) -> anyhow::Result<Core> {
        let ranges = loopback()?;
        let outbound_settings = OutboundSettings {
            artifact_ranges: ranges.clone(),
            callback_ranges: ranges,
            ..OutboundSettings::default()
        };
        let wire = Arc::new(HttpWire::new(Arc::new(SystemResolver))?);
        let outbound = Outbound::new(wire, self.store.clone(), self.clock.clone(), outbound_settings);
        let mut settings =
            workers::Settings { media_base: format!("http://{address}/media"), ..workers::Settings::default() };
        settings.concurrency.archive =
            (COPY_MEMORY_MAX_BYTES / put_bytes.max(1)).clamp(1, settings.concurrency.archive);
        Ok(Core::new(
            self.ledger.clone(),
            self.channels.clone(),
            self.scheduler.clone(),
            self.store.clone(),
            Arc::new(outbound),
            self.clock.clone(),
            self.entropy.clone(),
            settings,
        ))
    }
}

fn loopback() -> anyhow::Result<Arc<AddressRanges>> {
    Ok(Arc::new(AddressRanges::parse(&["127.0.0.0/8".to_owned()])?))
}
