//! The scheduler over Redis: for each lane, shard and channel one sorted set, changed only by scripts
//! that go by the server's clock. Nothing in it is the truth; a Redis that comes back empty is filled
//! from the ledger.
//!
//! A claim takes two calls a shard: whose turn it is, then one script with the keys of these channels
//! declared; where there is one shard the first is left out while the channels are those of before. Everything
//! else takes one, or two where only ids are known. No call waits longer than its
//! limit, no error says more than its kind, and a lost connection is made anew by the next call.

mod address;
mod claim;
mod entries;
mod hub;
mod joint;
mod keys;
mod link;
mod script;
mod text;
mod watch;
mod wire;

use crate::scheduler::{
    Batch, Changes, Claim, Entry, Finish, Lane, LaneCounts, Limits, QueueError, Scheduler, SubmitGate,
};
use address::Address;
pub use address::RedisUrlError;
use async_trait::async_trait;
use claim::Portion;
use futures::future::try_join_all;
use hub::Hub;
use joint::Joint;
use keys::Keys;
use redis::{Script, ScriptInvocation};
use script::{Desk, Scripts};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use task::{Entropy, TaskId};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use wire::{Question, Wire};

/// How long a claim's or a look's call may take. A server that stalls for a second is waited for.
const CLAIM_LIMIT: Duration = Duration::from_secs(3);

/// How long ending or renewing leases may take.
const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// How long any other call may take.
const ADD_LIMIT: Duration = Duration::from_secs(3);

/// The most ids that one call of a script takes, so that none holds Redis up for long.
const PAGE_MAX: usize = 500;

/// The most shards.
const SHARDS_MAX: usize = 64;

/// The most that a limit may say: what buckets count exactly in a script.
const LIMIT_MAX: i64 = 10_000_000;

/// Ids that may wait to be announced; more are dropped, because they are only hints.
const ANNOUNCEMENTS_MAX: usize = 16_384;

/// Where the queue is and how it is laid out.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://…`, `redis+sentinel://…/MASTER` or `redis+cluster://…` (`rediss` for TLS). May hold a
    /// password: never logged.
    pub url: String,
    /// What every key begins with. Queues with different prefixes share a Redis without meeting.
    pub prefix: String,
    /// Over how many hash tags the channels are spread, 1 to 64: 1 unless it is a Cluster. Every process of
    /// an installation says the same.
    pub shards: usize,
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("prefix", &self.prefix)
            .field("shards", &self.shards)
            .finish_non_exhaustive()
    }
}

/// A scheduler for many processes.
#[derive(Debug)]
pub struct RedisScheduler {
    desk: Desk,
    /// Claims and looks.
    claims: Wire,
    /// Ends and renewals of leases.
    finishes: Wire,
    /// Everything else.
    adds: Arc<Wire>,
    /// Entries on their way to each lane.
    adding: [Joint<Entry>; 4],
    /// Slots that are being taken and freed: channel and task.
    joining: Joint<(String, TaskId)>,
    leaving: Joint<(String, TaskId)>,
    /// Whose turn it lately was, for each lane. Only a hint: a wrong one costs a call.
    guessed: [Mutex<Vec<String>>; 4],
    hub: Arc<Hub>,
    announcements: mpsc::Sender<TaskId>,
    _listening: AbortOnDropHandle<()>,
    _publishing: AbortOnDropHandle<()>,
}

impl RedisScheduler {
    /// A scheduler that connects by itself, now and whenever it has to: a Redis that is away is no error
    /// here. Needs a tokio runtime. Fails only on settings that make no sense, without a word of the URL.
    pub fn connect(settings: &RedisSettings, entropy: &dyn Entropy) -> Result<Arc<Self>, RedisUrlError> {
        if !(1..=SHARDS_MAX).contains(&settings.shards) {
            return Err(RedisUrlError("there must be 1 to 64 shards"));
        }
        let address = Arc::new(Address::read(&settings.url)?);
        let keys = Keys::new(&settings.prefix, settings.shards);
        let hub = Arc::new(Hub::new(fresh_name(entropy)));
        let adds = Arc::new(Wire::new("add", ADD_LIMIT, true, address.clone()));
        let (announcements, waiting) = mpsc::channel(ANNOUNCEMENTS_MAX);
        let publishing = tokio::spawn(publish(adds.clone(), hub.clone(), keys.changes(), waiting));
        let listening = tokio::spawn(hub::listen(hub.clone(), address.clone(), keys.bell(), keys.changes()));
        Ok(Arc::new(Self {
            desk: Desk { keys, scripts: Scripts::new(), skew_ms: AtomicI64::new(0) },
            claims: Wire::new("claim", CLAIM_LIMIT, true, address.clone()),
            // What was finished twice would be told to be stale.
            finishes: Wire::new("finish", FINISH_LIMIT, false, address),
            adds,
            adding: Default::default(),
            joining: Joint::default(),
            leaving: Joint::default(),
            guessed: Default::default(),
            hub,
            announcements,
            _listening: AbortOnDropHandle::new(listening),
            _publishing: AbortOnDropHandle::new(publishing),
        }))
    }

    /// Sets this scheduler's time ahead of the server's clock, for rehearsals of what hours would bring.
    /// Schedulers of one queue must agree on it.
    pub fn skew_time(&self, ahead_ms: i64) {
        self.desk.skew_ms.store(ahead_ms, Ordering::Relaxed);
    }

    fn scripts(&self) -> &Scripts {
        &self.desk.scripts
    }

    /// A call on the submit lane that concerns one channel's gate.
    fn gate_call<'a>(&self, script: &'a Script, channel: &str) -> ScriptInvocation<'a> {
        self.desk.call(script, self.desk.keys.shard_of(channel), Lane::Submit, &[channel])
    }

    async fn change_slots(
        &self,
        verb: &str,
        joint: &Joint<(String, TaskId)>,
        channel: &str,
        ids: &[TaskId],
    ) -> Result<(), QueueError> {
        let seats: Vec<_> = ids.iter().map(|id| (channel.to_owned(), *id)).collect();
        joint.ask(&seats, |seats| async move { self.change_seats(verb, &seats).await }).await
    }

    /// Takes or frees slots of any channels, page by page.
    async fn change_seats(&self, verb: &str, seats: &[(String, TaskId)]) -> Result<(), QueueError> {
        let mut by_shard: HashMap<usize, Vec<&(String, TaskId)>> = HashMap::new();
        for seat in seats {
            by_shard.entry(self.desk.keys.shard_of(&seat.0)).or_default().push(seat);
        }
        for (shard, seats) in by_shard {
            for page in seats.chunks(PAGE_MAX) {
                let seats = claim::grouped(page.iter().map(|(channel, id)| (channel.as_str(), *id)));
                let names: Vec<&str> = seats.iter().map(|(channel, _)| *channel).collect();
                let mut call = self.desk.call(&self.scripts().slots, shard, Lane::Submit, &names);
                call.arg(verb);
                for (place, (_, ids)) in seats.iter().enumerate() {
                    call.arg(place + 1).arg(ids.len());
                    for id in ids {
                        call.arg(text::of_id(*id));
                    }
                }
                self.adds.run::<()>(&call).await?;
            }
        }
        Ok(())
    }
}

/// A name that no other process has.
fn fresh_name(entropy: &dyn Entropy) -> String {
    let mut random = [0; 16];
    entropy.fill(&mut random);
    format!("{:032x}", u128::from_be_bytes(random))
}

/// Publishes what is announced until the scheduler is dropped: in one message what came while the one before
/// was under way. What can't be published is lost.
async fn publish(wire: Arc<Wire>, hub: Arc<Hub>, channel: String, mut waiting: mpsc::Receiver<TaskId>) {
    let mut ids = Vec::new();
    while waiting.recv_many(&mut ids, PAGE_MAX).await > 0 {
        let mut command = redis::cmd("PUBLISH");
        command.arg(&channel).arg(hub.message(&ids));
        ids.clear();
        if let Err(error) = wire.ask::<redis::Value>(Question::Command(&command)).await {
            tracing::debug!(%error, "changes were not announced");
        }
    }
}

#[async_trait]
impl Scheduler for RedisScheduler {
    async fn add(&self, lane: Lane, entries: &[Entry]) -> Result<(), QueueError> {
        let add = |entries: Vec<Entry>| async move {
            self.add_entries(lane, &entries, entries::Adding::Any).await.map(|_| ())
        };
        self.adding[lane as usize].ask(entries, add).await
    }

    async fn add_absent(&self, lane: Lane, entries: &[Entry]) -> Result<usize, QueueError> {
        self.add_entries(lane, entries, entries::Adding::Absent).await
    }

    async fn claim(&self, lane: Lane, max: usize, batch: usize, lease_ms: i64) -> Result<Vec<Batch>, QueueError> {
        self.hand_out(lane, Portion { ids: max, batches: max, batch, lease_ms }).await
    }

    async fn claim_batches(
        &self,
        lane: Lane,
        batches: usize,
        batch: usize,
        lease_ms: i64,
    ) -> Result<Vec<Batch>, QueueError> {
        self.hand_out(lane, Portion { ids: PAGE_MAX, batches, batch, lease_ms }).await
    }

    async fn finish(&self, lane: Lane, claims: &[(Claim, Finish)]) -> Result<Vec<bool>, QueueError> {
        self.end_leases(lane, claims).await
    }

    async fn extend(&self, lane: Lane, claim: &Claim, lease_ms: i64) -> Result<Option<Claim>, QueueError> {
        self.renew(lane, claim, lease_ms).await
    }

    async fn hint(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError> {
        self.visit(lane, entries::Visit::Hint, ids).await
    }

    async fn remove(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError> {
        self.visit(lane, entries::Visit::Remove, ids).await
    }

    async fn leave_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError> {
        self.change_slots("leave", &self.leaving, channel, ids).await
    }

    async fn join_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError> {
        self.change_slots("join", &self.joining, channel, ids).await
    }

    async fn slot_members(&self, channel: &str) -> Result<Vec<TaskId>, QueueError> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(self.desk.keys.slots(channel));
        let members: Vec<String> = self.adds.ask(Question::Command(&command)).await?;
        Ok(members.iter().filter_map(|member| text::to_id(member)).collect())
    }

    async fn set_paused(&self, channel: &str, paused: bool) -> Result<(), QueueError> {
        let mut call = self.gate_call(&self.scripts().gate, channel);
        self.adds.run(call.arg("paused").arg(i64::from(paused))).await
    }

    async fn set_limits(&self, channel: &str, limits: Limits) -> Result<(), QueueError> {
        let Limits { slots, rate_per_min, burst } = limits;
        let mut call = self.gate_call(&self.scripts().gate, channel);
        call.arg("limits").arg(&[slots, rate_per_min, burst].map(|limit| limit.clamp(0, LIMIT_MAX)));
        self.adds.run(&call).await
    }

    async fn gate(&self, channel: &str) -> Result<SubmitGate, QueueError> {
        let call = self.gate_call(&self.scripts().gate_state, channel);
        let (waiting, slots_taken, paused): (i64, i64, i64) = self.adds.run(&call).await?;
        Ok(SubmitGate { waiting, slots_taken, paused: paused == 1 })
    }

    async fn counts(&self, lane: Lane) -> Result<LaneCounts, QueueError> {
        self.census(lane).await.map(|census| census.counts)
    }

    async fn oldest_due_ms(&self, lane: Lane) -> Result<Option<i64>, QueueError> {
        self.census(lane).await.map(|census| census.oldest_due_ms)
    }

    async fn is_filled(&self) -> Result<bool, QueueError> {
        let asking = self.desk.keys.shards().map(|shard| async move {
            let mut command = redis::cmd("EXISTS");
            command.arg(self.desk.keys.epoch(shard));
            self.adds.ask::<bool>(Question::Command(&command)).await
        });
        Ok(try_join_all(asking).await?.into_iter().all(|is_filled| is_filled))
    }

    async fn set_filled(&self) -> Result<(), QueueError> {
        let filling = self.desk.keys.shards().map(|shard| async move {
            let mut call = self.desk.call(&self.scripts().fill, shard, Lane::Submit, &[]);
            self.adds.run::<()>(call.arg(&Lane::ALL.map(Lane::as_str))).await
        });
        try_join_all(filling).await.map(|_| ())
    }

    async fn announce(&self, ids: &[TaskId]) {
        for id in ids {
            self.hub.announce(*id);
            // Never waited for: a hint that finds no room is dropped.
            let _ = self.announcements.try_send(*id);
        }
    }

    fn changes(&self) -> Changes {
        self.hub.changes()
    }

    async fn ready(&self, lane: Lane) {
        self.wait_for_work(lane).await;
    }
}
