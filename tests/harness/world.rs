//! The world of a scenario.

use crate::channels;
use crate::process::{Process, Surroundings};
use crate::receiver::Receiver;
use crate::scheduler::SwapScheduler;
use crate::store::FlakyStore;
use crate::template::{self, BEGIN_MS};
use crate::wire::{Fault, Peer, SIM_HOST, SimWire};
use axum::Router;
use futures::future::BoxFuture;
use ledger::{Ledger, TaskFilter};
use queue::{Lane, LaneSettings, Scheduler};
use sim::{Sim, SimConfig};
use std::sync::Arc;
use store::{FolderStore, Store};
use task::clock::{ManualClock, SeededEntropy};
use task::{Clock, Task, TaskId, UncertainPolicy};
use tempfile::TempDir;
use tokio::sync::oneshot;
use workers::sweep;
use workers::unspill::Unspill;

pub use crate::channels::{FIRST_CHANNEL, OTHER_CHANNELS, RELAY_CHANNELS, SECOND_CHANNEL};

/// How long a short-lived token is good, ms: shorter than the hours that scenarios leap.
const TOKEN_MS: i64 = 150_000;
/// The most looks that a lane takes before it counts as never coming to rest.
const LOOKS_MAX: usize = 500;
/// Turns of the runtime after which everything that waits for nothing outside has run.
const TURNS: usize = 24;

/// What a world is like.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Decides ids, jitter and pictures.
    pub seed: u64,
    /// Slots of each channel; 0: no limit.
    pub slots: i64,
    /// Whether there is a second channel.
    pub two_channels: bool,
    /// What both do when nobody can tell whether a paid request arrived.
    pub uncertain: UncertainPolicy,
    /// Whether the upstream's finished grids name their four pictures singly too.
    pub singles: bool,
    /// Whether there are channels of the other vendors too, one each.
    pub others: bool,
    /// Whether there are channels of relays beside them.
    pub relays: bool,
    /// Whether Vertex puts its films in a bucket, and not into its answers.
    pub bucket: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            seed: 1,
            slots: 0,
            two_channels: false,
            uncertain: UncertainPolicy::Fail,
            singles: false,
            others: false,
            relays: false,
            bucket: false,
        }
    }
}

/// A stage that stands still at a request of its own, as a process that was stopped would.
pub struct Frozen {
    /// Which lane it serves.
    pub lane: Lane,
    /// At what.
    pub at: (Peer, Fault),
    work: BoxFuture<'static, usize>,
    thaw: oneshot::Sender<()>,
}

/// What one look of a lane came to.
pub enum Stepped {
    /// It handled so many claims.
    Done(usize),
    /// It stands still.
    Frozen(Frozen),
}

/// Everything that there is.
pub struct World {
    /// The time.
    pub clock: Arc<ManualClock>,
    /// The make-believe upstream.
    pub sim: Sim,
    /// The wire.
    pub wire: Arc<SimWire>,
    /// The callers' callback host.
    pub receiver: Arc<Receiver>,
    /// The queue.
    pub scheduler: Arc<SwapScheduler>,
    /// The store.
    pub store: Arc<FlakyStore>,
    /// How often the process was started again.
    pub restarts: u64,
    around: Surroundings,
    process: Option<Process>,
    folder: TempDir,
}

impl World {
    /// A world at its beginning, with the queue filled.
    pub async fn new(shape: Shape) -> Self {
        let folder = template::folder();
        template::copy_to(folder.path()).await;
        let clock = Arc::new(ManualClock::new(BEGIN_MS));
        let entropy = Arc::new(SeededEntropy::new(shape.seed));
        let sim = Sim::start(sim_config(shape, clock.clone())).await.expect("the upstream starts");
        let receiver = Arc::new(Receiver::default());
        let wire = SimWire::new(clock.clone(), sim.router(), receiver.clone());
        let scheduler = SwapScheduler::new(clock.clone());
        let inner = FolderStore::open(folder.path().join("store"), clock.clone()).expect("the store opens");
        let store = FlakyStore::new(inner);
        let around = Surroundings {
            clock: clock.clone(),
            entropy,
            scheduler: scheduler.clone(),
            store: store.clone(),
            wire: wire.clone(),
        };
        let process = Process::start(folder.path(), &around).await;
        channels::put(&process, shape).await;
        scheduler.hold_against(Some(process.ledger.clone()));
        let process = Some(process);
        let world = Self { clock, sim, wire, receiver, scheduler, store, restarts: 0, around, process, folder };
        world.sweep(true).await;
        world
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("a process runs except while it is being restarted")
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.process().ledger
    }

    /// Front.
    pub fn router(&self) -> Router {
        self.process().router.clone()
    }

    /// The time, ms since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Moves the clock on.
    pub fn forward_ms(&self, ms: i64) {
        self.clock.advance_ms(ms);
    }

    /// Lets everything run that waits for nothing outside: bells, answers, announcements.
    pub async fn settle(&self) {
        let mut turns = 0;
        while turns < TURNS || self.scheduler.is_ringing() {
            tokio::task::yield_now().await;
            turns = if self.scheduler.is_ringing() { 0 } else { turns + 1 };
        }
    }

    fn lane(&self, lane: Lane) -> LaneSettings {
        let lanes = &self.process().lanes;
        lanes.iter().find(|settings| settings.lane == lane).expect("every lane has a stage").clone()
    }

    /// One look of a lane; claims that it handled.
    pub async fn step(&self, lane: Lane) -> usize {
        let handled = queue::step(&*self.scheduler, &self.lane(lane)).await;
        self.settle().await;
        handled
    }

    /// One look of a lane that may come to stand still at a request.
    pub async fn step_until_held(&self, lane: Lane, peer: Peer, fault: Fault) -> Stepped {
        self.wire.strike(peer, fault);
        let (scheduler, settings) = (self.scheduler.clone(), self.lane(lane));
        let mut work: BoxFuture<'static, usize> = Box::pin(async move { queue::step(&*scheduler, &settings).await });
        let stepped = tokio::select! {
            biased;
            handled = &mut work => Stepped::Done(handled),
            thaw = self.wire.held() => Stepped::Frozen(Frozen { lane, at: (peer, fault), work, thaw }),
        };
        self.wire.calm();
        self.settle().await;
        stepped
    }

    /// Lets a frozen stage go on to its end.
    pub async fn thaw(&self, frozen: Frozen) -> usize {
        // Nobody waits any more only when the stage was dropped, which it is not.
        let _ = frozen.thaw.send(());
        let handled = frozen.work.await;
        self.settle().await;
        handled
    }

    /// Looks of all lanes until none of them finds anything.
    pub async fn run_all(&self) {
        for _ in 0..LOOKS_MAX {
            let mut handled = 0;
            for lane in Lane::ALL {
                handled += self.step(lane).await;
            }
            if handled == 0 {
                return;
            }
        }
        panic!("the lanes never come to rest at {}", self.now_ms());
    }

    /// What the sweep does when it comes by: fills an empty queue, then walks. `full`: the long walk too. The
    /// walk over the spill folder, which comes by as often, is made with it.
    pub async fn sweep(&self, full: bool) {
        let core = &self.process().core;
        let filled = match self.scheduler.is_filled().await {
            Ok(true) => Ok(0),
            Ok(false) => sweep::rebuild(core).await,
            // Away: so is everything that follows.
            Err(_) => return,
        };
        filled.expect("the ledger and the queue are there");
        sweep::catch_up(core).await.expect("the ledger and the queue are there");
        sweep::due_pass(core).await.expect("the ledger and the queue are there");
        Unspill::default().pass(core).await.expect("the ledger is there");
        if full {
            sweep::full_pass(core).await.expect("the ledger and the queue are there");
        }
        self.settle().await;
    }

    /// What the process does each second for itself, whoever sweeps; tells how many bells it rang.
    pub async fn catch_up(&self) -> usize {
        sweep::catch_up(&self.process().core).await.expect("the ledger and the queue are there")
    }

    /// Writes the progress that the process knows.
    pub async fn flush_progress(&self) {
        self.ledger().flush_progress(self.now_ms()).await.expect("the ledger is there");
    }

    /// The process dies and another one starts; `keeps_queue`: the queue stood apart and lives on.
    pub async fn restart(&mut self, keeps_queue: bool) {
        self.scheduler.hold_against(None);
        if let Some(process) = self.process.take() {
            process.end().await;
        }
        if !keeps_queue {
            self.scheduler.empty();
        }
        let process = Process::start(self.folder.path(), &self.around).await;
        self.scheduler.hold_against(Some(process.ledger.clone()));
        if !keeps_queue {
            // As the embedded set-up does: it holds the folder, so nobody else is at work.
            sweep::reclaim(&process.core).await.expect("the ledger is there");
        }
        self.process = Some(process);
        self.restarts += 1;
        self.sweep(!keeps_queue).await;
    }

    /// Stops or starts a channel, as its operator would.
    pub async fn pause(&self, channel: &str, paused: bool) {
        self.ledger().set_channel_paused(channel, paused).await.expect("the ledger is there");
        self.process().channels.refresh().await.expect("the ledger is there");
        sweep::apply_channels(&self.process().core).await;
    }

    /// Runs SQL on the ledger's file past the ledger, as a worn disk, another program or an operator at
    /// the database's own prompt might.
    pub async fn behind_the_ledger(&self, sql: &'static str) {
        use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
        let file = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("ledger.sqlite"));
        let mut connection = file.connect().await.expect("the ledger's file is there");
        connection.execute(sql).await.expect("the statement fits the tables");
        connection.close().await.expect("a connection can be closed");
    }

    /// A task's row.
    pub async fn task(&self, id: &str) -> Task {
        let id: TaskId = id.parse().expect("an id that was answered");
        self.ledger().task(id).await.expect("the ledger is there").expect("a task that was answered exists")
    }

    /// Every task, oldest first.
    pub async fn tasks(&self) -> Vec<Task> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let filter =
                TaskFilter { after, ascending: true, include_hidden: true, limit: 500, ..TaskFilter::default() };
            let page = self.ledger().list_tasks(&filter).await.expect("the ledger is there");
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let is_last = page.len() < 500;
            all.extend(page);
            if is_last {
                break;
            }
        }
        all
    }

    /// How many outputs wait on the process's own disk for the store.
    pub fn spilled(&self) -> usize {
        self.process().spill.files()
    }

    /// An object's bytes.
    pub async fn object(&self, key: &str) -> Option<Vec<u8>> {
        use futures::TryStreamExt;
        let (_, body) = self.store.get_range(key, None).await.ok()?;
        let pieces: Vec<bytes::Bytes> = body.try_collect().await.ok()?;
        Some(pieces.concat())
    }

    /// Runs everything, with the clock moved on by `step_ms` between rounds, until `done` or so many rounds.
    pub async fn run_until(&self, rounds: usize, step_ms: i64, mut done: impl AsyncFnMut(&Self) -> bool) -> bool {
        for _ in 0..rounds {
            self.run_all().await;
            if done(self).await {
                return true;
            }
            self.forward_ms(step_ms);
            self.sweep(false).await;
        }
        false
    }

    /// Runs until the task has ended; a minute of 2 s steps.
    pub async fn run_to_end(&self, id: &str) -> Task {
        let over = self.run_until(30, 2_000, async |world| world.task(id).await.is_over()).await;
        assert!(over, "{id} does not end: {:?}", self.task(id).await);
        self.run_all().await;
        self.task(id).await
    }

    /// Ends it in an orderly way, so that nothing of it disturbs the next one.
    pub async fn end(mut self) {
        self.scheduler.hold_against(None);
        if let Some(process) = self.process.take() {
            process.end().await;
        }
        self.sim.stop().await;
    }
}

fn sim_config(shape: Shape, clock: Arc<ManualClock>) -> SimConfig {
    SimConfig {
        seed: shape.seed,
        public_url: Some(format!("http://{SIM_HOST}")),
        picture_px: 64,
        singles: shape.singles,
        hook_timer: false,
        token_ms: TOKEN_MS,
        ..SimConfig::new(clock)
    }
}
