//! Callbacks that upstreams send us. They are unsigned, arrive out of order and are never retried
//! (`upstream/midjourney.md` section 8), so none of them moves a task: each only says which task is
//! worth a look now, and which operation to ask for.

use crate::state::Front;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use ledger::LedgerError;
use providers::{Account, Hint};
use queue::{Entry, Lane, QueueError};
use sha2::{Digest, Sha256};
use std::time::Duration;
use task::trace::{TARGET, trace_id};
use task::{Channel, ClientId, State as TaskState, Task, TaskId};
use tracing::{Instrument, Span, info_span};

/// The most bytes of a callback's body that are read; a full Midjourney task object is below 16 KiB.
pub const HOOK_BODY_MAX_BYTES: usize = 64 * 1024;

/// How long a sender may take for its body.
const BODY_LIMIT: Duration = Duration::from_secs(10);

/// How long the ledger may take before the sender is told to come back.
const LEDGER_LIMIT: Duration = Duration::from_secs(2);

/// How long after a callback that overtook the answer to its submission the poll stage looks. An answer that
/// is merely under way is written down by then, and the look is an ordinary one.
const OVERTAKEN_MS: i64 = 5_000;

/// For how long after its opening a task that was given up, or waits to be sent once more, takes a
/// callback as a sign that an earlier request arrived. Vendors tell of a task until it ends, which is
/// hours at most.
const LATE_SIGN_MAX_MS: i64 = 24 * 3_600_000;

/// `POST /hooks/{channel}/{secret}` for a vendor's one address for all tasks, and the same with a
/// task's client id for an address given with its submission.
pub fn router() -> Router<Front> {
    Router::new()
        .route("/hooks/{channel}/{secret}", post(for_channel))
        .route("/hooks/{channel}/{secret}/{client}", post(for_task))
}

async fn for_channel(
    State(front): State<Front>,
    Path((channel, secret)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> StatusCode {
    receive(&front, &channel, &secret, None, &headers, body).await
}

async fn for_task(
    State(front): State<Front>,
    Path((channel, secret, client)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> StatusCode {
    // Text that is no client id is an address that we never gave out, but it had the channel's secret:
    // the body alone decides.
    receive(&front, &channel, &secret, client.parse().ok(), &headers, body).await
}

/// 404 for a wrong channel or secret, before the body is read; 413 and 408 for a body that is too
/// large or too slow; 503 when ledger or queue could not be asked; else 204, known task or not, so that the
/// answer tells nothing about which tasks exist.
async fn receive(
    front: &Front,
    channel: &str,
    secret: &str,
    client: Option<ClientId>,
    headers: &HeaderMap,
    body: Body,
) -> StatusCode {
    let known = front.channels.get(channel);
    let kept = known.as_ref().map_or("", |c| c.hook_secret.expose());
    let matches = is_same_secret(secret, kept);
    let Some(channel) = known.filter(|_| matches) else {
        metrics::counter!("inbound_hooks_total", "result" => "refused").increment(1);
        return StatusCode::NOT_FOUND;
    };
    let body = match tokio::time::timeout(BODY_LIMIT, to_bytes(body, HOOK_BODY_MAX_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => return StatusCode::REQUEST_TIMEOUT,
    };
    let hint = read_hint(front, &channel, headers, &body);
    match tokio::time::timeout(LEDGER_LIMIT, follow(front, &channel, client, hint)).await {
        Ok(Ok(result)) => {
            metrics::counter!("inbound_hooks_total", "result" => result).increment(1);
            StatusCode::NO_CONTENT
        }
        Ok(Err(error)) => {
            tracing::warn!(channel = channel.name, %error, "an upstream's callback could not be followed");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(_) => {
            tracing::warn!(channel = channel.name, "the ledger took too long for an upstream's callback");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn read_hint(front: &Front, channel: &Channel, headers: &HeaderMap, body: &Bytes) -> Option<Hint> {
    let dialect = providers::find(&channel.dialect)?;
    let account = Account {
        base_url: &channel.base_url,
        key: &channel.key,
        access: None,
        options: &channel.options,
        now_ms: front.clock.now_ms(),
    };
    dialect.read_callback(account, headers, body)
}

/// A callback could not be followed; the sender may come back.
#[derive(Debug, thiserror::Error)]
enum HookError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Finds the task and rings for it; tells which word the counter gets.
async fn follow(
    front: &Front,
    channel: &Channel,
    client: Option<ClientId>,
    hint: Option<Hint>,
) -> Result<&'static str, HookError> {
    let Some(id) = find(front, channel, client, hint.as_ref()).await? else {
        return Ok("unknown");
    };
    let Some(task) = front.ledger.task(id).await? else {
        return Ok("unknown");
    };
    let span = hook_span(front, &task);
    heed(front, channel, task, hint).instrument(span).await
}

/// The span of a callback about a task, a child of its submission; none when the task has no place in a trace.
fn hook_span(front: &Front, task: &Task) -> Span {
    let Some(trace) = &task.trace else { return Span::none() };
    let span = info_span!(
        target: TARGET,
        "hook",
        otel.kind = "server",
        backlot.stage = "hook",
        backlot.task_id = %task.id,
        backlot.family = task.family,
        backlot.channel = task.channel,
        backlot.state = task.state.as_str(),
        trace_id = trace_id(trace),
    );
    front.traces.continue_from(&span, trace);
    span
}

/// Rings for the task, and keeps what was named; tells which word the counter gets.
async fn heed(front: &Front, channel: &Channel, task: Task, hint: Option<Hint>) -> Result<&'static str, HookError> {
    let id = task.id;
    match task.state {
        TaskState::Running => {
            ring(front, Lane::Poll, id).await;
            Ok("rung")
        }
        // The callback may overtake the answer to the submission, or be all that is left of it.
        TaskState::Submitting | TaskState::Uncertain => {
            let Some(hint) = hint else { return Ok("empty") };
            front.ledger.note_hint(id, &hint.operation_id).await?;
            if task.state == TaskState::Uncertain {
                // Whichever lane its next look is on; a ring on the other one does nothing.
                ring(front, Lane::Submit, id).await;
                ring(front, Lane::Poll, id).await;
            } else {
                look_soon(front, &task).await;
            }
            tracing::info!(task = %id, channel = channel.name, "an upstream's callback names an operation for a doubt");
            Ok("noted")
        }
        _ => follow_late(front, channel, &task, hint).await,
    }
}

/// A task that has ended, or that is queued once more: a callback that names an operation which the task
/// does not have may tell of a paid request that arrived after all. It is kept, and the poll stage asks.
async fn follow_late(
    front: &Front,
    channel: &Channel,
    task: &Task,
    hint: Option<Hint>,
) -> Result<&'static str, HookError> {
    let now_ms = front.clock.now_ms();
    let was_sent = task.client.is_some() && task.attempts > 0;
    let waits_or_ended = task.state == TaskState::Queued || task.is_over();
    let is_young = now_ms - task.created_ms <= LATE_SIGN_MAX_MS;
    let Some(hint) = hint.filter(|_| was_sent && waits_or_ended && is_young) else { return Ok("late") };
    if task.operation.as_ref().is_some_and(|operation| operation.id == hint.operation_id) {
        return Ok("late");
    }
    front.ledger.note_hint(task.id, &hint.operation_id).await?;
    // No due time brings this task to that lane, so that the sender hears of a bell that was not rung.
    let entry = Entry { id: task.id, channel: channel.name.clone(), due_ms: now_ms };
    front.scheduler.add(Lane::Poll, &[entry]).await?;
    tracing::info!(task = %task.id, channel = channel.name, state = %task.state, "an upstream's callback names an operation late");
    Ok("noted")
}

/// The task of this channel that a callback is about: by the address that was given with it, else by
/// our own id in its body, else by the vendor's id.
async fn find(
    front: &Front,
    channel: &Channel,
    client: Option<ClientId>,
    hint: Option<&Hint>,
) -> Result<Option<TaskId>, LedgerError> {
    if let Some(client) = client.or(hint.and_then(|h| h.client))
        && let Some(id) = front.ledger.find_client(&channel.name, client).await?
    {
        return Ok(Some(id));
    }
    match hint {
        Some(hint) => front.ledger.find_operation(&channel.name, &hint.operation_id).await,
        None => Ok(None),
    }
}

async fn ring(front: &Front, lane: Lane, id: TaskId) {
    if let Err(error) = front.scheduler.hint(lane, &[id]).await {
        // Nothing is lost: the task is looked at when it is due anyway.
        tracing::debug!(task = %id, %lane, %error, "could not ring for an upstream's callback");
    }
}

/// The worker that submitted it may be dead, and its lease long: the poll stage looks whether the operation
/// that was named is this task's.
async fn look_soon(front: &Front, task: &Task) {
    let due_ms = front.clock.now_ms() + OVERTAKEN_MS;
    let entry = Entry { id: task.id, channel: task.channel.clone(), due_ms };
    if let Err(error) = front.scheduler.add(Lane::Poll, &[entry]).await {
        // Nothing is lost: the hint is kept, and heeded when the lease has run out.
        tracing::debug!(task = %task.id, %error, "could not ring for an upstream's callback");
    }
}

/// Compares a presented secret with the kept one in a time that depends on neither: both are hashed,
/// and every byte of the hashes is compared. An empty kept secret matches nothing.
pub(crate) fn is_same_secret(given: &str, kept: &str) -> bool {
    let (given, wanted) = (Sha256::digest(given.as_bytes()), Sha256::digest(kept.as_bytes()));
    let difference = given.iter().zip(wanted.iter()).fold(0u8, |sum, (a, b)| sum | (a ^ b));
    difference == 0 && !kept.is_empty()
}

#[cfg(test)]
mod tests {
    use super::is_same_secret;

    #[test]
    fn only_the_same_secret_matches() {
        assert!(is_same_secret("s3cret", "s3cret"));
        assert!(!is_same_secret("s3cre", "s3cret"));
        assert!(!is_same_secret("S3cret", "s3cret"));
        assert!(!is_same_secret("", ""), "a channel without a secret takes no callbacks");
    }
}
