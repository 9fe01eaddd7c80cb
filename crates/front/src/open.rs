//! The commit of a new task, and what may be said after it.

use crate::api::Api;
use crate::idempotency::{Rule, RuleKind, SDK_COPIES_MAX};
use crate::intake::Draft;
use crate::recent::Taken;
use crate::{doubt, reply, ring};
use contracts::{Problem, callback};
use ledger::{Idempotency, LedgerError, Opened, Opening};
use std::sync::Arc;
use task::{Task, TaskId};

/// Opens a draft and rings the doorbell, as a task of its own: a caller who hangs up cancels nothing,
/// and no answer waits for the bell. Tells what the ledger did with it.
pub async fn open(api: &Api, draft: Draft, rule: Rule, answer: (u16, Vec<u8>)) -> Result<Opened, Problem> {
    let (api, id) = (api.clone(), draft.task.id);
    // Boxed, because a task is moved several times before it runs.
    let work = tokio::spawn(Box::pin(async move { commit(&api, draft, rule, answer).await }));
    match work.await {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(%error, task = %id, "opening a task panicked");
            Err(Problem { task: Some(id), ..Problem::internal() })
        }
    }
}

async fn commit(api: &Api, draft: Draft, rule: Rule, answer: (u16, Vec<u8>)) -> Result<Opened, Problem> {
    let (token, now_ms) = (draft.task.token, draft.task.created_ms);
    let known = api.recent.get(token, &rule.scope, now_ms);
    let mut copy = if rule.repeats() { 0 } else { known.map_or(0, |taken| taken.copy + 1) };
    loop {
        let opening = Arc::new(opening(api, &draft, &rule, copy, &answer));
        let callback_host = opening.callback.as_ref().map(|callback| callback.host.clone());
        let (ledger, id) = (&api.front.ledger, draft.task.id);
        let is_there = async || ledger.task(id).await.map(|row| row.is_some());
        task::fail_point!("open.before_commit");
        let opened = doubt::settle(async || ledger.open_task(opening.clone()).await, is_there).await;
        let opened = opened.map_err(|error| refusal(&error, id))?;
        if matches!(opened, Opened::Replayed { .. }) && !rule.repeats() {
            // An equal submission made on purpose: the next scope is free, or there is none.
            copy += 1;
            continue;
        }
        let taken = match &opened {
            Opened::New => Some((draft.task.id, answer.clone())),
            Opened::Replayed { task, answer } => Some((*task, answer.clone())),
            Opened::Conflict | Opened::ExistingChild(_) => None,
        };
        if let Some((task, answer)) = taken {
            let (body_hash, expires_ms) = (rule.body_hash, rule.expires_ms);
            api.recent.put(token, rule.scope, Taken { task, body_hash, answer, copy, expires_ms }, now_ms);
        }
        task::fail_point!("open.after_commit");
        if opened == Opened::New {
            after_commit(api, &draft.task, callback_host);
        }
        return Ok(opened);
    }
}

fn opening(api: &Api, draft: &Draft, rule: &Rule, copy: u32, answer: &(u16, Vec<u8>)) -> Opening {
    // A row costs a write: only callers who say that they repeat themselves get one.
    let has_row = rule.kind != RuleKind::Plain && copy < SDK_COPIES_MAX;
    let row = || Idempotency {
        token: draft.task.token,
        scope: rule.scope_of(copy),
        body_hash: rule.body_hash.clone(),
        answer: answer.clone(),
        expires_ms: rule.expires_ms,
    };
    let link = |key: &str| api.front.link(key);
    Opening {
        task: draft.task.clone(),
        callback: callback::due(None, &draft.task, &link),
        idempotency: has_row.then(row),
        only_child_of: draft.only_child_of,
        reserve: draft.task.reserved,
    }
}

fn refusal(error: &LedgerError, id: TaskId) -> Problem {
    match error {
        LedgerError::NotFound => Problem::invalid_api_key(),
        LedgerError::Unknown(reason) => {
            tracing::error!(task = %id, reason, "a commit stays unknown");
            let problem = Problem::unavailable("it is not known whether the task was accepted; ask for it by its id");
            Problem { task: Some(id), ..problem }
        }
        error => reply::ledger_problem(error),
    }
}

/// Nothing after this point may fail the request.
fn after_commit(api: &Api, task: &Task, callback_host: Option<String>) {
    api.gates.joined(&task.channel);
    metrics::counter!("tasks_opened_total", "family" => task.family.clone(), "channel" => task.channel.clone())
        .increment(1);
    ring::opened(api, task, callback_host);
}
