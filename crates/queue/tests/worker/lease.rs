//! Renewing leases while a handler works, under `run` and under `step`.

use crate::support::faulty::{Fault, Faulty};
use crate::support::{LEASE_MS, Running, World, id, pass, settings, telling};
use async_trait::async_trait;
use queue::{Batch, Claim, Finish, Handler, Lane, LaneSettings, Lease, LeaseKeeper, Scheduler};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Started,
    Done,
    Lost,
}

/// Works for eleven minutes of time while it keeps its leases of one minute.
struct Long(UnboundedSender<Seen>);

#[async_trait]
impl Handler for Long {
    async fn handle(&self, batch: Batch, lease: LeaseKeeper) -> Vec<(Claim, Finish)> {
        self.0.send(Seen::Started).expect("the test listens");
        let seen = tokio::select! {
            () = pass(660_000) => Seen::Done,
            () = lease.keep() => Seen::Lost,
        };
        self.0.send(seen).expect("the test listens");
        batch.claims.into_iter().map(|claim| (claim, Finish::Done)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_lease_lasts_as_long_as_the_work() {
    let world = World::new().await;
    let scheduler = Faulty::new(world.queue.clone(), Fault::None);
    for number in 0..3 {
        world.add(Lane::Archive, id(number), -10).await;
    }
    let (tell, mut told) = unbounded_channel();
    let lane = settings(Lane::Archive, 4, 3, Arc::new(Long(tell)));
    let running = Running::start(scheduler.clone(), vec![lane]);
    assert_eq!(told.recv().await, Some(Seen::Started));
    assert_eq!(told.recv().await, Some(Seen::Done), "the lease was lost or the work started twice");
    running.stop().await;
    assert_eq!(world.entries(Lane::Archive).await, 0);
    assert_eq!(*scheduler.finished.lock().expect("not poisoned"), [true; 3], "the renewed claims were not known");
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_is_told() {
    let world = World::new().await;
    world.add(Lane::Archive, id(1), -10).await;
    let (tell, mut told) = unbounded_channel();
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Archive, 1, 1, Arc::new(Long(tell)))]);
    assert_eq!(told.recv().await, Some(Seen::Started));
    world.queue.remove(Lane::Archive, &[id(1)]).await.expect("removed");
    let removed_ms = world.now_ms();
    assert_eq!(told.recv().await, Some(Seen::Lost));
    assert!(world.now_ms() - removed_ms <= LEASE_MS / 2, "told only after {} ms", world.now_ms() - removed_ms);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_renewed_counts_as_lost_when_it_ends() {
    let world = World::new().await;
    let scheduler = Faulty::new(world.queue.clone(), Fault::None);
    world.add(Lane::Archive, id(1), -10).await;
    let (tell, mut told) = unbounded_channel();
    let running = Running::start(scheduler.clone(), vec![settings(Lane::Archive, 1, 1, Arc::new(Long(tell)))]);
    assert_eq!(told.recv().await, Some(Seen::Started));
    pass(130_000).await;
    scheduler.set(Fault::Refuse);
    pass(25_000).await;
    scheduler.set(Fault::None);
    pass(120_000).await;
    assert!(told.try_recv().is_err(), "a short absence of the scheduler lost the lease");
    scheduler.set(Fault::Refuse);
    let away_ms = world.now_ms();
    assert_eq!(told.recv().await, Some(Seen::Lost));
    assert!(world.now_ms() - away_ms <= LEASE_MS, "told only after {} ms", world.now_ms() - away_ms);
    scheduler.set(Fault::None);
    running.stop().await;
}

/// Renews once and tells what came of it.
struct Renewing(UnboundedSender<(Lease, bool)>);

#[async_trait]
impl Handler for Renewing {
    async fn handle(&self, batch: Batch, lease: LeaseKeeper) -> Vec<(Claim, Finish)> {
        let mut outcomes = Vec::new();
        for claim in batch.claims {
            let renewed = lease.extend(&claim).await;
            self.0.send((renewed, lease.is_lost())).expect("the test listens");
            outcomes.push((claim, Finish::Done));
        }
        outcomes
    }
}

fn inline(lane: Lane, handler: Arc<dyn Handler>) -> LaneSettings {
    settings(lane, 2, 2, handler)
}

#[tokio::test(start_paused = true)]
async fn a_step_claims_handles_and_finishes_inline() {
    let world = World::new().await;
    let (handler, mut told) = telling();
    let lane = inline(Lane::Notify, handler);
    assert_eq!(queue::step(&*world.queue, &lane).await, 0);
    for number in 0..5 {
        world.add(Lane::Notify, id(number), -10).await;
    }
    assert_eq!(queue::step(&*world.queue, &lane).await, 4, "two batches of two");
    assert_eq!(queue::step(&*world.queue, &lane).await, 1);
    assert_eq!(world.entries(Lane::Notify).await, 0);
    for number in 0..5 {
        assert_eq!(told.try_recv(), Ok(id(number)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_renews_leases_too() {
    let world = World::new().await;
    let scheduler = Faulty::new(world.queue.clone(), Fault::None);
    let (tell, mut told) = unbounded_channel();
    let lane = inline(Lane::Poll, Arc::new(Renewing(tell)));
    world.add(Lane::Poll, id(1), -10).await;
    assert_eq!(queue::step(&*scheduler, &lane).await, 1);
    let (renewed, lost) = told.try_recv().expect("told");
    assert!(matches!(renewed, Lease::Held(_)) && !lost, "{renewed:?}");
    assert_eq!(*scheduler.finished.lock().expect("not poisoned"), [true], "the renewed claim was not known");
}

#[tokio::test(start_paused = true)]
async fn a_step_with_the_scheduler_away_handles_nothing() {
    let world = World::new().await;
    let scheduler = Faulty::new(world.queue.clone(), Fault::Refuse);
    let (handler, mut told) = telling();
    world.add(Lane::Poll, id(1), -10).await;
    assert_eq!(queue::step(&*scheduler, &inline(Lane::Poll, handler)).await, 0);
    assert!(told.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_dropped_leaves_its_leases() {
    let world = World::new().await;
    world.add(Lane::Archive, id(1), -10).await;
    let (tell, _told) = unbounded_channel();
    let lane = inline(Lane::Archive, Arc::new(Long(tell)));
    let step = queue::step(&*world.queue, &lane);
    assert!(tokio::time::timeout(std::time::Duration::from_secs(10), step).await.is_err());
    assert_eq!(world.leased(Lane::Archive).await, 1);
    pass(61_000).await;
    assert_eq!(world.leased(Lane::Archive).await, 0, "the lease of a dead worker ends");
}
