//! How the spans of a task's way become one trace, whichever process opens them: the place in the trace
//! travels with the task, as a W3C `traceparent` in [`Task::trace`](crate::Task::trace).
//!
//! Front and stages open ordinary `tracing` spans; whoever composes the process gives them [`Traces`] to
//! tie these together, as it gives them time and chance.

use std::fmt::Debug;
use tracing::Span;

/// The target of spans that belong to a task's trace. Spans of any other target are for logs alone.
pub const TARGET: &str = "backlot::trace";

/// Ties spans of the target [`TARGET`] to each other by their `traceparent` (W3C Trace Context, version 00).
/// None of this waits or fails: where nothing is exported it does nothing.
pub trait Traces: Send + Sync + Debug {
    /// Makes `span` a child of the span that `traceparent` names, with that one's decision whether it is
    /// sampled. To be called before `span` has children of its own.
    fn continue_from(&self, span: &Span, traceparent: &str);

    /// Says that `span` has to do with the span that `traceparent` names, in another trace.
    fn link(&self, span: &Span, traceparent: &str);

    /// What the children of `span` in other processes are given; `None` where nothing is exported.
    fn traceparent(&self, span: &Span) -> Option<String>;
}

/// Nothing is exported: spans are for logs alone.
#[derive(Debug, Clone, Copy)]
pub struct NoTraces;

impl Traces for NoTraces {
    fn continue_from(&self, _: &Span, _: &str) {}

    fn link(&self, _: &Span, _: &str) {}

    fn traceparent(&self, _: &Span) -> Option<String> {
        None
    }
}

/// The trace's id in a `traceparent`: 32 hex digits, `""` when there is none in it.
pub fn trace_id(traceparent: &str) -> &str {
    traceparent.split('-').nth(1).unwrap_or_default()
}

/// Whether this span belongs to a task's trace.
pub fn is_traced(span: &Span) -> bool {
    span.metadata().is_some_and(|metadata| metadata.target() == TARGET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_the_second_part() {
        let whole = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace_id(whole), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace_id(""), "");
    }
}
