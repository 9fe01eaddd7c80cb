//! The spans of the stages, each a child of its task's submission.
//!
//! What is looked at often and mostly in vain has no span until something comes of it: a poll that finds a
//! task still at work leaves none, so that a trace has as many spans as its task had changes and tries.

use crate::advance::{AdvanceError, Move};
use crate::core::Core;
use crate::outbound::{WireError, WireRequest, WireResponse};
use ledger::Callback;
use task::trace::{TARGET, is_traced, trace_id};
use task::{Task, TaskId};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

/// What OpenTelemetry's semantic conventions call a span that failed.
const ERROR: &str = "ERROR";

/// Whose work a span is.
struct Work<'a> {
    stage: &'static str,
    task: TaskId,
    trace: Option<&'a str>,
    family: Option<&'a str>,
    channel: Option<&'a str>,
    attempt: Option<i64>,
    word: Option<&'a str>,
}

impl Core {
    /// The span of what a stage does with a task. None when the task has no place in a trace: a span alone
    /// would tell nothing.
    pub(crate) fn span(&self, stage: &'static str, task: &Task) -> Span {
        let attempts = (task.attempts > 0).then_some(task.attempts);
        self.open(Work { attempt: attempts, ..Work::of(stage, task) })
    }

    /// The span of a task's next attempt to be submitted.
    pub(crate) fn attempt_span(&self, task: &Task) -> Span {
        self.open(Work { attempt: Some(task.attempts + 1), ..Work::of("submit", task) })
    }

    /// The span of one send of a callback.
    pub(crate) fn callback_span(&self, callback: &Callback) -> Span {
        self.open(Work {
            stage: "callback",
            task: callback.task,
            trace: callback.trace.as_deref(),
            family: None,
            channel: None,
            attempt: Some(callback.attempts + 1),
            word: Some(&callback.word),
        })
    }

    fn open(&self, work: Work<'_>) -> Span {
        let Some(trace) = work.trace else { return Span::none() };
        let span = info_span!(
            target: TARGET,
            "stage",
            otel.name = work.stage,
            backlot.stage = work.stage,
            backlot.task_id = %work.task,
            backlot.family = work.family,
            backlot.channel = work.channel,
            backlot.attempt = work.attempt,
            backlot.word = work.word,
            backlot.state = Empty,
            error.type = Empty,
            otel.status_code = Empty,
            trace_id = trace_id(trace),
        );
        self.traces.continue_from(&span, trace);
        span
    }

    /// Makes one move true in a span of its own, unless it is part of one already.
    pub(crate) async fn advance_in(&self, stage: &'static str, one: Move<'_>) -> Result<Task, AdvanceError> {
        if is_traced(&Span::current()) {
            return self.advance(one).await;
        }
        let span = self.span(stage, one.task);
        self.advance(one).instrument(span).await
    }
}

impl<'a> Work<'a> {
    fn of(stage: &'static str, task: &'a Task) -> Self {
        Self {
            stage,
            task: task.id,
            trace: task.trace.as_deref(),
            family: Some(&task.family),
            channel: Some(&task.channel),
            attempt: None,
            word: None,
        }
    }
}

/// Says in the span that is open what has become of the task.
pub(crate) fn note_change(after: &Task) {
    let span = Span::current();
    span.record("backlot.state", after.state.as_str());
    if let Some(failure) = &after.failure {
        note_error(&span, failure.kind.as_str());
    }
}

/// Says in a span what it failed by: a word, never a vendor's text.
pub(crate) fn note_error(span: &Span, word: &str) {
    span.record("error.type", word);
    span.record("otel.status_code", ERROR);
}

/// The span of one request on a task's path, by OpenTelemetry's conventions for HTTP clients. It names the
/// host and nothing else of the address: paths and queries hold ids, keys and signatures. None outside of a
/// stage's span.
pub(crate) fn request_span(request: &WireRequest) -> Span {
    if !is_traced(&Span::current()) {
        return Span::none();
    }
    info_span!(
        target: TARGET,
        "request",
        otel.name = request.method.as_str(),
        otel.kind = "client",
        http.request.method = request.method.as_str(),
        server.address = request.url.host_str(),
        server.port = request.url.port_or_known_default(),
        http.response.status_code = Empty,
        error.type = Empty,
        otel.status_code = Empty,
    )
}

/// Says in a request's span what was answered.
pub(crate) fn note_answer(span: &Span, answer: &Result<WireResponse, WireError>) {
    match answer {
        Ok(response) => {
            span.record("http.response.status_code", response.status);
            if response.status >= 400 {
                note_error(span, &response.status.to_string());
            }
        }
        Err(error) => note_error(span, error.kind.as_str()),
    }
}
