//! One process of ours: everything that a `kill -9` takes with it.

use crate::template;
use axum::Router;
use front::{Front, Settings as FrontSettings};
use ledger::{ChannelCache, Ledger};
use queue::{LaneSettings, Scheduler};
use std::path::Path;
use std::sync::Arc;
use store::{Spill, Store};
use task::clock::{ManualClock, SeededEntropy};
use task::{Clock, Secret};
use tokio_util::sync::CancellationToken;
use workers::outbound::{Outbound, OutboundSettings, Wire};
use workers::{Core, Settings};

/// Where callers and upstreams reach front.
const FRONT_BASE: &str = "http://front.test";
/// How long a task may take in all.
pub const TASK_DEADLINE_MS: i64 = 2 * 3_600_000;
/// Quota that a task holds while it runs and takes when it succeeds.
pub const PRICE: i64 = 1;
/// Room for outputs that wait for the store: more than all of a scenario's.
const SPILL_MAX_BYTES: u64 = 1 << 30;
/// Batches that one look of a lane takes, so that a look stays a small step.
const CONCURRENCY: usize = 2;

/// What outlives a process.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Arc<ManualClock>,
    /// Chance, for ids and jitter.
    pub entropy: Arc<SeededEntropy>,
    /// The queue.
    pub scheduler: Arc<dyn Scheduler>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The way out.
    pub wire: Arc<dyn Wire>,
}

/// The process.
pub struct Process {
    /// The truth.
    pub ledger: Ledger,
    /// What it knows of the channels.
    pub channels: ChannelCache,
    /// What the stages and the sweep are given.
    pub core: Core,
    /// The lanes with their stages.
    pub lanes: Vec<LaneSettings>,
    /// Where outputs wait for the store.
    pub spill: Arc<Spill>,
    /// Front.
    pub router: Router,
}

impl Process {
    /// Starts on the ledger in `folder`.
    pub async fn start(folder: &Path, around: &Surroundings) -> Self {
        let ledger = Ledger::open(template::options(folder, around.entropy.clone())).await.expect("the ledger opens");
        let channels = ChannelCache::new(ledger.clone());
        channels.refresh().await.expect("the channels can be read");
        let spill = Spill::open(folder.join("spill"), SPILL_MAX_BYTES, around.clock.clone()).await;
        let spill = Arc::new(spill.expect("the spill folder opens"));
        let core = core(&ledger, &channels, around).with_spill(spill.clone(), "spill");
        let mut lanes = workers::lanes(&core);
        for lane in &mut lanes {
            lane.concurrency = CONCURRENCY;
        }
        let router = front::router(front(&ledger, &channels, around));
        Self { ledger, channels, core, lanes, spill, router }
    }

    /// Ends. Writes that the ledger's writer has taken in are finished, as a kernel would those of a
    /// database server; everything else is gone.
    pub async fn end(self) {
        let ledger = self.ledger.clone();
        drop(self);
        ledger.close().await;
    }
}

fn core(ledger: &Ledger, channels: &ChannelCache, around: &Surroundings) -> Core {
    let clock: Arc<dyn Clock> = around.clock.clone();
    let outbound = Outbound::new(around.wire.clone(), around.store.clone(), clock.clone(), OutboundSettings::default());
    let settings = Settings {
        media_base: format!("{FRONT_BASE}/media"),
        hook_base: Some(FRONT_BASE.to_owned()),
        ..Settings::default()
    };
    Core::new(
        ledger.clone(),
        channels.clone(),
        around.scheduler.clone(),
        around.store.clone(),
        Arc::new(outbound),
        clock,
        around.entropy.clone(),
        settings,
    )
}

fn front(ledger: &Ledger, channels: &ChannelCache, around: &Surroundings) -> Front {
    let settings = FrontSettings {
        media_base: format!("{FRONT_BASE}/media"),
        public_base: FRONT_BASE.to_owned(),
        callback_ranges: Arc::default(),
        price: PRICE,
        admin_secret: Secret::new("admin".to_owned()),
        task_deadline_ms: TASK_DEADLINE_MS,
        idempotency_ms: 24 * 3_600_000,
        retention_ms: None,
        banned_words: Vec::new(),
        dev: None,
    };
    Front {
        ledger: ledger.clone(),
        channels: channels.clone(),
        scheduler: around.scheduler.clone(),
        store: around.store.clone(),
        spill: None,
        clock: around.clock.clone(),
        entropy: around.entropy.clone(),
        settings: Arc::new(settings),
        traces: Arc::new(task::NoTraces),
        draining: CancellationToken::new(),
        metrics: None,
    }
}
