//! How late the queue handed work out, as it tells its metrics, counted to the millisecond.

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The metric.
const NAME: &str = "queue_lateness_ms";
/// Lateness is counted exactly up to here, ms.
const MAX_MS: usize = 60_000;

/// Counts of each millisecond.
#[derive(Debug)]
pub(super) struct Lateness(Vec<AtomicU64>);

impl Lateness {
    /// Counts from now on, in this process.
    pub(super) fn install() -> anyhow::Result<Arc<Self>> {
        let lateness = Arc::new(Self((0..=MAX_MS).map(|_| AtomicU64::new(0)).collect()));
        metrics::set_global_recorder(Ears(lateness.clone())).map_err(|_| anyhow::anyhow!("there is a recorder"))?;
        Ok(lateness)
    }

    /// Forgets what was counted.
    pub(super) fn reset(&self) {
        self.0.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    }

    /// How many were handed out.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The lateness below which this share of them lies, ms.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is a count")]
    pub(super) fn quantile_ms(&self, share: f64) -> f64 {
        let mut left = (self.count() as f64 * share) as u64;
        for (ms, count) in self.0.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            if count > left {
                return ms as f64;
            }
            left -= count;
        }
        MAX_MS as f64
    }
}

impl HistogramFn for Lateness {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds, and not negative")]
    fn record(&self, value: f64) {
        self.0[(value.max(0.0) as usize).min(MAX_MS)].fetch_add(1, Ordering::Relaxed);
    }
}

struct Ears(Arc<Lateness>);

impl Recorder for Ears {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name() == NAME { Histogram::from_arc(self.0.clone()) } else { Histogram::noop() }
    }
}
