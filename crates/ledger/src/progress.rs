//! Progress: a side column, coalesced in memory. Writing it is no change of the task, and losing what
//! was not written yet harms nobody.

use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::statement::{Cell, MAX_ROWS, Statement, cells, power_of_two_below};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use task::TaskId;

/// Most rows that one flush writes. It is called once a second.
const MAX_FLUSH_ROWS: usize = 2000;
/// The least time between two writes of one task.
const TASK_PAUSE_MS: i64 = 5000;
/// Most tasks that are remembered; beyond that, news of further ones is dropped. Some 100 bytes each.
const MAX_TASKS: usize = 500_000;

/// What this process knows and the rows may not.
#[derive(Default)]
pub(crate) struct Progress {
    known: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    tasks: HashMap<TaskId, Note>,
    noted: u64,
}

#[derive(Clone)]
struct Note {
    progress: i64,
    /// Outer none: leave the column as it is.
    missing_ms: Option<Option<i64>>,
    /// Counts the notes, so that a note made during a write is told from the one written.
    order: u64,
    is_written: bool,
    written_ms: Option<i64>,
}

impl Memory {
    fn note(&mut self, id: TaskId, progress: i64, missing_ms: Option<Option<i64>>) {
        if self.tasks.len() >= MAX_TASKS && !self.tasks.contains_key(&id) {
            return;
        }
        self.noted += 1;
        let order = self.noted;
        let fresh = Note { progress: 0, missing_ms: None, order, is_written: true, written_ms: None };
        let note = self.tasks.entry(id).or_insert(fresh);
        let is_news = progress > note.progress || missing_ms.is_some();
        note.progress = note.progress.max(progress);
        note.missing_ms = missing_ms.or(note.missing_ms);
        if is_news {
            note.is_written = false;
            note.order = order;
        }
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, id: TaskId, progress: i64, missing_ms: Option<Option<i64>>) {
        self.lock().note(id, progress, missing_ms);
    }

    /// Ended tasks need no news.
    pub(crate) fn forget(&self, ids: impl IntoIterator<Item = TaskId>) {
        let mut memory = self.lock();
        for id in ids {
            memory.tasks.remove(&id);
        }
    }

    /// What may be written now: those that waited longest since their last write, then by age.
    fn due(&self, now_ms: i64) -> Vec<(TaskId, Note)> {
        let mut memory = self.lock();
        // What is written is in the row; it is kept only as long as it holds back the next write.
        let rests = |note: &Note| note.written_ms.is_some_and(|at| now_ms - at < TASK_PAUSE_MS);
        let mut waiting = Vec::new();
        memory.tasks.retain(|id, note| {
            let is_resting = rests(note);
            if !note.is_written && !is_resting {
                waiting.push((note.written_ms.unwrap_or(i64::MIN), note.order, *id));
            }
            !note.is_written || is_resting
        });
        // The rest need no order: of many that wait, few are written.
        if waiting.len() > MAX_FLUSH_ROWS {
            waiting.select_nth_unstable(MAX_FLUSH_ROWS - 1);
            waiting.truncate(MAX_FLUSH_ROWS);
        }
        waiting.sort_unstable();
        waiting.iter().filter_map(|(_, _, id)| Some((*id, memory.tasks.get(id)?.clone()))).collect()
    }

    fn written(&self, notes: &[(TaskId, Note)], now_ms: i64) {
        let mut memory = self.lock();
        for (id, written) in notes {
            if let Some(note) = memory.tasks.get_mut(id) {
                note.written_ms = Some(now_ms);
                if note.order == written.order {
                    note.is_written = true;
                    note.missing_ms = None;
                }
            }
        }
    }
}

fn row(id: TaskId, note: &Note) -> Vec<Cell> {
    cells![id, note.progress, note.missing_ms.is_some(), note.missing_ms.flatten()]
}

/// Never lowers the number, and leaves ended tasks alone. A change clears `missing_ms`, so one that was
/// seen before the change is out of date.
async fn write(ledger: &Ledger, notes: &[(TaskId, Note)]) -> Result<u64, LedgerError> {
    let engine = ledger.database().engine;
    let mut transaction = ledger.database().begin().await?;
    if engine == Engine::Postgres {
        // Row locks in the order of ids, as every other writer takes them; SQLite has locked the file.
        let mut sql = Statement::start(engine, "/* lock_progress */ SELECT id FROM task WHERE id");
        sql.among(notes.iter().map(|(id, _)| *id)).push(" ORDER BY id").push(engine.row_lock());
        sql.fetch_all(&mut transaction).await.map_err(Fault::from)?;
    }
    let mut sql = Statement::start(engine, "/* flush_progress */ WITH v (k, progress, sets, missing_ms) AS (");
    sql.rows(notes.iter().map(|(id, note)| row(*id, note)).collect()).push(
        ") UPDATE task SET progress = CASE WHEN v.progress > task.progress THEN v.progress ELSE task.progress END, \
         missing_ms = CASE WHEN v.sets = 1 AND (v.missing_ms IS NULL OR v.missing_ms >= task.updated_ms) \
             THEN v.missing_ms ELSE task.missing_ms END \
         FROM v WHERE task.id = v.k AND task.finished_ms IS NULL",
    );
    let rows = sql.execute(&mut transaction).await?;
    ledger.database().commit(transaction).await?;
    Ok(rows)
}

impl Ledger {
    /// Remembers a running task's progress (0–100; a lower number than is known is ignored) and, when
    /// `phase_missing` is some, when the upstream first said that it does not know the task.
    /// Written by [`Ledger::flush_progress`].
    pub fn note_progress(&self, id: TaskId, progress: i64, phase_missing: Option<Option<i64>>) {
        self.progress().note(id, progress.clamp(0, 100), phase_missing);
    }

    /// Remembers the progress of several running tasks, each given as id, what its row said and what is said
    /// now; tells which of them have got further than anybody here knew.
    pub fn note_risen(&self, told: &[(TaskId, i64, i64)]) -> Vec<TaskId> {
        let mut memory = self.progress().lock();
        let mut risen = Vec::new();
        for (id, row, now) in told {
            let known = memory.tasks.get(id).map_or(*row, |note| note.progress);
            if *now > known {
                memory.note(*id, (*now).clamp(0, 100), None);
                risen.push(*id);
            }
        }
        risen
    }

    /// What this process knows of a task's progress, if it may be newer than the row.
    pub fn known_progress(&self, id: TaskId) -> Option<i64> {
        self.progress().lock().tasks.get(&id).map(|note| note.progress)
    }

    /// Writes what was noted, at most 2,000 rows and each task at most once in 5 s; tells how many rows
    /// were written. To be called every second. After an error everything is kept for the next call.
    pub async fn flush_progress(&self, now_ms: i64) -> Result<usize, LedgerError> {
        let due = self.progress().due(now_ms);
        let mut rows = 0;
        let mut rest = due.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(power_of_two_below(rest.len()).min(MAX_ROWS));
            rows += write(self, now).await?;
            self.progress().written(now, now_ms);
            rest = later;
        }
        Ok(usize::try_from(rows).unwrap_or(usize::MAX))
    }
}
