//! What an operator sees of the lanes.

use crate::support::faulty::{Fault, Faulty};
use crate::support::{Each, LEASE_MS, Running, World, id, pass, settings, telling};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use queue::{Claim, Finish, Lane, Scheduler};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Every value that was recorded under a name; counters and gauges as their steps.
#[derive(Debug, Default)]
struct Recorded(Arc<Mutex<HashMap<String, Vec<f64>>>>, AtomicBool);

impl Recorded {
    fn values(&self, name: &str) -> Vec<f64> {
        self.0.lock().expect("not poisoned").get(name).cloned().unwrap_or_default()
    }

    fn sum(&self, name: &str) -> f64 {
        self.values(name).iter().sum()
    }

    fn series(&self, key: &Key) -> Arc<Series> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Series(format!("{}{{{}}}", key.name(), labels.join(",")), self.0.clone()))
    }
}

struct Series(String, Arc<Mutex<HashMap<String, Vec<f64>>>>);

impl Series {
    fn push(&self, value: f64) {
        self.1.lock().expect("not poisoned").entry(self.0.clone()).or_default().push(value);
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.push(f64::from(u32::try_from(value).expect("small")));
    }
    fn absolute(&self, _: u64) {
        panic!("counters here only count up");
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.push(value);
    }
    fn decrement(&self, value: f64) {
        self.push(-value);
    }
    fn set(&self, _: f64) {
        panic!("several workers share the gauge");
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.push(value);
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        assert!(!self.1.swap(false, Ordering::SeqCst), "the recorder panicked, as the test wants");
        Gauge::from_arc(self.series(key))
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(key))
    }
}

#[tokio::test(start_paused = true)]
async fn claims_lateness_and_finishes_are_counted() {
    let recorded = Recorded::default();
    let _recording = metrics::set_default_local_recorder(&recorded);
    let world = World::new().await;
    for (number, in_ms) in [(1, -4_000), (2, 0), (3, 200)] {
        world.add(Lane::Poll, id(number), in_ms).await;
    }
    let queue = world.queue.clone();
    let handler = Each(move |claim: Claim| {
        let queue = queue.clone();
        async move {
            if claim.id == id(2) {
                queue.remove(Lane::Poll, &[claim.id]).await.expect("removed");
            }
            Finish::Done
        }
    });
    queue::step(&*world.queue, &settings(Lane::Poll, 1, 10, Arc::new(handler))).await;
    assert_eq!(recorded.sum("queue_claimed_total{lane=poll}"), 3.0);
    assert_eq!(recorded.values("queue_lateness_ms{lane=poll}"), [4_000.0, 0.0, 0.0]);
    assert_eq!(recorded.sum("queue_finished_total{lane=poll}"), 2.0);
    assert_eq!(recorded.sum("queue_stale_finish_total{lane=poll}"), 1.0);
}

#[tokio::test(start_paused = true)]
async fn handlers_in_flight_are_counted_up_and_down() {
    let recorded = Recorded::default();
    let _recording = metrics::set_default_local_recorder(&recorded);
    let world = World::new().await;
    for number in 0..5 {
        world.add(Lane::Archive, id(number), -10).await;
    }
    let handler = Arc::new(Each(|_| async {
        pass(1_000).await;
        Finish::Done
    }));
    let scheduler = Faulty::new(world.queue.clone(), Fault::None);
    let running = Running::start(scheduler, vec![settings(Lane::Archive, 2, 1, handler)]);
    pass(500).await;
    assert_eq!(recorded.sum("queue_in_flight{lane=archive}"), 2.0);
    pass(10_000).await;
    assert_eq!(recorded.sum("queue_in_flight{lane=archive}"), 0.0);
    running.stop().await;
    assert_eq!(recorded.sum("queue_finished_total{lane=archive}"), 5.0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_fails_starts_again() {
    // Nothing of a handler can fail a worker, so what is around the handler has to.
    let recorded = Recorded::default();
    recorded.1.store(true, Ordering::SeqCst);
    let _recording = metrics::set_default_local_recorder(&recorded);
    let world = World::new().await;
    let (handler, mut told) = telling();
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Archive, 2, 1, handler)]);
    world.add(Lane::Archive, id(1), 0).await;
    pass(1_000).await;
    assert!(!running.has_ended() && told.try_recv().is_err(), "the worker did not fail");
    world.add(Lane::Archive, id(2), 0).await;
    pass(50).await;
    assert_eq!(told.try_recv(), Ok(id(2)));
    pass(LEASE_MS.cast_unsigned()).await;
    assert_eq!(told.try_recv(), Ok(id(1)), "what the failed worker had comes back with its lease");
    running.stop().await;
}
