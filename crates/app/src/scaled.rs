//! Puts the implementations of the scaled-out set-up together: Postgres, Redis, S3.

use crate::compose::Parts;
use crate::config::{self, Config};
use crate::folder::parse_key;
use crate::nature::{OsEntropy, SystemClock, clock_of};
use crate::spill::SpillPlace;
use crate::stop::Stop;
use anyhow::{Context, bail};
use front::Front;
use front::ops::Render;
use ledger::{ChannelCache, Keyring, Ledger, LedgerError, Options};
use queue::{RedisScheduler, Scheduler};
use std::sync::Arc;
use std::time::Duration;
use store::{FolderStore, S3Store, Store};
use task::{Entropy, Secret, Traces};
use tokio::time::{Instant, sleep};
use workers::Core;
use workers::outbound::{HttpWire, Outbound, SystemResolver};

/// How long a process that starts waits for the ledger to answer and for its tables to be up to date,
/// before it gives up and is started again.
const START_LIMIT: Duration = Duration::from_secs(60);
/// The pause between two looks.
const START_PAUSE: Duration = Duration::from_secs(1);

/// Opens the ledger, without bringing its tables up to date.
pub(crate) async fn ledger(config: &Config) -> anyhow::Result<Ledger> {
    Ok(open_ledger(config).await?)
}

async fn open_ledger(config: &Config) -> Result<Ledger, LedgerError> {
    let key = config.ledger.key.as_ref().map(Secret::expose).unwrap_or_default();
    let key = parse_key(key).map_err(|error| LedgerError::Invalid(error.to_string()))?;
    let options = Options {
        url: config.ledger.url.as_ref().map(|url| url.expose().to_owned()).unwrap_or_default(),
        keyring: Keyring::from_bytes(key),
        entropy: Arc::new(OsEntropy),
        max_connections: config.ledger.max_connections,
    };
    Ledger::open(options).await
}

/// The ledger of a process that starts: waits for a server that starts beside it, and for `backlot migrate`.
async fn ready_ledger(config: &Config, stop: &Stop) -> anyhow::Result<Ledger> {
    let begun = Instant::now();
    loop {
        let missing = match open_ledger(config).await {
            Ok(ledger) => match ledger.pending_migrations().await {
                Ok(0) => return Ok(ledger),
                Ok(count) => {
                    ledger.close().await;
                    format!("{count} migrations are pending: run `backlot migrate --config …`")
                }
                Err(error) => error.to_string(),
            },
            Err(error) if error.may_retry() => error.to_string(),
            Err(error) => return Err(error).context("the ledger could not be opened"),
        };
        if begun.elapsed() >= START_LIMIT {
            bail!("the ledger is not there after {} s: {missing}", START_LIMIT.as_secs());
        }
        tracing::warn!(missing, "waiting for the ledger");
        tokio::select! {
            () = sleep(START_PAUSE) => {}
            () = stop.soft.cancelled() => bail!("told to stop while waiting for the ledger: {missing}"),
        }
    }
}

/// Everything that `serve` and `work` need.
pub(crate) async fn parts(config: &Config, stop: &Stop) -> anyhow::Result<Parts> {
    workers::outbound::install_ring();
    let ledger = ready_ledger(config, stop).await?;
    parts_on(config, ledger).await
}

/// The same on a ledger that is open. Redis need not be there.
pub(crate) async fn parts_on(config: &Config, ledger: Ledger) -> anyhow::Result<Parts> {
    workers::outbound::install_ring();
    let clock = clock_of(&ledger).await?;
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let channels = ChannelCache::new(ledger.clone());
    channels.refresh().await.context("the channels could not be read")?;
    let scheduler = queue(config)?;
    let store = store(config)?;
    Ok(Parts { ledger, channels, scheduler, store, clock, entropy })
}

/// The queue; it connects by itself. Needs a runtime.
pub(crate) fn queue(config: &Config) -> anyhow::Result<Arc<dyn Scheduler>> {
    Ok(RedisScheduler::connect(&config::redis_settings(config), &OsEntropy)?)
}

/// The bucket, or the folder that every process sees.
pub(crate) fn store(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let section = &config.store;
    if let Some(folder) = &section.folder {
        let store = FolderStore::open(folder.clone(), Arc::new(SystemClock));
        return Ok(Arc::new(store.context("the store's folder could not be opened")?));
    }
    let s3 = section.s3.as_ref().context("there is neither a bucket nor a folder")?;
    let trusted = s3.trusted_ca_file.as_ref().map(std::fs::read_to_string).transpose();
    let trusted = trusted.context("store.s3.trusted_ca_file can't be read")?;
    Ok(Arc::new(S3Store::new(config::s3_settings(config, s3, trusted))?))
}

/// The folder where outputs wait while the store is away, if there is to be one.
pub(crate) async fn spill(config: &Config, parts: &Parts) -> anyhow::Result<Option<SpillPlace>> {
    let Some(section) = &config.store.spill else { return Ok(None) };
    SpillPlace::open(&section.folder, section.max_bytes, parts.clock.clone()).await.map(Some)
}

/// The HTTP side, and the state that the ops routes of every process look at.
pub(crate) fn front(
    config: &Config,
    parts: &Parts,
    stop: &Stop,
    metrics: Option<Render>,
    traces: Arc<dyn Traces>,
) -> anyhow::Result<Front> {
    let closed = Secret::new(front::admin::random_base62(&*parts.entropy, 40));
    Ok(Front {
        ledger: parts.ledger.clone(),
        channels: parts.channels.clone(),
        scheduler: parts.scheduler.clone(),
        store: parts.store.clone(),
        spill: None,
        clock: parts.clock.clone(),
        entropy: parts.entropy.clone(),
        traces,
        settings: Arc::new(config::front_settings(config, closed)?),
        draining: stop.draining.clone(),
        metrics,
    })
}

/// The stages.
pub(crate) fn core(config: &Config, parts: &Parts) -> anyhow::Result<Core> {
    let wire = Arc::new(HttpWire::new(Arc::new(SystemResolver))?);
    let settings = config::outbound_settings(config)?;
    let outbound = Outbound::new(wire, parts.store.clone(), parts.clock.clone(), settings);
    Ok(Core::new(
        parts.ledger.clone(),
        parts.channels.clone(),
        parts.scheduler.clone(),
        parts.store.clone(),
        Arc::new(outbound),
        parts.clock.clone(),
        parts.entropy.clone(),
        config::core_settings(config),
    ))
}
