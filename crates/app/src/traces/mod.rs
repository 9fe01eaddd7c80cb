//! Traces: the spans of the target `backlot::trace`, exported by OTLP over HTTP when that is configured.
//!
//! This is the one place that knows OpenTelemetry. Without `[traces] endpoint` nothing of it is made.

mod context;
mod export;

use crate::config::TraceSettings;
use anyhow::Context;
use context::Tied;
use export::{Exporting, Queue};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::sync::Arc;
use task::trace::TARGET;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

pub(crate) use export::check;

/// A part of the process's subscriber.
pub(crate) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// What a process does about traces.
pub(crate) struct Traces {
    /// What ties spans together.
    pub(crate) ties: Arc<dyn task::Traces>,
    layer: Option<BoxedLayer>,
    exporting: Option<Exporting>,
}

impl Traces {
    /// Begins to export; does nothing, and costs nothing, without settings. Needs a runtime.
    pub(crate) fn start(settings: Option<&TraceSettings>) -> anyhow::Result<Self> {
        let Some(settings) = settings else {
            return Ok(Self { ties: Arc::new(task::NoTraces), layer: None, exporting: None });
        };
        let pid = KeyValue::new("process.pid", i64::from(std::process::id()));
        let resource =
            Resource::builder_empty().with_service_name(settings.service_name.clone()).with_attribute(pid).build();
        let exporter = export::exporter(settings, &resource).context("traces can't be exported")?;
        let (queue, exporting) = Queue::start(exporter);
        // A caller's decision whether its trace is sampled goes for the whole task.
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample_ratio)));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(sampler)
            .with_span_processor(queue)
            .build();
        Ok(Self { ties: Arc::new(Tied::default()), layer: Some(layer(&provider)), exporting: Some(exporting) })
    }

    /// The part of the subscriber that makes spans of ours OpenTelemetry's; once.
    pub(crate) fn take_layer(&mut self) -> Option<BoxedLayer> {
        self.layer.take()
    }

    /// Sends what is left, for no longer than [`export::FLUSH_LIMIT`] and not past `hard`.
    pub(crate) async fn end(self, hard: &CancellationToken) {
        if let Some(exporting) = self.exporting {
            exporting.end(hard).await;
        }
    }
}

/// Only spans, and only those of tasks: log lines may quote a vendor's words.
fn layer(provider: &SdkTracerProvider) -> BoxedLayer {
    let ours = filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET);
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("backlot"))
        .with_location(false)
        .with_threads(false)
        .with_level(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        // Parents are given by the task or found among the open spans; nobody else asks for a context.
        .with_context_activation(false)
        .with_filter(ours)
        .boxed()
}
