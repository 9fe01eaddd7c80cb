//! Takes leases, exactly as many as can be started at once.

use super::call::{self, Pauses};
use super::handoff::Work;
use super::lane::LaneRun;
use crate::scheduler::{Batch, Finish};
use std::future::Future;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// The longest wait for a scheduler to say that something came due; then it is asked anyway.
const IDLE_LIMIT: Duration = Duration::from_secs(1);

/// The pause after a scheduler has called for nothing twice in a row, so that false alarms don't spin.
/// Short enough to see new work within 50 ms.
const FALSE_ALARM_PAUSE: Duration = Duration::from_millis(10);

/// Claims until the stop flag is up; then gives back what no handler has started.
pub(super) async fn claim_until_stopped(lane: &LaneRun) {
    let mut pauses = Pauses::new();
    let mut empty_claims = 0u32;
    while let Some(places) = free_places(lane).await {
        match call::claim(&*lane.scheduler, &lane.settings, places.len()).await {
            Ok(batches) if batches.is_empty() => {
                drop(places);
                pauses = Pauses::new();
                empty_claims = empty_claims.saturating_add(1);
                wait_for_work(lane, empty_claims).await;
            }
            Ok(batches) => {
                pauses = Pauses::new();
                empty_claims = 0;
                hand_over(lane, batches, places).await;
            }
            Err(error) => {
                drop(places);
                let pause = pauses.next();
                tracing::warn!(lane = %lane.settings.lane, %error, ?pause, "claim failed; trying again");
                unless_stopped(lane, tokio::time::sleep(pause)).await;
            }
        }
    }
    give_back(lane, lane.handoff.take_all().into_iter().map(|work| work.batch)).await;
}

/// Waits for a free place, then takes all there are. `None` once the stop flag is up.
async fn free_places(lane: &LaneRun) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = unless_stopped(lane, lane.places.clone().acquire_owned()).await?.ok()?;
    let mut places = vec![first];
    while places.len() < super::BATCH_MAX
        && let Ok(place) = lane.places.clone().try_acquire_owned()
    {
        places.push(place);
    }
    Some(places)
}

async fn hand_over(lane: &LaneRun, mut batches: Vec<Batch>, places: Vec<OwnedSemaphorePermit>) {
    // A scheduler that hands out more than it was asked for gets the rest back: it could not be started.
    let surplus = batches.split_off(batches.len().min(places.len()));
    lane.handoff.put(batches.into_iter().zip(places).map(|(batch, place)| Work { batch, place }));
    give_back(lane, surplus.into_iter()).await;
}

async fn give_back(lane: &LaneRun, batches: impl Iterator<Item = Batch>) {
    let claims = batches.flat_map(|batch| batch.claims);
    lane.finisher.finish(claims.map(|claim| (claim, Finish::GiveBack)).collect()).await;
}

async fn wait_for_work(lane: &LaneRun, empty_claims: u32) {
    let waiting = async {
        if empty_claims > 1 {
            tokio::time::sleep(FALSE_ALARM_PAUSE).await;
        }
        // Running into the limit is as good as being called.
        let _ = tokio::time::timeout(IDLE_LIMIT, lane.scheduler.ready(lane.settings.lane)).await;
    };
    unless_stopped(lane, waiting).await;
}

async fn unless_stopped<F: Future>(lane: &LaneRun, waiting: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        () = lane.stop.cancelled() => None,
        output = waiting => Some(output),
    }
}
