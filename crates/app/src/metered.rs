//! The metrics recorder, rendered by the ops route.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of latency histograms, milliseconds.
const LATENCY_MS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0];
/// Upper bounds of histograms in seconds, as requests and commits are.
const LATENCY_SECONDS: &[f64] =
    &[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Upper bounds of batch-size histograms.
const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 500.0];

/// Installs the process's recorder; the handle renders what it holds.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_ms".to_owned()), LATENCY_MS)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), LATENCY_SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), BATCH)?
        .set_buckets_for_metric(Matcher::Suffix("_rows".to_owned()), BATCH)?
        .install_recorder()?;
    Ok(handle)
}
