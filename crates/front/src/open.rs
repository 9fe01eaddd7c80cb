//! The commit of a new task, and what may be said after it.

use crate::api::Api;
use crate::idempotency::{Rule, RuleKind, SDK_COPIES_MAX};
use crate::intake::Draft;
use crate::recent::Taken;
use crate::{doubt, reply, ring};
use contracts::{Problem, callback};
use ledger::{Idempotency, LedgerError, Opened, Opening};
use std::sync::Arc;
use task::{Task, TaskId, TokenId};

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
    let Draft { mut task, only_child_of, position: _ } = draft;
    let (id, token, now_ms) = (task.id, task.token, task.created_ms);
    let known = api.recent.get(token, &rule.scope, now_ms);
    let mut copy = if rule.repeats() { 0 } else { known.map_or(0, |taken| taken.copy + 1) };
    loop {
        let opening = Arc::new(opening(api, task, only_child_of, idempotency(&rule, token, copy, &answer)));
        let ledger = &api.front.ledger;
        // Boxed, because it is rarely asked, and every commit's future would be as deep.
        let is_there = async || Box::pin(ledger.task(id)).await.map(|row| row.is_some());
        task::fail_point!("open.before_commit");
        let opened = doubt::settle(async || ledger.open_task(opening.clone()).await, is_there).await;
        let opened = opened.map_err(|error| refusal(&error, id))?;
        if matches!(opened, Opened::Replayed { .. }) && !rule.repeats() {
            // An equal submission made on purpose: the next scope is free, or there is none.
            copy += 1;
            task = Arc::unwrap_or_clone(opening).task;
            continue;
        }
        let taken = match &opened {
            Opened::New => Some((id, answer)),
            Opened::Replayed { task, answer } => Some((*task, answer.clone())),
            Opened::Conflict | Opened::ExistingChild(_) => None,
        };
        if let Some((task, answer)) = taken {
            let (body_hash, expires_ms) = (rule.body_hash, rule.expires_ms);
            api.recent.put(token, rule.scope, Taken { task, body_hash, answer, copy, expires_ms }, now_ms);
        }
        task::fail_point!("open.after_commit");
        if opened == Opened::New {
            after_commit(api, &opening);
        }
        return Ok(opened);
    }
}

/// A row costs a write: only callers who say that they repeat themselves get one.
fn idempotency(rule: &Rule, token: TokenId, copy: u32, answer: &(u16, Vec<u8>)) -> Option<Idempotency> {
    let has_row = rule.kind != RuleKind::Plain && copy < SDK_COPIES_MAX;
    let row = || Idempotency {
        token,
        scope: rule.scope_of(copy),
        body_hash: rule.body_hash.clone(),
        answer: answer.clone(),
        expires_ms: rule.expires_ms,
    };
    has_row.then(row)
}

fn opening(api: &Api, task: Box<Task>, only_child_of: Option<TaskId>, idempotency: Option<Idempotency>) -> Opening {
    let link = |key: &str| api.front.link(key);
    let (callback, reserve) = (callback::due(None, &task, &link), task.reserved);
    Opening { task, callback, idempotency, only_child_of, reserve }
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
fn after_commit(api: &Api, opening: &Opening) {
    let task = &opening.task;
    api.gates.joined(&task.channel);
    metrics::counter!("tasks_opened_total", "family" => task.family.clone(), "channel" => task.channel.clone())
        .increment(1);
    let callback_host = opening.callback.as_ref().map(|callback| callback.host.clone());
    ring::opened(api, task, callback_host);
}
