//! Files of tasks that the ledger does not know, or does not know any more: inputs whose submission was
//! refused after they were stored, bytes of answers, and inputs of tasks whose retention is over.

use crate::core::Core;
use crate::sweep::SweepError;
use std::collections::HashMap;
use task::TaskId;

/// Where such files are.
const PREFIXES: [&str; 2] = ["inputs/", "task-artifacts/inputs/"];

/// A file younger than this is left alone: its task may be about to be opened.
const AGE_MS: i64 = 86_400_000;

/// The most keys of one look, so that no pass takes long.
const KEYS_MAX: usize = 1_000;

/// The walk over all such files, a page at a time.
#[derive(Debug, Default)]
pub(crate) struct Strays {
    /// The last key seen below each prefix.
    after: [Option<String>; PREFIXES.len()],
}

impl Strays {
    /// Looks at the next page below each prefix; begins anew behind the last one. Tells how many went.
    pub(crate) async fn pass(&mut self, core: &Core) -> Result<usize, SweepError> {
        let mut gone = 0;
        for (place, prefix) in PREFIXES.into_iter().enumerate() {
            let keys = match core.store.list(prefix, self.after[place].as_deref(), KEYS_MAX).await {
                Ok(keys) => keys,
                Err(error) => {
                    tracing::warn!(%error, prefix, "stray files not looked for");
                    continue;
                }
            };
            self.after[place] = if keys.len() < KEYS_MAX { None } else { keys.last().cloned() };
            gone += remove(core, keys).await?;
        }
        metrics::counter!("stray_files_removed_total").increment(gone as u64);
        Ok(gone)
    }
}

async fn remove(core: &Core, keys: Vec<String>) -> Result<usize, SweepError> {
    let before_ms = core.clock.now_ms() - AGE_MS;
    let mut by_task: HashMap<TaskId, Vec<String>> = HashMap::new();
    for key in keys {
        if let Some(task) = owner(&key).filter(|task| task.born_ms() < before_ms) {
            by_task.entry(task).or_default().push(key);
        }
    }
    let ids: Vec<TaskId> = by_task.keys().copied().collect();
    let mut gone = 0;
    for task in core.ledger.unknown_tasks(&ids).await? {
        for key in by_task.remove(&task).unwrap_or_default() {
            match core.store.delete(&key).await {
                Ok(()) => gone += 1,
                Err(error) => tracing::warn!(%error, "stray file not removed; trying again"),
            }
        }
    }
    Ok(gone)
}

/// The task that a key names: `…/<task id>-<n>.<ext>`.
fn owner(key: &str) -> Option<TaskId> {
    let name = key.rsplit('/').next()?;
    name.split(['-', '.']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::clock::SeededEntropy;

    #[test]
    fn a_key_names_its_task() {
        let id = TaskId::new(7, &SeededEntropy::new(1));
        for key in [
            format!("inputs/2026/11/22/{id}-0.png"),
            format!("inputs/answers/{id}-1"),
            format!("task-artifacts/inputs/2026/11/22/{id}-in-0.png"),
        ] {
            assert_eq!(owner(&key), Some(id), "{key}");
        }
        assert_eq!(owner("inputs/2026/11/22/readme.txt"), None);
    }
}
