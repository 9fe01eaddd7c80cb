//! What is measured by looking now and then: how long the lanes are, and whether the servers answer.

use front::Front;
use metrics::gauge;
use queue::Lane;
use std::future::Future;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// Time between two looks. A scraper sees a value that is at most this old.
const PERIOD: Duration = Duration::from_secs(10);
/// How long one look at a server may take.
const LOOK_LIMIT: Duration = Duration::from_secs(2);

/// What a process measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measured {
    /// Whether the servers answer.
    Servers,
    /// The lanes, too. Every process measures the same lanes: take the largest value, not the sum.
    ServersAndLanes,
}

/// Looks until told to stop.
pub(crate) async fn run(front: Front, measured: Measured, stop: CancellationToken) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        tokio::join!(
            server("ledger", front.ledger.check()),
            server("store", front.store.check()),
            server("queue", front.scheduler.is_filled()),
        );
        if measured == Measured::ServersAndLanes {
            for lane in Lane::ALL {
                measure(&front, lane).await;
            }
        }
    }
}

async fn server<T, E>(name: &'static str, look: impl Future<Output = Result<T, E>>) {
    let answers = matches!(timeout(LOOK_LIMIT, look).await, Ok(Ok(_)));
    gauge!("server_up", "server" => name).set(if answers { 1.0 } else { 0.0 });
}

/// An error leaves the last values: `server_up` tells that the queue is away.
async fn measure(front: &Front, lane: Lane) {
    if let Ok(counts) = front.scheduler.counts(lane).await {
        for (state, count) in [("scheduled", counts.scheduled), ("due", counts.due), ("leased", counts.leased)] {
            gauge!("queue_entries", "lane" => lane.as_str(), "state" => state).set(count as f64);
        }
    }
    if let Ok(oldest_ms) = front.scheduler.oldest_due_ms(lane).await {
        let age_ms = oldest_ms.map_or(0, |due_ms| (front.clock.now_ms() - due_ms).max(0));
        gauge!("queue_age_seconds", "lane" => lane.as_str()).set(age_ms as f64 / 1_000.0);
    }
}
