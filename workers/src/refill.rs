//! Filling the queue from the ledger: whole after it was emptied, and what is absent now and then.

use crate::core::Core;
use crate::pace::Pace;
use crate::slots::Slots;
use crate::sweep::{PAGE, SweepError, apply, apply_channels, ring_callbacks};
use futures::future::try_join_all;
use futures::{StreamExt, TryFutureExt, TryStreamExt};
use ledger::DueTask;
use queue::{Entry, Lane};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use task::{State, Step, TaskId};

/// Pages that the queue takes at the same time, so that it need not wait for the ledger, nor for us.
const PAGES_AT_ONCE: usize = 4;

/// Every running task is on the poll lane, every orphan is watched, and no slot is held for nothing.
pub async fn full_pass(core: &Core) -> Result<usize, SweepError> {
    let mut rung = 0;
    let mut after = None;
    let mut slots = Slots::read(core).await?;
    let holders: Vec<State> = State::ALL.into_iter().filter(|state| state.holds_slot()).collect();
    loop {
        // Whoever waits for a queue that was emptied meanwhile waits for the rebuild alone.
        if !core.scheduler.is_filled().await? {
            return Ok(rung);
        }
        let page = core.ledger.in_state(&holders, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        join_slots(core, slots.without(&page)).await?;
        let running: Vec<DueTask> = page.iter().filter(|row| row.state == State::Running).cloned().collect();
        let now_ms = core.clock.now_ms();
        rung += core.scheduler.add_absent(Lane::Poll, &spread(core, &running, now_ms)).await?;
        if page.len() < PAGE as usize {
            break;
        }
    }
    rung += ring_orphans(core).await?;
    slots.free_idle(core).await?;
    Ok(rung)
}

async fn ring_orphans(core: &Core) -> Result<usize, SweepError> {
    let now_ms = core.clock.now_ms();
    let orphans = core.ledger.orphans(PAGE).await?.into_iter();
    let entries: Vec<Entry> =
        orphans.map(|orphan| Entry { id: orphan.task, channel: orphan.channel, due_ms: now_ms }).collect();
    Ok(core.scheduler.add_absent(Lane::Poll, &entries).await?)
}

/// Rings what this process could not ring, and frees the slots that it could not free, as soon as the queue
/// takes them: a task that runs would wait for the next full pass. A queue that came back empty is filled by
/// its rebuild first, which may be past a task by the time its bell is missed.
pub async fn catch_up(core: &Core) -> Result<usize, SweepError> {
    if !core.missed_bell.load(Ordering::Relaxed) || !core.scheduler.is_filled().await? {
        return Ok(0);
    }
    // First, so that a bell which is missed meanwhile counts.
    core.missed_bell.store(false, Ordering::Relaxed);
    let rung = full_pass(core).await;
    if rung.is_err() {
        core.missed_bell.store(true, Ordering::Relaxed);
    }
    rung
}

/// Running tasks over the period after `from_ms`; those that one request can ask about come due together.
fn spread(core: &Core, page: &[DueTask], from_ms: i64) -> Vec<Entry> {
    let mut dice = core.dice();
    // In the order of their names, so that the same chance spreads them the same way.
    let mut by_channel: BTreeMap<&str, Vec<&DueTask>> = BTreeMap::new();
    for row in page {
        by_channel.entry(&row.channel).or_default().push(row);
    }
    let mut entries = Vec::with_capacity(page.len());
    for (channel, rows) in by_channel {
        let (period_ms, batch) = core.line(channel).map_or((1_000, 1), |line| {
            let able = line.dialect.capabilities(&line.channel.options);
            (able.poll_period_ms, able.poll_batch.max(1))
        });
        for rows in rows.chunks(batch) {
            let due_ms = from_ms + dice.up_to(period_ms);
            entries.extend(rows.iter().map(|row| Entry { id: row.id, channel: channel.to_owned(), due_ms }));
        }
    }
    entries
}

/// The answer to a vendor's question takes its parent's work over, and the slot with it: it must not wait
/// for one that its parent frees only then.
pub(crate) async fn lend_slots(core: &Core) -> Result<(), SweepError> {
    let mut answers: HashMap<String, Vec<TaskId>> = HashMap::new();
    for row in core.ledger.queued_answers(PAGE).await? {
        answers.entry(row.channel).or_default().push(row.id);
    }
    for (channel, ids) in &answers {
        core.scheduler.join_slots(channel, ids).await?;
    }
    Ok(())
}

/// For a process that knows itself to be alone (it holds the data folder): whoever held a submission's
/// lease is dead, so that its task is in doubt now and not only when the lease has run out.
pub async fn reclaim(core: &Core) -> Result<usize, SweepError> {
    let mut reclaimed = 0;
    let mut after = None;
    loop {
        let page = core.ledger.in_state(&[State::Submitting], after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(reclaimed) };
        after = Some(last.id);
        for row in &page {
            // A row that can't be moved is left to the sweep, loudly: it must not keep the service down.
            match doubt(core, row.id).await {
                Ok(()) => reclaimed += 1,
                Err(error) => tracing::error!(task = %row.id, %error, "submission under way not taken over"),
            }
        }
        if page.len() < PAGE as usize {
            return Ok(reclaimed);
        }
    }
}

async fn doubt(core: &Core, id: TaskId) -> Result<(), SweepError> {
    let Some(task) = core.ledger.task(id).await? else { return Ok(()) };
    let step = Step::Doubt { due_ms: core.clock.now_ms() };
    apply(core, &task, step, "the process that submitted it has died").await
}

/// Fills an empty scheduler from the ledger: slots first, then every unfinished task, with due times
/// spread over one period; claims answer nothing until the epoch is set at the end.
pub async fn rebuild(core: &Core) -> Result<usize, SweepError> {
    core.channels.refresh().await?;
    apply_channels(core).await;
    let pace = Pace::begin(core);
    let (mut rung, ()) = tokio::try_join!(fill(core, &pace), pace.count(core).map_err(SweepError::from))?;
    task::fail_point!("rebuild.inside");
    lend_slots(core).await?;
    rung += ring_orphans(core).await?;
    ring_callbacks(core, i64::MAX).await?;
    core.scheduler.set_filled().await?;
    tracing::info!(tasks = rung, "queue filled from the ledger");
    Ok(rung)
}

/// Puts every unfinished task on its lane, and its slot beside it.
async fn fill(core: &Core, pace: &Pace) -> Result<usize, SweepError> {
    let unfinished: Vec<State> = State::ALL.into_iter().filter(|state| !state.is_terminal()).collect();
    let pages = futures::stream::try_unfold(Some(None), |after| read_page(core, &unfinished, after));
    // The ledger reads on while the queue takes what was read.
    let mut filling = pages.map_ok(|page| refill_page(core, pace, page)).try_buffer_unordered(PAGES_AT_ONCE).boxed();
    let mut rung = 0;
    while let Some(filled) = filling.try_next().await? {
        rung += filled;
    }
    Ok(rung)
}

/// The page behind a task, and behind which task the next one is; nothing after the last page.
async fn read_page(
    core: &Core,
    states: &[State],
    after: Option<Option<TaskId>>,
) -> Result<Option<(Vec<DueTask>, Option<Option<TaskId>>)>, SweepError> {
    let Some(after) = after else { return Ok(None) };
    let page = core.ledger.in_state(states, after, PAGE).await?;
    let is_last = page.len() < PAGE as usize;
    let next = page.last().filter(|_| !is_last).map(|last| Some(last.id));
    Ok(Some((page, next)))
}

async fn join_slots(core: &Core, rows: impl IntoIterator<Item = &DueTask>) -> Result<(), SweepError> {
    let mut slots: HashMap<&str, Vec<TaskId>> = HashMap::new();
    for row in rows.into_iter().filter(|row| row.state.holds_slot()) {
        slots.entry(&row.channel).or_default().push(row.id);
    }
    // At once, so that a scheduler elsewhere takes them in few calls.
    let joining = slots.iter().map(|(channel, ids)| core.scheduler.join_slots(channel, ids));
    try_join_all(joining).await?;
    Ok(())
}

async fn refill_page(core: &Core, pace: &Pace, page: Vec<DueTask>) -> Result<usize, SweepError> {
    let (_, rung) = tokio::try_join!(join_slots(core, page.iter()), ring_absent(core, pace, &page))?;
    pace.note(page.len());
    Ok(rung)
}

async fn ring_absent(core: &Core, pace: &Pace, page: &[DueTask]) -> Result<usize, SweepError> {
    let now_ms = core.clock.now_ms();
    let mut rung = 0;
    for (state, lane) in
        [(State::Queued, Lane::Submit), (State::Uncertain, Lane::Poll), (State::Archiving, Lane::Archive)]
    {
        let entries: Vec<Entry> = page
            .iter()
            .filter(|row| row.state == state)
            .map(|row| Entry { id: row.id, channel: row.channel.clone(), due_ms: row.due_ms.max(now_ms) })
            .collect();
        rung += core.scheduler.add_absent(lane, &entries).await?;
    }
    let running: Vec<DueTask> = page.iter().filter(|row| row.state == State::Running).cloned().collect();
    Ok(rung + core.scheduler.add_absent(Lane::Poll, &spread(core, &running, pace.ends_ms(now_ms))).await?)
}
