//! Questions asked upstream on a caller's behalf: written down, rung on the poll lane, waited for.

use crate::api::Api;
use crate::{reply, ring};
use contracts::Problem;
use ledger::{Errand, ErrandKind, ErrandResult};
use std::time::Duration;
use task::{ErrandId, Task};
use tokio::time::{Instant, sleep_until};

/// How long a caller waits for an errand's end (`DESIGN.md` section 5).
pub const ERRAND_LIMIT: Duration = Duration::from_secs(30);

/// Opens an errand for a task, or joins the open one of the same kind, and waits for its end.
/// `None` when it did not end by `deadline`, or the process drains.
pub async fn ask(api: &Api, task: &Task, kind: ErrandKind, deadline: Instant) -> Result<Option<ErrandResult>, Problem> {
    let ledger = &api.front.ledger;
    let mut watcher = api.watch.on(task.id);
    let open = ledger.open_errands(&[task.id]).await.map_err(|error| reply::ledger_problem(&error))?;
    let id = match open.into_iter().find(|errand| errand.kind == kind) {
        Some(errand) => errand.id,
        None => begin(api, task, kind).await?,
    };
    ring::errand(api, task, api.now_ms());
    loop {
        let errand = ledger.errand(id).await.map_err(|error| reply::ledger_problem(&error))?;
        if let Some(result) = errand.and_then(|errand| errand.result) {
            return Ok(Some(result));
        }
        // A change's hint, or at the latest the watch's own period.
        tokio::select! {
            _ = watcher.next() => {}
            () = sleep_until(deadline) => return Ok(None),
            () = api.front.draining.cancelled() => return Ok(None),
        }
    }
}

async fn begin(api: &Api, task: &Task, kind: ErrandKind) -> Result<ErrandId, Problem> {
    let now_ms = api.now_ms();
    let id = ErrandId::new(now_ms, &*api.front.entropy);
    let errand = Errand { id, task: task.id, kind, created_ms: now_ms, result: None };
    api.front.ledger.open_errand(&errand).await.map_err(|error| reply::ledger_problem(&error))?;
    Ok(id)
}
