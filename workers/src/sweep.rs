//! The sweep: walks beside the stages and rings whatever the ledger knows to be due and nobody has.
//!
//! Every pass takes no input and may run at any time: happy path and recovery are one.

use crate::advance::{AdvanceError, Move};
use crate::core::Core;
use crate::elsewhere::Target;
use crate::refill::lend_slots;
pub use crate::refill::{catch_up, full_pass, rebuild, reclaim};
use crate::retention::purge_pass;
use crate::strays::Strays;
use ledger::{DueTask, LedgerError};
use queue::{Entry, Lane, Limits, QueueError};
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;
use task::{Failure, FailureKind, State, Step, Task, TaskId};
use tokio_util::sync::CancellationToken;

/// A row is left to its stage for this long after it came due.
const SLACK_MS: i64 = 2_000;
/// The longest that one send of a callback takes, with a margin for its record.
const CALLBACK_MAX_MS: i64 = 8_000;
/// Rows read at a time.
pub(crate) const PAGE: i64 = 1_000;
/// A queued task that has been due for this long may change to a channel that has room.
const LONG_WAIT_MS: i64 = 30_000;
/// Queued tasks of one page that are looked at for a move.
const MOVES_MAX: usize = 50;
/// Pause between two due passes.
const DUE_PERIOD_MS: i64 = 5_000;
/// Pause between two full passes.
const FULL_PERIOD_MS: i64 = 300_000;
/// From the filling of a queue to the full pass that finds what moved meanwhile: first comes what came due while
/// it was being filled.
const SETTLE_MS: i64 = 30_000;
/// Pause between two passes of the retention.
const PURGE_PERIOD_MS: i64 = 600_000;
/// How long one process may sweep before another may.
const LEASE_MS: i64 = 30_000;

/// Why a pass ended early. The next one begins afresh.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Runs the passes until told to stop. Progress and channels are kept fresh by every process; the
/// passes themselves are run by one at a time.
pub async fn run(core: Core, holder: String, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut next = Next::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => {}
        }
        keep_fresh(&core).await;
        next.catch_up(&core).await;
        if let Err(error) = next.run_due(&core, &holder).await {
            tracing::warn!(%error, "sweep ended early; it begins afresh");
            if matches!(error, SweepError::Queue(_)) {
                // It may come back with less than it had, and with its epoch: a replica that was a little behind.
                next.full_ms = 0;
            }
        }
    }
    if let Err(error) = core.ledger.flush_progress(core.clock.now_ms()).await {
        tracing::warn!(%error, "last progress not written");
    }
    if let Err(error) = core.ledger.drop_ledger_lease("sweep", &holder).await {
        tracing::debug!(%error, "sweep lease not dropped; it runs out");
    }
}

async fn keep_fresh(core: &Core) {
    if let Err(error) = core.ledger.flush_progress(core.clock.now_ms()).await {
        tracing::warn!(%error, "progress not written; the next second tries again");
    }
    match core.channels.refresh().await {
        Ok(true) => apply_channels(core).await,
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "channels not read; the known ones stay"),
    }
}

/// Tells the scheduler each channel's limits and pause.
pub async fn apply_channels(core: &Core) {
    for channel in core.channels.all().iter() {
        let limits = Limits {
            slots: channel.limits.slots,
            rate_per_min: channel.limits.rate_per_min,
            burst: channel.limits.burst.max(1),
        };
        let applied = async {
            core.scheduler.set_limits(&channel.name, limits).await?;
            core.scheduler.set_paused(&channel.name, channel.paused || channel.removed).await
        };
        if let Err(error) = applied.await {
            tracing::warn!(channel = channel.name, %error, "limits not applied; the next rebuild does");
        }
    }
}

/// When each pass is due.
#[derive(Default)]
struct Next {
    catch_up_ms: i64,
    due_ms: i64,
    full_ms: i64,
    purge_ms: i64,
    strays: Strays,
}

impl Next {
    /// After a queue that was away for a moment and is what it was. Whoever sweeps may not have noticed, so that
    /// each process does it for itself.
    async fn catch_up(&mut self, core: &Core) {
        let now_ms = core.clock.now_ms();
        if now_ms < self.catch_up_ms {
            return;
        }
        if let Err(error) = catch_up(core).await {
            self.catch_up_ms = now_ms + DUE_PERIOD_MS;
            tracing::debug!(%error, "what this process could not ring is not rung yet");
        }
    }

    async fn run_due(&mut self, core: &Core, holder: &str) -> Result<(), SweepError> {
        let now_ms = core.clock.now_ms();
        if now_ms < self.due_ms && core.scheduler.is_filled().await? {
            return Ok(());
        }
        if !core.ledger.take_ledger_lease("sweep", holder, now_ms, LEASE_MS).await? {
            return Ok(());
        }
        if !core.scheduler.is_filled().await? {
            rebuild(core).await?;
            self.full_ms = core.clock.now_ms() + SETTLE_MS;
        }
        // Each pass runs even when another one fails, and none of them in a hot loop.
        let mut ended = Ok(());
        if now_ms >= self.due_ms {
            self.due_ms = now_ms + DUE_PERIOD_MS;
            ended = ended.and(due_pass(core).await.map(drop));
        }
        if now_ms >= self.full_ms {
            self.full_ms = now_ms + FULL_PERIOD_MS;
            ended = ended.and(full_pass(core).await.map(drop));
        }
        if now_ms >= self.purge_ms {
            self.purge_ms = now_ms + PURGE_PERIOD_MS;
            ended = ended.and(purge_pass(core).await);
            ended = ended.and(self.strays.pass(core).await.map(drop));
        }
        ended
    }
}

/// Rows whose due time the ledger knows: queued, uncertain, archiving; leases and questions that
/// ran out; deadlines; callbacks.
pub async fn due_pass(core: &Core) -> Result<usize, SweepError> {
    let before_ms = core.clock.now_ms() - SLACK_MS;
    let mut rung = 0;
    let states = [State::Queued, State::Submitting, State::Uncertain, State::AwaitingInput, State::Archiving];
    let mut after = None;
    loop {
        let page = core.ledger.due_tasks(&states, before_ms, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.due_ms, last.id));
        rung += ring_page(core, &page).await?;
        if page.len() < PAGE as usize {
            break;
        }
    }
    task::fail_point!("sweep.inside");
    expire(core).await?;
    lend_slots(core).await?;
    rung += ring_errands(core, before_ms).await?;
    Ok(rung + ring_callbacks(core, before_ms).await?)
}

async fn ring_page(core: &Core, page: &[DueTask]) -> Result<usize, SweepError> {
    let now_ms = core.clock.now_ms();
    let mut absent: HashMap<Lane, Vec<Entry>> = HashMap::new();
    let mut lapsed = Vec::new();
    for row in page {
        let lane = match row.state {
            State::Queued => Lane::Submit,
            State::Uncertain => Lane::Poll,
            State::Archiving => Lane::Archive,
            _ => {
                lapsed.push(row.id);
                continue;
            }
        };
        let entry = Entry { id: row.id, channel: row.channel.clone(), due_ms: now_ms };
        absent.entry(lane).or_default().push(entry);
    }
    let mut rung = 0;
    for (lane, entries) in &absent {
        rung += core.scheduler.add_absent(*lane, entries).await?;
    }
    for id in lapsed {
        // A row that can't be moved is left behind, loudly: the others must not wait for it.
        if let Err(error) = lapse(core, id).await {
            tracing::error!(task = %id, %error, "task not looked at by the sweep");
        }
    }
    move_stuck(core, page).await;
    Ok(rung)
}

/// A lease that ran out leaves a doubt; a question that nobody answered ends the task.
async fn lapse(core: &Core, id: TaskId) -> Result<(), SweepError> {
    let Some(task) = core.ledger.task(id).await? else { return Ok(()) };
    let now_ms = core.clock.now_ms();
    match task.state {
        State::Submitting if task.lease_until_ms.is_some_and(|until_ms| until_ms <= now_ms) => {
            let step = Step::Doubt { due_ms: now_ms };
            apply(core, &task, step, "the lease ran out with the request under way").await
        }
        State::AwaitingInput if task.due_ms.is_some_and(|due_ms| due_ms <= now_ms) => {
            if core.ledger.unfinished_child(task.id).await?.is_some() {
                // Answered, though the answer is still on its way: its own end decides.
                return Ok(());
            }
            let failure =
                Failure::never(FailureKind::Expired, "the question was not answered in time", "modal unanswered");
            apply(core, &task, Step::Fail(failure), "unanswered").await
        }
        _ => Ok(()),
    }
}

pub(crate) async fn apply(core: &Core, task: &Task, step: Step, why: &str) -> Result<(), SweepError> {
    match core.advance(Move::new(task, step, json!({ "by": "sweep", "why": why }))).await {
        Ok(_) | Err(AdvanceError::Stale | AdvanceError::Illegal(_)) => Ok(()),
        Err(AdvanceError::Ledger(error)) => Err(error.into()),
    }
}

/// Queued tasks whose channel is paused or gone, or that have waited long, may go to another channel
/// that has room.
async fn move_stuck(core: &Core, page: &[DueTask]) {
    let long_ago_ms = core.clock.now_ms() - LONG_WAIT_MS;
    let stuck = page.iter().filter(|row| row.state == State::Queued).filter(|row| {
        let closed = core.channels.get(&row.channel).is_none_or(|channel| channel.paused || channel.removed);
        closed || row.due_ms < long_ago_ms
    });
    for row in stuck.take(MOVES_MAX) {
        let moved = match core.ledger.task(row.id).await {
            Ok(Some(task)) => core.move_elsewhere(&task, Target::WithRoom).await,
            Ok(None) => continue,
            Err(error) => Err(error.into()),
        };
        if let Err(AdvanceError::Ledger(error)) = moved {
            tracing::error!(task = %row.id, %error, "task not moved by the sweep");
        }
    }
}

/// Queued tasks whose time is up; a paused channel would never look at them. Running ones are rung, so
/// that the poll stage asks a last time.
async fn expire(core: &Core) -> Result<(), SweepError> {
    let now_ms = core.clock.now_ms();
    let mut after = None;
    loop {
        let page = core.ledger.past_deadline(now_ms, after, PAGE).await?;
        let Some((id, deadline_ms, _)) = page.last() else { return Ok(()) };
        after = Some((*deadline_ms, *id));
        for (id, _, state) in &page {
            let expired = match state {
                State::Queued => expire_queued(core, *id).await,
                _ => ring_running(core, *id).await,
            };
            if let Err(error) = expired {
                tracing::error!(task = %id, %error, "task past its deadline not ended by the sweep");
            }
        }
        if page.len() < PAGE as usize {
            return Ok(());
        }
    }
}

async fn expire_queued(core: &Core, id: TaskId) -> Result<(), SweepError> {
    let Some(task) = core.ledger.task(id).await? else { return Ok(()) };
    let failure = Failure::never(
        FailureKind::NoChannel,
        "no channel could take this task in time",
        format!("deadline passed while queued for channel {}", task.channel),
    );
    apply(core, &task, Step::Fail(failure), "deadline").await?;
    Ok(core.scheduler.remove(Lane::Submit, &[id]).await?)
}

async fn ring_running(core: &Core, id: TaskId) -> Result<(), SweepError> {
    let Some(task) = core.ledger.task(id).await? else { return Ok(()) };
    let entry = Entry { id, channel: task.channel, due_ms: core.clock.now_ms() };
    core.scheduler.add_absent(Lane::Poll, &[entry]).await?;
    Ok(core.scheduler.hint(Lane::Poll, &[id]).await?)
}

/// Questions that callers wait for, and whose bell was lost.
async fn ring_errands(core: &Core, before_ms: i64) -> Result<usize, SweepError> {
    let now_ms = core.clock.now_ms();
    let waiting = core.ledger.waiting_errands(before_ms, PAGE).await?;
    let entries: Vec<Entry> = waiting.into_iter().map(|(id, channel)| Entry { id, channel, due_ms: now_ms }).collect();
    Ok(core.scheduler.add_absent(Lane::Poll, &entries).await?)
}

pub(crate) async fn ring_callbacks(core: &Core, before_ms: i64) -> Result<usize, SweepError> {
    // A queue that lost its leases does not tell who is sending right now; whoever it is will be done by then.
    let from_ms = core.clock.now_ms() + CALLBACK_MAX_MS;
    let mut rung = 0;
    let mut after = None;
    loop {
        let page = core.ledger.due_callbacks(before_ms, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.2, last.0));
        let entries: Vec<Entry> = page
            .iter()
            .map(|(id, host, due_ms)| Entry { id: *id, channel: host.clone(), due_ms: from_ms.max(*due_ms) })
            .collect();
        rung += core.scheduler.add_absent(Lane::Notify, &entries).await?;
        if page.len() < PAGE as usize {
            break;
        }
    }
    Ok(rung)
}
