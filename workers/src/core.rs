//! What every stage is given, and the settings that they share.

use crate::access::Accesses;
use crate::delivered::Delivered;
use crate::in_flight::InFlight;
use crate::outbound::Outbound;
use crate::spill::SpillFolder;
use crate::under_way::UnderWay;
use ledger::{ChannelCache, Ledger};
use providers::{Account, Dialect};
use queue::Scheduler;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;
use task::{Artifact, Channel, Clock, Entropy, NoTraces, Secret, TaskId, Traces};
use tokio::sync::Semaphore;

/// Shared by all stages; cheap to clone.
#[derive(Clone)]
pub struct Core {
    /// The truth.
    pub ledger: Ledger,
    /// The channels, re-read when they change.
    pub channels: ChannelCache,
    /// The doorbell.
    pub scheduler: Arc<dyn Scheduler>,
    /// Where inputs come from and artifacts go.
    pub store: Arc<dyn Store>,
    /// Where outputs wait on this machine when the store can't take them in time; none: they are lost then.
    pub spill: Option<SpillFolder>,
    /// The only way out.
    pub outbound: Arc<Outbound>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for ids and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// What ties the stages' spans to the tasks' traces.
    pub traces: Arc<dyn Traces>,
    /// What was configured.
    pub settings: Arc<Settings>,
    /// When this process first heard "unknown" of a task; the ledger's side column follows later.
    pub(crate) missing: Arc<Missing>,
    /// Outputs that are in the store already while others of the same task are not.
    pub(crate) half_copied: Arc<HalfCopied>,
    /// Places for copies: as many as claims on the archive lane, however many outputs these have.
    pub(crate) copies: Arc<Semaphore>,
    pub(crate) delivered: Arc<Delivered>,
    /// Short-lived tokens of channels.
    pub(crate) accesses: Arc<Accesses>,
    /// Submissions between lease and record.
    pub(crate) under_way: Arc<UnderWay>,
    /// Running tasks between two polls.
    pub(crate) in_flight: Arc<InFlight>,
    /// Whether the queue did not take a bell or a freed slot of this process.
    pub(crate) missed_bell: Arc<AtomicBool>,
}

/// What was configured. Times in milliseconds.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where callers reach artifacts; no slash at its end.
    pub media_base: String,
    /// Where upstreams reach our `/hooks`; none: they are not asked to call back.
    pub hook_base: Option<String>,
    /// Lease of a submission; has to exceed every dialect's `submit_timeout_ms`, or the shorter
    /// `submit_timeout_max_ms`, by `lease_margin_ms`.
    pub submit_lease_ms: i64,
    /// Lease of a batch of polls.
    pub poll_lease_ms: i64,
    /// Lease of a copy, renewed while it streams.
    pub archive_lease_ms: i64,
    /// Lease of a callback; has to exceed the time limit of one send.
    pub notify_lease_ms: i64,
    /// What a lease has to hold beyond the call's limit when the first byte goes out.
    pub lease_margin_ms: i64,
    /// Time limit of a poll, a look-up, a cancel.
    pub call_timeout_ms: i64,
    /// The longest that a paid call may take, where its dialect would give it longer.
    pub submit_timeout_max_ms: i64,
    /// How long a doubt may last before the channel's policy decides.
    pub uncertain_ms: i64,
    /// Pause between two looks at a doubt.
    pub uncertain_period_ms: i64,
    /// Pause before "unknown to the upstream" is asked a second time, singly.
    pub missing_confirm_ms: i64,
    /// How long a question of the vendor's stays open.
    pub input_wait_ms: i64,
    /// The longest pause between two tries to submit.
    pub retry_max_ms: i64,
    /// Pauses before the second, third and fourth send of a callback (`contract/callback.md`).
    pub callback_ladder_ms: Vec<i64>,
    /// The largest artifact.
    pub artifact_max_bytes: u64,
    /// Time limit of one download.
    pub download_timeout_ms: i64,
    /// How many submissions, polls, copies and callbacks may be under way in this process.
    pub concurrency: Concurrency,
    /// How long ended tasks, their events and callbacks are kept; none: for ever.
    pub retention_ms: Option<i64>,
}

/// How much of each lane may be under way in this process.
#[derive(Debug, Clone, Copy)]
pub struct Concurrency {
    /// Submissions.
    pub submit: usize,
    /// Poll requests.
    pub poll: usize,
    /// Copies. Each holds less than 1 MiB beside what the store makes room for.
    pub archive: usize,
    /// Callbacks.
    pub notify: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            media_base: String::new(),
            hook_base: None,
            submit_lease_ms: 150_000,
            poll_lease_ms: 60_000,
            archive_lease_ms: 60_000,
            notify_lease_ms: 30_000,
            lease_margin_ms: 10_000,
            call_timeout_ms: 20_000,
            submit_timeout_max_ms: 140_000,
            uncertain_ms: 600_000,
            uncertain_period_ms: 15_000,
            missing_confirm_ms: 30_000,
            input_wait_ms: 1_800_000,
            retry_max_ms: 30_000,
            callback_ladder_ms: vec![10_000, 30_000, 60_000],
            artifact_max_bytes: 2 << 30,
            download_timeout_ms: 600_000,
            concurrency: Concurrency { submit: 64, poll: 64, archive: 16, notify: 64 },
            retention_ms: None,
        }
    }
}

/// A channel together with the dialect that it speaks.
pub(crate) struct Line {
    pub(crate) channel: Channel,
    pub(crate) dialect: &'static dyn Dialect,
}

impl Line {
    /// The account with what [`Core::access`] gave for it.
    pub(crate) fn account<'a>(&'a self, now_ms: i64, access: Option<&'a Secret>) -> Account<'a> {
        let Channel { base_url, key, options, .. } = &self.channel;
        Account { base_url, key, access, options, now_ms }
    }
}

impl Core {
    /// Puts the parts together. Spans are for logs alone until [`Core::with_traces`].
    pub fn new(
        ledger: Ledger,
        channels: ChannelCache,
        scheduler: Arc<dyn Scheduler>,
        store: Arc<dyn Store>,
        outbound: Arc<Outbound>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Self {
        let settings = Arc::new(settings);
        let copies = Arc::new(Semaphore::new(settings.concurrency.archive.clamp(1, Semaphore::MAX_PERMITS)));
        Self {
            ledger,
            channels,
            scheduler,
            store,
            spill: None,
            outbound,
            clock,
            entropy,
            traces: Arc::new(NoTraces),
            settings,
            missing: Arc::default(),
            half_copied: Arc::default(),
            copies,
            delivered: Arc::default(),
            accesses: Arc::default(),
            under_way: Arc::default(),
            in_flight: Arc::default(),
            missed_bell: Arc::default(),
        }
    }

    /// The same, with spans that belong to traces.
    pub fn with_traces(self, traces: Arc<dyn Traces>) -> Self {
        Self { traces, ..self }
    }

    /// Turns a store key into a link that callers may use.
    pub fn link(&self, key: &str) -> String {
        format!("{}/{key}", self.settings.media_base)
    }

    /// The channel of this name with its dialect; `None` when it was removed for good or speaks a
    /// dialect that this build does not know.
    pub(crate) fn line(&self, name: &str) -> Option<Line> {
        let channel = self.channels.get(name)?;
        let dialect = providers::find(&channel.dialect)?;
        Some(Line { channel, dialect })
    }

    /// Time limit of this channel's paid call, ms.
    pub(crate) fn submit_timeout_ms(&self, line: &Line) -> i64 {
        let dialect_ms = line.dialect.capabilities(&line.channel.options).submit_timeout_ms;
        dialect_ms.min(self.settings.submit_timeout_max_ms)
    }

    /// A number from 0 to `bound` (0 when that is not positive), for jitter.
    pub(crate) fn chance(&self, bound: i64) -> i64 {
        let mut bytes = [0u8; 8];
        self.entropy.fill(&mut bytes);
        let span = bound.max(0).cast_unsigned().saturating_add(1);
        (u64::from_le_bytes(bytes) % span).cast_signed()
    }

    /// `period_ms` give or take a tenth, so that tasks that were opened together spread out.
    pub(crate) fn jittered_ms(&self, period_ms: i64) -> i64 {
        jittered_ms(period_ms, |bound| self.chance(bound))
    }

    /// Chance for many tasks at once.
    pub(crate) fn dice(&self) -> Dice {
        let mut seed = [0u8; 8];
        self.entropy.fill(&mut seed);
        Dice(u64::from_le_bytes(seed))
    }
}

fn jittered_ms(period_ms: i64, chance: impl FnOnce(i64) -> i64) -> i64 {
    period_ms - period_ms / 10 + chance(period_ms / 5)
}

/// Numbers for jitter from one draw of chance: where many are needed, each draw would ask the system. A copy throws
/// the same numbers again.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// As [`Core::jittered_ms`].
    pub(crate) fn jittered_ms(&mut self, period_ms: i64) -> i64 {
        jittered_ms(period_ms, |bound| self.up_to(bound))
    }

    /// As [`Core::jittered_ms`], for what had to wait: spread over as long as it waited, at most a period. A crowd that
    /// came late, because the queue was away or has just been filled, would otherwise come back as a crowd in every
    /// period.
    pub(crate) fn spread_ms(&mut self, period_ms: i64, waited_ms: i64) -> i64 {
        let waited_ms = waited_ms.clamp(0, period_ms.max(0));
        self.jittered_ms(period_ms) - waited_ms / 2 + self.up_to(waited_ms)
    }

    /// A number from 0 to `bound` (0 when that is not positive).
    pub(crate) fn up_to(&mut self, bound: i64) -> i64 {
        (self.throw() % bound.max(0).cast_unsigned().saturating_add(1)).cast_signed()
    }

    /// The next number (SplitMix64, Steele et al. 2014): spread evenly, and easily guessed.
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// First sightings of "unknown to the upstream".
#[derive(Debug, Default)]
pub(crate) struct Missing(Mutex<HashMap<TaskId, i64>>);

impl Missing {
    /// When the task was first missed, `now_ms` if this is the first time. What this process saw more
    /// than `fresh_ms` ago and the ledger does not know is forgotten: another process has seen the task
    /// since.
    pub(crate) fn since(&self, id: TaskId, recorded_ms: Option<i64>, now_ms: i64, fresh_ms: i64) -> i64 {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = seen.entry(id).or_insert(now_ms);
        if recorded_ms.is_none() && now_ms - *first > fresh_ms {
            *first = now_ms;
        }
        *first = recorded_ms.map_or(*first, |recorded| recorded.min(*first));
        *first
    }

    /// Whether the task was missed, and not seen since.
    pub(crate) fn has(&self, id: TaskId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    /// The upstream knows it after all, or it is over. Tells whether it had been missed.
    pub(crate) fn clear(&self, id: TaskId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id).is_some()
    }
}

/// Finished copies of unfinished tasks, so that one dead link does not make every other file travel
/// again. Only this process's memory: whoever does not find them copies them once more.
#[derive(Debug, Default)]
pub(crate) struct HalfCopied(Mutex<HashMap<TaskId, Vec<Artifact>>>);

/// Tasks whose finished copies are remembered at the same time.
const HALF_COPIED_MAX: usize = 10_000;

impl HalfCopied {
    /// What is finished, and forgets it.
    pub(crate) fn take(&self, id: TaskId) -> Vec<Artifact> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id).unwrap_or_default()
    }

    /// Remembers what is finished.
    pub(crate) fn keep(&self, id: TaskId, artifacts: Vec<Artifact>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < HALF_COPIED_MAX {
            kept.insert(id, artifacts);
        }
    }
}
