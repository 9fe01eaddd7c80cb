//! The walk of a process over its own spill folder: tells the ledger that it is still here, finishes what the
//! store can take again, and removes what nobody wants any more.
//!
//! The archive lane alone would not do: its claims go to any process, and only this one has the files.

use crate::core::Core;
use crate::record::staged_place;
use crate::spill::SpillFolder;
use crate::sweep::SweepError;
use queue::Finish;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use task::{State, Task, TaskId};
use tokio_util::sync::CancellationToken;

/// Files read at a time.
const PAGE: usize = 1_000;
/// Pause between two walks.
const PERIOD: Duration = Duration::from_secs(10);
/// How often the ledger is told anew that a file waits here: a small part of the time that it is waited for.
const RENEW_MS: i64 = 3_600_000;

/// The walk, and when it told the ledger of each task.
#[derive(Debug, Default)]
pub struct Unspill {
    told_ms: HashMap<TaskId, i64>,
}

/// Walks until told to stop; does nothing in a process without a folder.
pub async fn run(core: Core, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut walk = Unspill::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        // A copy under way is not waited for at the end: its file stays.
        let walked = tokio::select! {
            () = stop.cancelled() => return,
            walked = walk.pass(&core) => walked,
        };
        if let Err(error) = walked {
            tracing::warn!(%error, "walk over the spill folder ended early; it begins afresh");
        }
    }
}

impl Unspill {
    /// One walk; tells how many tasks it finished.
    pub async fn pass(&mut self, core: &Core) -> Result<usize, SweepError> {
        let Some(spill) = &core.spill else { return Ok(0) };
        spill.measure();
        let files = files_of(spill);
        self.told_ms.retain(|task, _| files.contains_key(task));
        if files.is_empty() {
            return Ok(0);
        }
        let ids: Vec<TaskId> = files.keys().copied().collect();
        for id in core.ledger.unknown_tasks(&ids).await? {
            discard(spill, &files[&id]).await;
        }
        // One that can't be read is neither ended nor unknown: its files stay.
        let tasks = core.ledger.tasks(&ids).await?;
        let (over, waiting): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(Task::is_over);
        for task in over {
            discard(spill, &files[&task.id]).await;
            core.ledger.forget_spilled(task.id).await?;
        }
        for task in &waiting {
            self.tell(core, spill, task.id, &files[&task.id]).await?;
        }
        finish(core, &waiting).await
    }

    async fn tell(
        &mut self,
        core: &Core,
        spill: &SpillFolder,
        task: TaskId,
        files: &[(i64, String)],
    ) -> Result<(), SweepError> {
        let now_ms = core.clock.now_ms();
        if self.told_ms.get(&task).is_some_and(|told_ms| now_ms - told_ms < RENEW_MS) {
            return Ok(());
        }
        let positions: Vec<i64> = files.iter().map(|(position, _)| *position).collect();
        core.note_held(spill, task, &positions).await?;
        self.told_ms.insert(task, now_ms);
        Ok(())
    }
}

/// The archive stage, without its bell: were it claimed elsewhere meanwhile, the ledger takes one of the two.
async fn finish(core: &Core, waiting: &[Task]) -> Result<usize, SweepError> {
    let waiting: Vec<TaskId> =
        waiting.iter().filter(|task| task.state == State::Archiving).map(|task| task.id).collect();
    if waiting.is_empty() || core.store.check().await.is_err() {
        return Ok(0);
    }
    let mut finished = 0;
    for id in waiting {
        finished += usize::from(core.archive(id).await == Finish::Done);
    }
    if finished > 0 {
        tracing::info!(finished, "tasks whose outputs had been spilled are finished");
    }
    Ok(finished)
}

/// What waits, by its task: position and key. What is named otherwise was put there by somebody else.
fn files_of(spill: &SpillFolder) -> BTreeMap<TaskId, Vec<(i64, String)>> {
    let mut files: BTreeMap<TaskId, Vec<(i64, String)>> = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let page = spill.files.list(after.as_deref(), PAGE);
        let Some(last) = page.last() else { return files };
        after = Some(last.key.clone());
        for object in page {
            if let Some((task, position)) = staged_place(&object.key) {
                files.entry(task).or_default().push((position, object.key));
            }
        }
    }
}

async fn discard(spill: &SpillFolder, files: &[(i64, String)]) {
    for (_, key) in files {
        spill.discard(key).await;
    }
}
