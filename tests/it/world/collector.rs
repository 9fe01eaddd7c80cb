//! A collector of spans: a real HTTP server that takes OTLP, reads it with the protocol's own types and keeps it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// A span as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) name: String,
    /// 32 hex digits.
    pub(super) trace: String,
    /// 16 hex digits.
    pub(super) id: String,
    /// 16 hex digits; empty when it has no parent.
    pub(super) parent: String,
    /// Spans of other traces that it names: (trace, span).
    pub(super) links: Vec<(String, String)>,
    pub(super) attributes: BTreeMap<String, String>,
    /// What is told of its process.
    pub(super) resource: BTreeMap<String, String>,
    /// Log lines in it.
    pub(super) events: usize,
}

impl Seen {
    /// An attribute as text; `""` when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// The collector.
#[derive(Clone, Default)]
pub(super) struct Collector {
    seen: Arc<Mutex<Vec<Seen>>>,
    news: Arc<Notify>,
    /// For `BACKLOT_TRACES__ENDPOINT`.
    pub(super) url: String,
}

impl Collector {
    /// Listens on a free port for as long as the test runs.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let collector = Self { url, ..Self::default() };
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        collector
    }

    /// Everything that arrived.
    pub(super) fn all(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans of a trace.
    pub(super) fn of_trace(&self, trace: &str) -> Vec<Seen> {
        self.all().into_iter().filter(|seen| seen.trace == trace).collect()
    }

    /// The spans that name a task, once there is this one among them.
    pub(super) async fn of_task(&self, task: &str, until: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        loop {
            let news = self.news.notified();
            let seen: Vec<Seen> = self.all().into_iter().filter(|seen| seen.get("backlot.task_id") == task).collect();
            if seen.iter().any(&until) {
                return seen;
            }
            news.await;
        }
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let is_protobuf = headers.get("content-type").is_some_and(|kind| kind == "application/x-protobuf");
    let Some(request) = ExportTraceServiceRequest::decode(body).ok().filter(|_| is_protobuf) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut arrived = Vec::new();
    for batch in request.resource_spans {
        let resource = texts(batch.resource.map(|resource| resource.attributes).unwrap_or_default());
        for span in batch.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            arrived.push(Seen {
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
                attributes: texts(span.attributes),
                resource: resource.clone(),
                events: span.events.len(),
            });
        }
    }
    collector.seen.lock().unwrap_or_else(PoisonError::into_inner).extend(arrived);
    collector.news.notify_waiters();
    StatusCode::OK
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|attribute| (attribute.key, text(attribute.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
