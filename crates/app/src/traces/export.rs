//! Finished spans on their way to the collector: a bounded queue and one task that empties it. Whatever the
//! collector does, nobody who ends a span waits for it.
//!
//! The library's own batch processor has a thread of its own and tells nobody what it dropped; hence this one.

use crate::config::TraceSettings;
use anyhow::Context as _;
use opentelemetry::Context;
use opentelemetry_otlp::{Protocol, RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use reqwest::redirect;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Spans that wait at the most; each takes about 1 KiB. Those that find no place are dropped and counted.
const QUEUE_MAX: usize = 4_096;
/// Spans of one request to the collector.
const BATCH_MAX: usize = 512;
/// How long a span waits for company.
const PERIOD: Duration = Duration::from_secs(1);
/// How long one request to the collector may take. It is made once: spans are not worth a second try.
const EXPORT_LIMIT: Duration = Duration::from_secs(5);
/// How long the last spans of a process may take.
pub(super) const FLUSH_LIMIT: Duration = Duration::from_secs(3);

/// The way to the collector.
pub(super) fn exporter(
    settings: &TraceSettings,
    resource: &Resource,
) -> anyhow::Result<opentelemetry_otlp::SpanExporter> {
    let mut exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(settings.endpoint.as_str())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(EXPORT_LIMIT)
        .with_headers(settings.headers.0.clone())
        .with_retry_policy(RetryPolicy::disabled())
        .with_http_client(client()?)
        .build()?;
    exporter.set_resource(resource);
    Ok(exporter)
}

/// Whether a collector answers at this address, and takes what is sent with these headers: an export of no span.
pub(crate) async fn check(settings: &TraceSettings) -> anyhow::Result<()> {
    let exporter = exporter(settings, &Resource::builder_empty().build())?;
    exporter.export(Vec::new()).await?;
    Ok(())
}

fn client() -> anyhow::Result<reqwest::Client> {
    workers::outbound::install_ring();
    let client = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(EXPORT_LIMIT);
    client.build().context("the HTTP client could not be made")
}

/// Takes finished spans, as the library's processor.
#[derive(Debug)]
pub(super) struct Queue(Sender<SpanData>);

/// The task that empties the queue.
pub(super) struct Exporting {
    last: CancellationToken,
    task: JoinHandle<()>,
}

impl Queue {
    /// The queue, and its task at work.
    pub(super) fn start(exporter: opentelemetry_otlp::SpanExporter) -> (Self, Exporting) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let last = CancellationToken::new();
        let task = tokio::spawn(empty(receiver, exporter, last.clone()));
        (Self(sender), Exporting { last, task })
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.0.try_send(span).is_err() {
            count("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Exporting {
    /// Sends what is left, while there is time.
    pub(super) async fn end(self, hard: &CancellationToken) {
        let Self { last, mut task } = self;
        last.cancel();
        let in_time = tokio::select! {
            ended = timeout(FLUSH_LIMIT, &mut task) => ended.is_ok(),
            () = hard.cancelled() => false,
        };
        if !in_time {
            task.abort();
            tracing::warn!("the last spans were not exported in time");
        }
    }
}

/// Until the queue is closed and empty.
async fn empty(mut queue: Receiver<SpanData>, exporter: opentelemetry_otlp::SpanExporter, last: CancellationToken) {
    let mut batch = Vec::new();
    let mut is_away = false;
    while fill(&mut queue, &mut batch, &last).await {
        let count_of = batch.len() as u64;
        let exported = exporter.export(std::mem::take(&mut batch)).await;
        count(if exported.is_ok() { "exported" } else { "refused" }, count_of);
        // Said once, not for each batch: the counter tells how many.
        match (&exported, is_away) {
            (Err(error), false) => tracing::warn!(%error, "spans can't be exported; they are dropped until they can"),
            (Ok(()), true) => tracing::info!("spans are exported again"),
            _ => {}
        }
        is_away = exported.is_err();
    }
}

/// Waits for spans: a full batch, or what has come within [`PERIOD`]. `false` when there are no more.
async fn fill(queue: &mut Receiver<SpanData>, batch: &mut Vec<SpanData>, last: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = last.cancelled() => queue.close(),
        _ = queue.recv_many(batch, 1) => {}
    }
    let company =
        async { while batch.len() < BATCH_MAX && queue.recv_many(batch, BATCH_MAX - batch.len()).await > 0 {} };
    // Spans that are taken when the time is up are in the batch already.
    tokio::select! {
        () = company => {}
        () = sleep(PERIOD) => {}
        () = last.cancelled(), if !last.is_cancelled() => {}
    }
    !batch.is_empty()
}

fn count(end: &'static str, spans: u64) {
    metrics::counter!("trace_spans_total", "end" => end).increment(spans);
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    #[test]
    fn a_full_queue_drops_what_finds_no_place() {
        let (sender, mut receiver) = mpsc::channel(2);
        let provider = SdkTracerProvider::builder().with_span_processor(Queue(sender)).build();
        for name in ["first", "second", "third"] {
            drop(provider.tracer("test").start(name));
        }
        let kept: Vec<String> =
            std::iter::from_fn(|| receiver.try_recv().ok()).map(|span| span.name.into_owned()).collect();
        assert_eq!(kept, ["first", "second"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_what_has_come_within_the_period_and_the_last_one_what_is_left() {
        let (sender, mut receiver) = mpsc::channel(QUEUE_MAX);
        let provider = SdkTracerProvider::builder().with_span_processor(Queue(sender)).build();
        let end = |count: usize| (0..count).for_each(|_| drop(provider.tracer("test").start("span")));
        let (mut batch, last) = (Vec::new(), CancellationToken::new());
        end(BATCH_MAX + 3);
        assert!(fill(&mut receiver, &mut batch, &last).await);
        assert_eq!(batch.len(), BATCH_MAX);
        batch.clear();
        assert!(fill(&mut receiver, &mut batch, &last).await);
        assert_eq!(batch.len(), 3);
        batch.clear();
        end(2);
        last.cancel();
        assert!(fill(&mut receiver, &mut batch, &last).await);
        assert_eq!(batch.len(), 2);
        batch.clear();
        assert!(!fill(&mut receiver, &mut batch, &last).await, "nothing comes any more");
    }
}
