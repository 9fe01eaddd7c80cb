//! Tasks as the operator sees them: everything that happened, nothing that is secret.

use super::error::VerbError;
use super::redact::{redact, redact_text};
use super::steer::load;
use super::token;
use crate::state::Front;
use ledger::{Attempt, Callback, Event, TaskFilter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use task::{Artifact, Input, InputData, Output, Source, Spec, State, Task, TaskId};

/// How many tasks a list holds when nothing is said.
const LIST_DEFAULT: i64 = 20;
/// The most tasks that a list holds.
const LIST_MAX: i64 = 100;

/// Which tasks a list shows; all must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filters {
    /// Only this token's, by id or name.
    pub token: Option<String>,
    /// Only these states; none given: all.
    pub states: Vec<State>,
    /// Only this family.
    pub family: Option<String>,
    /// Only this public model.
    pub model: Option<String>,
    /// Only this channel.
    pub channel: Option<String>,
    /// Only tasks older than this one.
    pub before: Option<TaskId>,
    /// At most so many, 1 to 100; none: 20.
    pub limit: Option<i64>,
}

/// A page of tasks, newest first, one short row each.
pub async fn list(front: &Front, filters: Filters) -> Result<Value, VerbError> {
    let limit = filters.limit.unwrap_or(LIST_DEFAULT);
    if !(1..=LIST_MAX).contains(&limit) {
        return Err(VerbError::invalid("limit", "1 to 100"));
    }
    let token = match &filters.token {
        Some(id_or_name) => Some(token::find(front, id_or_name).await?.id),
        None => None,
    };
    let filter = TaskFilter {
        token,
        states: (!filters.states.is_empty()).then_some(filters.states),
        families: filters.family.map(|family| vec![family]),
        model: filters.model,
        channel: filters.channel,
        after: filters.before,
        include_hidden: true,
        limit: limit + 1,
        ..TaskFilter::default()
    };
    let mut tasks = front.ledger.list_tasks(&filter).await?;
    let has_more = tasks.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    tasks.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(json!({ "tasks": tasks.iter().map(row).collect::<Vec<_>>(), "has_more": has_more }))
}

fn row(task: &Task) -> Value {
    json!({
        "id": task.id,
        "state": task.state,
        "progress": task.progress,
        "family": task.family,
        "action": task.action,
        "model": task.model,
        "channel": task.channel,
        "token": task.token,
        "attempts": task.attempts,
        "created_ms": task.created_ms,
        "updated_ms": task.updated_ms,
        "failure": task.failure.as_ref().map(|f| f.kind),
    })
}

/// One task with its events, attempts and callbacks. A vendor's URL is never shown, and of a caller's
/// URL only the host: either may be signed.
pub async fn show(front: &Front, id: TaskId) -> Result<Value, VerbError> {
    let task = load(front, id).await?;
    let events = front.ledger.events(id).await?;
    let attempts = front.ledger.attempts(id).await?;
    let callbacks = front.ledger.callbacks(id).await?;
    Ok(json!({
        "task": whole(front, &task),
        "events": events.iter().map(event).collect::<Vec<_>>(),
        "attempts": attempts.iter().map(attempt).collect::<Vec<_>>(),
        "callbacks": callbacks.iter().map(callback).collect::<Vec<_>>(),
    }))
}

fn event(event: &Event) -> Value {
    json!({
        "version": event.version,
        "part": event.part,
        "state": event.state,
        "step": event.step,
        "note": redact(&event.note),
        "at_ms": event.at_ms,
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "id": attempt.id,
        "client": attempt.client,
        "channel": attempt.channel,
        "upstream_model": attempt.upstream_model,
        "begun_ms": attempt.begun_ms,
        "ended_ms": attempt.ended_ms,
        "outcome": attempt.outcome,
        "note": attempt.note.as_ref().map(redact),
    })
}

fn whole(front: &Front, task: &Task) -> Value {
    let mut value = row(task);
    let more = json!({
        "version": task.version,
        "shown": task.shown,
        "phase": task.phase,
        "upstream_model": task.upstream_model,
        "attempt": task.attempt,
        "client": task.client,
        "operation_id": task.operation.as_ref().map(|o| &o.id),
        "spec": spec(task),
        "details": serde_json::to_value(&task.details).map_or(Value::Null, |details| redact(&details)),
        "outputs": task.outputs.iter().map(output).collect::<Vec<_>>(),
        "artifacts": task.artifacts.iter().map(|a| artifact(front, a)).collect::<Vec<_>>(),
        "failure": task.failure.as_ref().map(|f| json!({
            "kind": f.kind,
            "retry": f.retry,
            "public": redact_text(&f.public),
            "private": redact_text(&f.private),
        })),
        "warnings": task.warnings.iter().map(|w| redact_text(w)).collect::<Vec<_>>(),
        "child": task.child,
        "retry_of": task.retry_of,
        "callback_url": task.callback_url.as_deref().map(redact_text),
        "external_id": task.external_id,
        "due_ms": task.due_ms,
        "lease_until_ms": task.lease_until_ms,
        "deadline_ms": task.deadline_ms,
        "started_ms": task.started_ms,
        "answered_ms": task.answered_ms,
        "finished_ms": task.finished_ms,
        "reserved": task.reserved,
        "charged": task.charged,
        "hidden": task.hidden,
        "trace": task.trace,
    });
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

fn spec(task: &Task) -> Value {
    let spec = &task.spec;
    let extras: Map<String, Value> =
        spec.extras.iter().map(|(dialect, bag)| (dialect.clone(), redact(&Value::Object(bag.clone())))).collect();
    let plain = Spec { inputs: Vec::new(), extras: BTreeMap::new(), ..spec.clone() };
    let mut value = serde_json::to_value(&plain).map_or(Value::Null, |plain| redact(&plain));
    value["prompt"] = json!(spec.prompt);
    value["inputs"] = spec.inputs.iter().map(input).collect();
    value["extras"] = json!(extras);
    value
}

fn input(input: &Input) -> Value {
    let from = match &input.data {
        InputData::Inline(text) => format!("inline, {} characters", text.len()),
        InputData::Stored { content_type, bytes, .. } => format!("stored, {content_type}, {bytes} bytes"),
        InputData::Url(url) => redact_text(url),
        InputData::Broken(reason) => format!("broken: {reason}"),
        InputData::Bytes(bytes) => format!("a file, {} bytes", bytes.len()),
    };
    json!({ "role": input.role, "from": from })
}

fn output(output: &Output) -> Value {
    json!({ "role": output.role, "piece": output.piece, "from": source(&output.source) })
}

fn source(source: &Source) -> &'static str {
    match source {
        Source::Url(_) => "vendor URL",
        Source::Refetch(_) => "vendor, to be asked for",
        Source::Stored(_) => "our store",
        Source::Inline(_) => "the answer itself",
    }
}

fn artifact(front: &Front, artifact: &Artifact) -> Value {
    json!({
        "position": artifact.position,
        "role": artifact.role,
        "piece": artifact.piece,
        "url": front.link(&artifact.key),
        "content_type": artifact.content_type,
        "bytes": artifact.bytes,
        "sha256": artifact.sha256,
        "width": artifact.width,
        "height": artifact.height,
        "duration_ms": artifact.duration_ms,
        "late": artifact.late,
    })
}

fn callback(callback: &Callback) -> Value {
    json!({
        "id": callback.id,
        "seq": callback.seq,
        "to": redact_text(&callback.url),
        "word": callback.word,
        "terminal": callback.terminal,
        "state": format!("{:?}", callback.state).to_lowercase(),
        "attempts": callback.attempts,
        "due_ms": callback.due_ms,
        "created_ms": callback.created_ms,
        "ended_ms": callback.ended_ms,
        "last": callback.last.as_ref().map(redact),
    })
}
