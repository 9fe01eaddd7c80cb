//! Puts the implementations of the embedded set-up together: SQLite, the queue in process, a folder.

use crate::folder::Folder;
use crate::nature::{OsEntropy, SystemClock};
use anyhow::Context;
use front::ops::Render;
use front::{Dev, Front, Settings};
use ledger::{ChannelCache, Keyring, Ledger, Options};
use queue::{MemoryScheduler, Scheduler};
use std::net::SocketAddr;
use std::sync::Arc;
use store::{FolderStore, Store};
use task::{AddressRanges, Clock, Entropy, Traces};
use tokio_util::sync::CancellationToken;
use workers::Core;
use workers::outbound::{HttpWire, Outbound, OutboundSettings, SystemResolver};

/// Loopback, for callbacks, artifacts and callers' inputs in `dev` only: whoever may call there is on this machine.
const LOOPBACK: &[&str] = &["127.0.0.0/8", "::1/128"];
/// How long a task may take in all.
const TASK_DEADLINE_MS: i64 = 2 * 3_600_000;
/// How long an idempotency key is remembered.
const IDEMPOTENCY_MS: i64 = 24 * 3_600_000;
/// Readers of the ledger at the same time, beside its one writer.
const CONNECTIONS: u32 = 8;

/// Everything that both the service and the verbs need.
pub(crate) struct Parts {
    pub(crate) ledger: Ledger,
    pub(crate) channels: ChannelCache,
    pub(crate) scheduler: Arc<dyn Scheduler>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// Opens the ledger, without bringing its tables up to date.
pub(crate) async fn ledger(folder: &Folder) -> anyhow::Result<Ledger> {
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let keyring = Keyring::from_bytes(folder.key(&*entropy)?);
    let url = format!("sqlite:{}", folder.path("ledger.sqlite").display());
    let options = Options { url, keyring, entropy, max_connections: CONNECTIONS };
    Ledger::open(options).await.context("the ledger could not be opened")
}

/// Opens everything in the folder; the ledger's tables are brought up to date.
pub(crate) async fn parts(folder: &Folder) -> anyhow::Result<Parts> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ledger = ledger(folder).await?;
    ledger.migrate().await.context("the ledger's tables could not be brought up to date")?;
    let channels = ChannelCache::new(ledger.clone());
    channels.refresh().await.context("the channels could not be read")?;
    let store = FolderStore::open(folder.path("store"), clock.clone()).context("the store could not be opened")?;
    let scheduler: Arc<dyn Scheduler> = MemoryScheduler::new(clock.clone());
    Ok(Parts { ledger, channels, scheduler, store: Arc::new(store), clock, entropy: Arc::new(OsEntropy) })
}

/// The HTTP side.
pub(crate) fn front(
    parts: &Parts,
    folder: &Folder,
    address: SocketAddr,
    draining: CancellationToken,
    metrics: Option<Render>,
    traces: Arc<dyn Traces>,
) -> anyhow::Result<Front> {
    let base = format!("http://{address}");
    let settings = Settings {
        media_base: format!("{base}/media"),
        public_base: base,
        callback_ranges: loopback()?,
        admin_secret: folder.secret_file("admin", &*parts.entropy, 32)?,
        task_deadline_ms: TASK_DEADLINE_MS,
        idempotency_ms: IDEMPOTENCY_MS,
        retention_ms: None,
        price: 0,
        banned_words: Vec::new(),
        dev: Some(Dev { token_path: folder.path("token") }),
    };
    Ok(Front {
        ledger: parts.ledger.clone(),
        channels: parts.channels.clone(),
        scheduler: parts.scheduler.clone(),
        store: parts.store.clone(),
        spill: None,
        clock: parts.clock.clone(),
        entropy: parts.entropy.clone(),
        traces,
        settings: Arc::new(settings),
        draining,
        metrics,
    })
}

/// What [`LOOPBACK`] says.
fn loopback() -> anyhow::Result<Arc<AddressRanges>> {
    let texts: Vec<String> = LOOPBACK.iter().map(|range| (*range).to_owned()).collect();
    Ok(Arc::new(AddressRanges::parse(&texts)?))
}

/// The stages.
pub(crate) fn core(parts: &Parts, address: SocketAddr, uncertain_s: u32) -> anyhow::Result<Core> {
    let ranges = loopback()?;
    let outbound_settings = OutboundSettings {
        artifact_ranges: ranges.clone(),
        callback_ranges: ranges.clone(),
        input_ranges: ranges,
        ..OutboundSettings::default()
    };
    let wire = Arc::new(HttpWire::new(Arc::new(SystemResolver))?);
    let outbound = Outbound::new(wire, parts.store.clone(), parts.clock.clone(), outbound_settings);
    let base = format!("http://{address}");
    let settings = workers::Settings {
        media_base: format!("{base}/media"),
        hook_base: Some(base),
        uncertain_ms: i64::from(uncertain_s) * 1_000,
        ..workers::Settings::default()
    };
    Ok(Core::new(
        parts.ledger.clone(),
        parts.channels.clone(),
        parts.scheduler.clone(),
        parts.store.clone(),
        Arc::new(outbound),
        parts.clock.clone(),
        parts.entropy.clone(),
        settings,
    ))
}
