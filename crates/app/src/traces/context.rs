//! Places in a trace as W3C Trace Context writes them.

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;
use task::Traces;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header whose value travels with a task.
const TRACEPARENT: &str = "traceparent";

/// Ties spans together in OpenTelemetry's contexts.
#[derive(Debug, Default)]
pub(super) struct Tied {
    propagator: TraceContextPropagator,
}

impl Tied {
    /// The context that a `traceparent` names; an empty one when it names none.
    fn context(&self, traceparent: &str) -> Context {
        let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
        self.propagator.extract_with_context(&Context::new(), &carrier)
    }
}

impl Traces for Tied {
    fn continue_from(&self, span: &Span, traceparent: &str) {
        let parent = self.context(traceparent);
        if !parent.span().span_context().is_valid() {
            return;
        }
        if let Err(error) = span.set_parent(parent) {
            // Only for spans that nobody exports, which need no parent.
            tracing::debug!(%error, "a span was not tied to its trace");
        }
    }

    fn link(&self, span: &Span, traceparent: &str) {
        span.add_link(self.context(traceparent).span().span_context().clone());
    }

    fn traceparent(&self, span: &Span) -> Option<String> {
        let mut carrier = HashMap::new();
        self.propagator.inject_context(&span.context(), &mut carrier);
        carrier.remove(TRACEPARENT)
    }
}
