//! `Call::Submit`: opens a task.

use crate::api::Api;
use crate::asked::Asked;
use crate::idempotency::Rule;
use crate::reply::Headers;
use crate::{intake, open, prefer, reply, submission, waiting};
use axum::response::Response;
use contracts::{Problem, QueuePosition};
use ledger::Opened;
use task::TaskId;
use tracing::field::display;
use tracing::{Instrument, Span};

/// Opens a task and answers as its family does; the same submission again gets the same answer, whatever
/// has become of its channel, its parent or the caller's quota since.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let span = submission::span(api, asked);
    let answer = accept(api, asked, &Span::current()).instrument(span.clone()).await;
    submission::note_answer(&span, &answer);
    answer
}

/// `request` is the span of the whole request, whose log lines name the task.
async fn accept(api: &Api, asked: &Asked, request: &Span) -> Result<Response, Problem> {
    let now_ms = api.now_ms();
    let rule = Rule::of(api, asked, now_ms)?;
    if let Some((task, answer)) = replay(api, asked, &rule, now_ms).await? {
        request.record("task", display(task));
        Span::current().record("backlot.task_id", display(task));
        let headers = headers_of(api, asked, task).await;
        return Ok(held(api, asked, Given { task, answer, headers, position: QueuePosition::default() }).await);
    }
    let draft = intake::draft(api, asked, now_ms).await?;
    let (id, position) = (draft.task.id, draft.position);
    request.record("task", display(id));
    // Written before the commit: after it nothing may fail any more.
    let accepted = asked.family.accepted(&draft.task, position);
    let answer = (accepted.status, accepted.body.as_ref().map(reply::json_of).unwrap_or_default());
    let headers = asked.family.headers(&draft.task);
    let (task, answer, headers) = match open::open(api, draft, rule, answer.clone()).await? {
        Opened::New => (id, answer, headers),
        Opened::Replayed { task, answer } => (task, answer, headers_of(api, asked, task).await),
        Opened::Conflict => return Err(Problem::idempotency_conflict()),
        Opened::ExistingChild(first) => return existing(api, asked, first).await,
    };
    task::fail_point!("open.before_answer");
    Ok(held(api, asked, Given { task, answer, headers, position }).await)
}

/// What a submission is answered with.
struct Given {
    task: TaskId,
    answer: (u16, Vec<u8>),
    headers: Headers,
    position: QueuePosition,
}

/// The headers of an earlier task; none when it can't be read, for its answer stands all the same.
async fn headers_of(api: &Api, asked: &Asked, id: TaskId) -> Headers {
    match api.reader.task(id).await {
        Ok(Some(task)) => asked.family.headers(&task),
        _ => Headers::new(),
    }
}

/// What was taken in before under the same rule: by this process, else by any.
async fn replay(
    api: &Api,
    asked: &Asked,
    rule: &Rule,
    now_ms: i64,
) -> Result<Option<(TaskId, (u16, Vec<u8>))>, Problem> {
    if !rule.repeats() {
        return Ok(None);
    }
    let token = asked.token()?.id;
    let known = match api.recent.get(token, &rule.scope, now_ms) {
        Some(taken) => Some((taken.body_hash, taken.task, taken.answer)),
        None => {
            let found = api.front.ledger.newest_idempotency(token, &rule.scopes()).await;
            let found = found.map_err(|error| reply::ledger_problem(&error))?;
            found.filter(|row| now_ms < row.expires_ms).map(|row| (row.body_hash, row.task, row.answer))
        }
    };
    match known {
        Some((body_hash, ..)) if body_hash != rule.body_hash => Err(Problem::idempotency_conflict()),
        known => Ok(known.map(|(_, task, answer)| (task, answer))),
    }
}

/// The parent has its one child already: the caller gets that one.
async fn existing(api: &Api, asked: &Asked, first: TaskId) -> Result<Response, Problem> {
    let first = api.reader.task(first).await?.ok_or_else(Problem::no_task)?;
    Ok(reply::about(asked.family, &first, &asked.family.existing(&first)))
}

/// The answer, held if the caller prefers that: then it is written again with what is known by now.
/// The task is committed, so whatever goes wrong here, the first answer stands.
async fn held(api: &Api, asked: &Asked, given: Given) -> Response {
    let Given { task: id, answer, headers, position } = given;
    let as_given = || reply::with_headers(reply::bytes(answer.0, answer.1), headers);
    let Some(seconds) = asked.wait_s else { return as_given() };
    waiting::until_over(api, id, prefer::duration(seconds)).await;
    let response = match api.reader.task(id).await {
        Ok(Some(task)) => reply::about(asked.family, &task, &asked.family.accepted(&task, position)),
        _ => as_given(),
    };
    prefer::applied(response, Some(seconds))
}
