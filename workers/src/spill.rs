//! Outputs that wait in this process's spill folder because the store takes nothing and their vendor's links
//! are about to die (`DESIGN.md` section 3, archiving).
//!
//! A spilled output lies under the key that bytes of an answer are staged under, and the copy stage reads it
//! there as if it were in the store. It stays until the ledger has the task's end: no crash in between loses
//! it. The ledger's side table tells the other processes, which do not see the folder, that the output is safe
//! and until when they wait for it.

use crate::archive::answered_ms;
use crate::copy::CopyError;
use crate::core::Core;
use crate::record::staged_key;
use bytes::Bytes;
use ledger::{LedgerError, Spilled};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{ByteStream, Spill, StoreError};
use task::{Artifact, Output, Source, Task, TaskId};

/// How long other processes wait for a folder whose process is not heard of: longer than any repair of a
/// machine, and not for ever, for the caller's quota is held.
pub(crate) const HOLD_MS: i64 = 24 * 3_600_000;

/// Tries to save an output that still fit before its vendor's deadline once spilling begins.
const TRIES: i64 = 2;

/// The pause between two tries to copy, at its longest.
pub(crate) const TRY_PAUSE_MS: i64 = 60_000;

/// The folder, and what it is called before operators.
#[derive(Debug, Clone)]
pub struct SpillFolder {
    /// The files.
    pub files: Arc<Spill>,
    /// The machine and the folder on it: where an operator has to look.
    pub holder: Arc<str>,
}

impl SpillFolder {
    /// Shows how full it is.
    pub(crate) fn measure(&self) {
        metrics::gauge!("spill_files").set(self.files.files() as f64);
        metrics::gauge!("spill_bytes").set(self.files.used_bytes() as f64);
        metrics::gauge!("spill_max_bytes").set(self.files.max_bytes() as f64);
    }

    pub(crate) async fn discard(&self, key: &str) {
        if let Err(error) = self.files.discard(key).await {
            tracing::warn!(key, %error, "spilled file not removed; the next look tries again");
        }
        self.measure();
    }
}

/// What is safe of a task's outputs although they are not recorded as stored.
#[derive(Debug, Default)]
pub(crate) struct Safe {
    /// Copies that were finished before the store went away, by whichever process.
    artifacts: Vec<Artifact>,
    /// Positions of outputs that wait in a spill folder, this process's or another's.
    held: BTreeSet<i64>,
}

impl Safe {
    /// Whether an output waits in a folder.
    pub(crate) fn holds(&self, position: i64) -> bool {
        self.held.contains(&position)
    }

    /// Whether any does.
    pub(crate) fn holds_any(&self) -> bool {
        !self.held.is_empty()
    }

    /// This process's finished copies, and those that it was told of.
    pub(crate) fn with_copies(&self, mut copies: Vec<Artifact>) -> Vec<Artifact> {
        for artifact in &self.artifacts {
            if copies.iter().all(|copy| copy.position != artifact.position) {
                copies.push(artifact.clone());
            }
        }
        copies
    }

    /// The outputs, those that wait in a folder to be read there.
    pub(crate) fn staged(&self, task: &Task, outputs: &[Output]) -> Vec<Output> {
        let staged = |(position, output): (i64, &Output)| match self.holds(position) {
            true => Output { source: Source::Stored(staged_key(task.id, position)), ..output.clone() },
            false => output.clone(),
        };
        (0..).zip(outputs).map(staged).collect()
    }
}

impl Core {
    /// The same, with a folder for what the store can't take in time.
    pub fn with_spill(self, files: Arc<Spill>, holder: &str) -> Self {
        Self { spill: Some(SpillFolder { files, holder: holder.into() }), ..self }
    }

    /// How long after its answer a task's outputs are spilled when the store takes none of them.
    ///
    /// Early enough that two whole downloads and the pauses before them fit before the vendor's deadline: one
    /// that fails on its way may be made again. But not in the first half of the time, however short it is,
    /// for most stores are back by then, and the folder is small.
    pub(crate) fn spill_after_ms(&self, window_ms: i64) -> i64 {
        let try_ms = self.settings.download_timeout_ms.saturating_add(TRY_PAUSE_MS);
        (window_ms / 2).max(window_ms.saturating_sub(TRIES.saturating_mul(try_ms)))
    }

    /// What is safe of a task. The ledger is asked only once outputs may have been spilled.
    pub(crate) async fn safe(&self, task: &Task, outputs: usize, is_late: bool) -> Result<Safe, LedgerError> {
        let mut safe = Safe::default();
        if let Some(spill) = &self.spill {
            safe.held = positions(outputs).filter(|at| spill.files.holds(&staged_key(task.id, *at))).collect();
        }
        if !is_late && safe.held.is_empty() {
            return Ok(safe);
        }
        let now_ms = self.clock.now_ms();
        for row in self.ledger.spilled(task.id).await? {
            match row.artifact {
                Some(artifact) => safe.artifacts.push(artifact),
                None if row.until_ms > now_ms => drop(safe.held.insert(row.position)),
                None => tracing::error!(task = %task.id, holder = row.holder, "spill folder not heard of for too long"),
            }
        }
        Ok(safe)
    }

    /// Saves into the folder what the store could not take, as far as it is not safe yet. What could not be
    /// saved tells why.
    pub(crate) async fn spill_missing(
        &self,
        task: &Task,
        outputs: &[Output],
        missing: &mut [(i64, CopyError)],
        safe: &mut Safe,
    ) {
        let Some(spill) = &self.spill else { return };
        for (position, error) in missing.iter_mut().filter(|(_, error)| error.store_away) {
            let output = usize::try_from(*position).ok().and_then(|place| outputs.get(place));
            // What is staged lies in the very store that is away, or in a folder already.
            let output = output.filter(|output| !matches!(output.source, Source::Stored(_)));
            let Some(output) = output.filter(|_| !safe.holds(*position)) else { continue };
            match self.spill_output(spill, task, output, *position).await {
                Ok(()) => drop(safe.held.insert(*position)),
                Err(why) => {
                    tracing::error!(task = %task.id, position, why = why.private, "output not spilled");
                    *error = CopyError { private: format!("{}; not spilled: {}", error.private, why.private), ..why };
                }
            }
        }
    }

    async fn spill_output(
        &self,
        spill: &SpillFolder,
        task: &Task,
        output: &Output,
        position: i64,
    ) -> Result<(), CopyError> {
        let body = self.source_of(&task.channel, output).await?.stream;
        self.put_in_folder(spill, task.id, position, body).await?;
        if let Err(error) = self.note_held(spill, task.id, &[position]).await {
            // The folder's own look finds it there and tells the ledger.
            tracing::warn!(task = %task.id, %error, "spilled output not noted yet");
        }
        Ok(())
    }

    /// Bytes of an answer that the store can't take. They may be given only once, so that they are spilled at
    /// once. Tells the key that they are staged under; `None` when there is no folder, or no room in it.
    pub(crate) async fn spill_answer(&self, task: TaskId, position: i64, bytes: Bytes) -> Option<String> {
        let spill = self.spill.as_ref()?;
        let body = Box::pin(futures::stream::once(async move { Ok(bytes) }));
        self.put_in_folder(spill, task, position, body).await.ok()?;
        match self.note_held(spill, task, &[position]).await {
            Ok(true) => return Some(staged_key(task, position)),
            Ok(false) => {}
            Err(error) => tracing::warn!(%task, %error, "spilled answer not noted"),
        }
        spill.discard(&staged_key(task, position)).await;
        None
    }

    async fn put_in_folder(
        &self,
        spill: &SpillFolder,
        task: TaskId,
        position: i64,
        body: ByteStream,
    ) -> Result<(), CopyError> {
        let put = spill.files.put(&staged_key(task, position), "application/octet-stream", body).await;
        spill.measure();
        match put {
            Ok(receipt) => {
                metrics::counter!("spilled_total").increment(1);
                tracing::error!(%task, position, bytes = receipt.bytes, holder = &*spill.holder,
                    "the store takes nothing: output spilled to this machine");
                Ok(())
            }
            // The vendor's side failed, not ours.
            Err(StoreError::Source(why)) => Err(CopyError::passing(why)),
            Err(error) => {
                metrics::counter!("spill_refused_total").increment(1);
                tracing::error!(%task, position, %error, "the spill folder can't take an output");
                Err(CopyError::passing(format!("the spill folder: {error}")))
            }
        }
    }

    /// Tells the ledger that outputs wait here. `false` when the task has ended.
    pub(crate) async fn note_held(
        &self,
        spill: &SpillFolder,
        task: TaskId,
        positions: &[i64],
    ) -> Result<bool, LedgerError> {
        let now_ms = self.clock.now_ms();
        let row = |position: &i64| Spilled {
            position: *position,
            holder: spill.holder.to_string(),
            until_ms: now_ms.saturating_add(HOLD_MS),
            artifact: None,
        };
        let rows: Vec<Spilled> = positions.iter().map(row).collect();
        match self.ledger.note_spilled(task, &rows, now_ms).await {
            Err(LedgerError::NotFound) => Ok(false),
            noted => noted,
        }
    }

    /// Tells the ledger which outputs are in the store already, while others of the same task wait: whoever
    /// goes on with the task may not have this process's memory, and their links will be dead.
    pub(crate) async fn note_copies(&self, task: &Task, copies: &[Artifact], safe: &Safe) {
        let is_new = |copy: &&Artifact| safe.artifacts.iter().all(|known| known.position != copy.position);
        let row = |copy: &Artifact| Spilled {
            position: copy.position,
            holder: String::new(),
            until_ms: 0,
            artifact: Some(copy.clone()),
        };
        let rows: Vec<Spilled> = copies.iter().filter(is_new).map(row).collect();
        if rows.is_empty() {
            return;
        }
        if let Err(error) = self.ledger.note_spilled(task.id, &rows, self.clock.now_ms()).await {
            tracing::warn!(task = %task.id, %error, "finished copies not noted; the next try does");
        }
    }

    /// The task has ended: nothing of it waits any more.
    pub(crate) async fn forget_spilled(&self, task: &Task, outputs: usize, is_late: bool) {
        let mut had_some = is_late;
        if let Some(spill) = &self.spill {
            for key in positions(outputs).map(|position| staged_key(task.id, position)) {
                if spill.files.holds(&key) {
                    had_some = true;
                    spill.discard(&key).await;
                }
            }
        }
        if had_some && let Err(error) = self.ledger.forget_spilled(task.id).await {
            tracing::debug!(task = %task.id, %error, "notes of spilled outputs stay until the task goes");
        }
    }

    /// A spilled output that is not what was put there is none.
    pub(crate) async fn lose_spilled(&self, task: TaskId, position: i64) {
        let Some(spill) = &self.spill else { return };
        tracing::error!(%task, position, holder = &*spill.holder, "spilled bytes were damaged on the disk");
        spill.discard(&staged_key(task, position)).await;
        let now_ms = self.clock.now_ms();
        let row = Spilled { position, holder: spill.holder.to_string(), until_ms: now_ms, artifact: None };
        if let Err(error) = self.ledger.note_spilled(task, &[row], now_ms).await {
            tracing::warn!(%task, %error, "lost output not noted; it is waited for until its time is over");
        }
    }

    /// How long a task's outputs have been waiting, ms.
    pub(crate) fn waited_ms(&self, task: &Task) -> i64 {
        self.clock.now_ms() - answered_ms(task)
    }
}

fn positions(outputs: usize) -> std::ops::Range<i64> {
    0..i64::try_from(outputs).unwrap_or(i64::MAX)
}
