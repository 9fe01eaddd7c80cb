//! The span of a submission: with it a task's trace begins, or goes on from the caller's.

use crate::api::Api;
use crate::asked::Asked;
use crate::request_id;
use crate::state::Front;
use axum::response::Response;
use contracts::Problem;
use task::Task;
use task::trace::{TARGET, trace_id};
use tracing::field::{Empty, display};
use tracing::{Span, info_span};

/// The span of a submission, by OpenTelemetry's conventions for HTTP servers: a child of the caller's span
/// when its `traceparent` names one.
pub fn span(api: &Api, asked: &Asked) -> Span {
    let (method, route) = (asked.route.method.as_str(), asked.route.path.as_str());
    let span = info_span!(
        target: TARGET,
        "submission",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        backlot.stage = "submission",
        backlot.task_id = Empty,
        backlot.family = asked.family.name(),
        backlot.channel = Empty,
        error.type = Empty,
        otel.status_code = Empty,
        trace_id = Empty,
    );
    if let Some(caller) = request_id::traceparent(&asked.headers) {
        api.front.traces.continue_from(&span, &caller);
    }
    span
}

/// The span of an operator's retry, with which the new task's trace begins.
pub fn retry_span(old: &Task) -> Span {
    info_span!(
        target: TARGET,
        "submission",
        otel.name = "retry",
        backlot.stage = "submission",
        backlot.task_id = Empty,
        backlot.family = old.family,
        backlot.channel = Empty,
        backlot.retry_of = %old.id,
        trace_id = Empty,
    )
}

/// The place in the trace that a new task gets: the span that is open, else the caller's own.
pub fn place(api: &Api, asked: &Asked) -> Option<String> {
    api.front.traces.traceparent(&Span::current()).or_else(|| request_id::traceparent(&asked.headers))
}

/// Says in the span that is open which task it opens, and of which other task that one makes use.
pub fn note_task(front: &Front, task: &Task, parent: Option<&Task>) {
    let span = Span::current();
    span.record("backlot.task_id", display(task.id)).record("backlot.channel", task.channel.as_str());
    if let Some(trace) = &task.trace {
        span.record("trace_id", trace_id(trace));
    }
    if let Some(place) = parent.and_then(|parent| parent.trace.as_deref()) {
        front.traces.link(&span, place);
    }
}

/// Says in a submission's span how it was answered.
pub fn note_answer(span: &Span, answer: &Result<Response, Problem>) {
    let status = answer.as_ref().map_or_else(|problem| problem.status, |response| response.status().as_u16());
    span.record("http.response.status_code", status);
    // A caller's mistake is no error of the server's.
    if status >= 500 {
        span.record("error.type", display(status)).record("otel.status_code", "ERROR");
    }
}
