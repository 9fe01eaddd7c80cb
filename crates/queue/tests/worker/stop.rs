//! How workers stop.

use crate::support::faulty::{Fault, Faulty};
use crate::support::{Each, Running, World, id, pass, settings};
use queue::{Claim, Finish, Lane, Scheduler};
use std::sync::Arc;
use std::time::Duration;
use task::TaskId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Started(TaskId),
    Finished(TaskId),
    Dropped(TaskId),
}

/// Tells how a handler ended.
struct Ending(TaskId, UnboundedSender<Seen>, bool);

impl Drop for Ending {
    fn drop(&mut self) {
        let seen = if self.2 { Seen::Finished(self.0) } else { Seen::Dropped(self.0) };
        self.1.send(seen).expect("the test listens");
    }
}

/// A handler that takes `work_ms` for each claim and tells what happens to it.
fn slow(work_ms: u64) -> (Arc<dyn queue::Handler>, UnboundedReceiver<Seen>) {
    let (tell, told) = unbounded_channel();
    let handler = Each(move |claim: Claim| {
        let tell = tell.clone();
        async move {
            tell.send(Seen::Started(claim.id)).expect("the test listens");
            let mut ending = Ending(claim.id, tell, false);
            pass(work_ms).await;
            ending.2 = true;
            Finish::Done
        }
    });
    (Arc::new(handler), told)
}

async fn busy_world() -> World {
    let world = World::new().await;
    for number in 0..3 {
        world.add(Lane::Submit, id(number), -10).await;
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_soft_stop_lets_handlers_finish_and_starts_no_more() {
    let world = busy_world().await;
    let (handler, mut told) = slow(20_000);
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Submit, 1, 1, handler)]);
    assert_eq!(told.recv().await, Some(Seen::Started(id(0))));
    let stopped_at = Instant::now();
    running.stop().await;
    assert!(stopped_at.elapsed() >= Duration::from_secs(19), "it did not wait: {:?}", stopped_at.elapsed());
    assert_eq!(told.recv().await, Some(Seen::Finished(id(0))));
    assert_eq!(told.recv().await, None, "more was started after the stop");
    let counts = world.queue.counts(Lane::Submit).await.expect("counted");
    assert_eq!((counts.due, counts.leased), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_soft_stop_of_idle_workers_is_quick() {
    let world = World::new().await;
    let (handler, _told) = slow(1);
    let lanes = Lane::ALL.map(|lane| settings(lane, 2, 1, handler.clone()));
    let running = Running::start(world.queue.clone(), lanes.to_vec());
    pass(5_000).await;
    let stopped_at = Instant::now();
    running.stop().await;
    assert!(stopped_at.elapsed() < Duration::from_millis(100), "{:?}", stopped_at.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_first_claim_is_heard() {
    let world = busy_world().await;
    let (handler, mut told) = slow(1);
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Submit, 1, 1, handler)]);
    running.stop().await;
    assert_eq!(told.recv().await, None);
    assert_eq!(world.leased(Lane::Submit).await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_claim_brings_after_the_stop_is_given_back() {
    let world = busy_world().await;
    let scheduler = Faulty::new(world.queue.clone(), Fault::Stall(Duration::from_secs(2)));
    let (handler, mut told) = slow(1);
    let running = Running::start(scheduler.clone(), vec![settings(Lane::Submit, 3, 1, handler)]);
    pass(1_000).await;
    running.stop().await;
    assert_eq!(told.recv().await, None, "a handler was started after the stop");
    let counts = world.queue.counts(Lane::Submit).await.expect("counted");
    assert_eq!((counts.due, counts.leased), (3, 0));
    assert_eq!(
        *scheduler.finished.lock().expect("not poisoned"),
        [true; 3],
        "nothing was claimed, so nothing is shown"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hard_stop_drops_handlers_and_gives_their_claims_back() {
    let world = busy_world().await;
    let (handler, mut told) = slow(20_000);
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Submit, 2, 1, handler)]);
    assert_eq!(told.recv().await, Some(Seen::Started(id(0))));
    assert_eq!(told.recv().await, Some(Seen::Started(id(1))));
    let stopped_at = Instant::now();
    running.hard.cancel();
    running.end().await.expect("a clean stop");
    assert!(stopped_at.elapsed() < Duration::from_secs(1), "{:?}", stopped_at.elapsed());
    let mut endings = [told.recv().await.expect("an ending"), told.recv().await.expect("an ending")];
    endings.sort_by_key(|seen| format!("{seen:?}"));
    assert_eq!(endings, [Seen::Dropped(id(0)), Seen::Dropped(id(1))]);
    let counts = world.queue.counts(Lane::Submit).await.expect("counted");
    assert_eq!((counts.due, counts.leased), (3, 0), "claims were not given back");
}

#[tokio::test(start_paused = true)]
async fn a_hard_stop_after_a_soft_one_ends_the_waiting() {
    let world = busy_world().await;
    let (handler, mut told) = slow(3_600_000);
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Submit, 1, 1, handler)]);
    assert_eq!(told.recv().await, Some(Seen::Started(id(0))));
    running.soft.cancel();
    pass(30_000).await;
    assert!(!running.has_ended(), "the soft stop did not wait");
    running.hard.cancel();
    running.end().await.expect("a clean stop");
    assert_eq!(told.recv().await, Some(Seen::Dropped(id(0))));
    assert_eq!(world.leased(Lane::Submit).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_scheduler_that_is_away() {
    for fault in [Fault::Refuse, Fault::Hang, Fault::Panic] {
        let world = busy_world().await;
        let scheduler = Faulty::new(world.queue.clone(), Fault::None);
        let (handler, mut told) = slow(20_000);
        let running = Running::start(scheduler.clone(), vec![settings(Lane::Submit, 1, 1, handler)]);
        assert_eq!(told.recv().await, Some(Seen::Started(id(0))));
        scheduler.set(fault);
        let stopped_at = Instant::now();
        running.hard.cancel();
        running.end().await.expect("a clean stop");
        assert!(stopped_at.elapsed() <= Duration::from_secs(10), "{fault:?}: {:?}", stopped_at.elapsed());
        assert_eq!(told.recv().await, Some(Seen::Dropped(id(0))));
        assert_eq!(world.leased(Lane::Submit).await, 1, "its lease ends by itself");
    }
}

#[tokio::test(start_paused = true)]
async fn a_soft_stop_waits_for_handlers_but_not_for_a_scheduler_that_is_away() {
    let world = busy_world().await;
    let scheduler = Faulty::new(world.queue.clone(), Fault::None);
    let (handler, mut told) = slow(20_000);
    let running = Running::start(scheduler.clone(), vec![settings(Lane::Submit, 1, 1, handler)]);
    assert_eq!(told.recv().await, Some(Seen::Started(id(0))));
    scheduler.set(Fault::Refuse);
    let stopped_at = Instant::now();
    running.stop().await;
    assert_eq!(told.recv().await, Some(Seen::Finished(id(0))));
    let waited = stopped_at.elapsed();
    assert!(waited >= Duration::from_secs(19) && waited <= Duration::from_secs(26), "{waited:?}");
}
