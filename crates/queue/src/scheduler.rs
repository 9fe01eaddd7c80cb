//! The seam: what every scheduler does, in process or over Redis.

use async_trait::async_trait;
use std::fmt;
use task::TaskId;
use tokio::sync::broadcast;

/// One kind of work. A task is on at most one entry of each lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// One task to be handed to its upstream.
    Submit,
    /// A batch of one channel's tasks to be asked for (and errands).
    Poll,
    /// One task whose outputs are to be copied.
    Archive,
    /// One task whose next callback is due.
    Notify,
}

impl Lane {
    /// Every lane, in data order.
    pub const ALL: [Lane; 4] = [Self::Submit, Self::Poll, Self::Archive, Self::Notify];

    /// The word in keys, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Poll => "poll",
            Self::Archive => "archive",
            Self::Notify => "notify",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which task.
    pub id: TaskId,
    /// Its channel; for `Notify` the receiver's host. Limits and pauses go by it.
    pub channel: String,
    /// When, ms since the epoch by the scheduler's clock.
    pub due_ms: i64,
}

/// A leased entry. Finishing it with an outdated lease does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which task.
    pub id: TaskId,
    /// Its channel.
    pub channel: String,
    /// Proof of the lease: only the newest one counts.
    pub fence: i64,
    /// When it was due.
    pub due_ms: i64,
    /// When the lease ends by the scheduler's clock.
    pub lease_until_ms: i64,
}

/// Claims of one channel, handed out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The channel.
    pub channel: String,
    /// At least one, at most the number asked for.
    pub claims: Vec<Claim>,
}

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Nothing more to do on this lane.
    Done,
    /// Again at this time, ms since the epoch.
    At(i64),
    /// Again at once; this look does not count.
    GiveBack,
}

/// How much a channel may be asked for. 0 means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Tasks in `submitting | uncertain | running | awaiting_input` at the same time.
    pub slots: i64,
    /// Tokens that the bucket gains a minute. A submit claim takes one token for each task.
    pub rate_per_min: i64,
    /// The most tokens that the bucket holds, at least 1.
    pub burst: i64,
}

/// What stands between a channel and its next submission, for operators and `QueuePosition`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubmitGate {
    /// Entries on the submit lane.
    pub waiting: i64,
    /// Slots taken.
    pub slots_taken: i64,
    /// Whether it is paused.
    pub paused: bool,
}

/// How many entries a lane has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneCounts {
    /// Not due yet.
    pub scheduled: i64,
    /// Due, and nobody has it.
    pub due: i64,
    /// Leased.
    pub leased: i64,
}

/// The scheduler could not be asked. Callers back off and try again: nothing is lost by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue is away: {0}")]
pub struct QueueError(pub String);

/// Ids of tasks that changed or ended, as a hint. Lagging loses hints, never truth.
pub type Changes = broadcast::Receiver<TaskId>;

/// A scheduler of ids. Adding an id twice is harmless.
#[async_trait]
pub trait Scheduler: Send + Sync + fmt::Debug {
    /// Adds entries. A scheduled id takes the earlier of the two due times, and the new channel. A leased
    /// one keeps its lease, but the bell is remembered: when that lease is finished with
    /// [`Finish::Done`] (or a later time), the id is due at the remembered time instead, so that work
    /// which came while somebody was looking is not overlooked.
    async fn add(&self, lane: Lane, entries: &[Entry]) -> Result<(), QueueError>;

    /// Adds only the entries whose ids are not on the lane (for the sweep); tells how many were new.
    async fn add_absent(&self, lane: Lane, entries: &[Entry]) -> Result<usize, QueueError>;

    /// Leases due entries for `lease_ms`, at most `max` (and never more than 500) in all, grouped by
    /// channel with at most `batch` a group. On [`Lane::Submit`] a channel that is paused, has no free
    /// slot or no token is passed over, and each claim joins its channel's slots and takes a token.
    /// On [`Lane::Poll`] entries due within the next 250 ms may fill a batch.
    async fn claim(&self, lane: Lane, max: usize, batch: usize, lease_ms: i64) -> Result<Vec<Batch>, QueueError>;

    /// As `claim`, but at most `batches` groups (and still never more than 500 ids): for a worker that
    /// can start that many and no more, so that no lease runs while its batch waits for a free place.
    /// Unless a scheduler does better, groups are only as full as keeps their number down.
    async fn claim_batches(
        &self,
        lane: Lane,
        batches: usize,
        batch: usize,
        lease_ms: i64,
    ) -> Result<Vec<Batch>, QueueError> {
        self.claim(lane, batches, batch, lease_ms).await
    }

    /// Ends leases; tells for each claim whether its lease was still the newest.
    async fn finish(&self, lane: Lane, claims: &[(Claim, Finish)]) -> Result<Vec<bool>, QueueError>;

    /// Renews a lease; `None` when it is not the newest any more.
    async fn extend(&self, lane: Lane, claim: &Claim, lease_ms: i64) -> Result<Option<Claim>, QueueError>;

    /// Makes scheduled ids due now. Leased and absent ones are left alone.
    async fn hint(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError>;

    /// Takes ids off a lane, leased or not.
    async fn remove(&self, lane: Lane, ids: &[TaskId]) -> Result<(), QueueError>;

    /// Frees slots: the tasks have left the states that hold one.
    async fn leave_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError>;

    /// Takes slots without a claim (the sweep's rebuild, a modal child's takeover).
    async fn join_slots(&self, channel: &str, ids: &[TaskId]) -> Result<(), QueueError>;

    /// Who holds a channel's slots.
    async fn slot_members(&self, channel: &str) -> Result<Vec<TaskId>, QueueError>;

    /// Stops or starts handing out a channel's submissions.
    async fn set_paused(&self, channel: &str, paused: bool) -> Result<(), QueueError>;

    /// Sets a channel's limits.
    async fn set_limits(&self, channel: &str, limits: Limits) -> Result<(), QueueError>;

    /// What stands before a channel's next submission.
    async fn gate(&self, channel: &str) -> Result<SubmitGate, QueueError>;

    /// How many entries a lane has.
    async fn counts(&self, lane: Lane) -> Result<LaneCounts, QueueError>;

    /// The due time of the oldest due entry of a lane that nobody has; for queue age.
    async fn oldest_due_ms(&self, lane: Lane) -> Result<Option<i64>, QueueError>;

    /// Whether the scheduler has been filled since it was last empty (its epoch stands). While it has
    /// not, `claim` answers nothing.
    async fn is_filled(&self) -> Result<bool, QueueError>;

    /// Sets the epoch: everything that the ledger knows has been added.
    async fn set_filled(&self) -> Result<(), QueueError>;

    /// Tells waiting callers and live pages that these tasks changed. Never fails: it is only a hint.
    async fn announce(&self, ids: &[TaskId]);

    /// Hears of changed tasks.
    fn changes(&self) -> Changes;

    /// Resolves when a claim on this lane may find something: an entry came due or was added, a slot
    /// or token came free. May resolve for nothing; resolves within 50 ms of new work.
    async fn ready(&self, lane: Lane);
}
