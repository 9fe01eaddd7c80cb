//! Claiming, starting, pausing, and trouble with the scheduler or a handler.

use crate::support::faulty::{Fault, Faulty};
use crate::support::{Each, Running, World, id, pass, settings, telling};
use queue::{Claim, Finish, Lane, Limits, RunError, Scheduler};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

/// An idle worker must see new work within this time.
const PICKUP_LIMIT: Duration = Duration::from_millis(50);

async fn next<T>(told: &mut UnboundedReceiver<T>) -> T {
    let heard = tokio::time::timeout(Duration::from_secs(300), told.recv()).await;
    heard.expect("it never came").expect("the handler is still there")
}

#[tokio::test(start_paused = true)]
async fn handlers_run_on_every_lane() {
    let world = World::new().await;
    let mut lanes = Vec::new();
    let mut listeners = Vec::new();
    for lane in Lane::ALL {
        for number in 0..40 {
            world.add_to(lane, id(number), &format!("channel-{}", number % 3), -10).await;
        }
        let (handler, told) = telling();
        lanes.push(settings(lane, 3, 4, handler));
        listeners.push(told);
    }
    let running = Running::start(world.queue.clone(), lanes);
    for told in &mut listeners {
        let mut seen = BTreeSet::new();
        for _ in 0..40 {
            assert!(seen.insert(next(told).await), "handled twice");
        }
    }
    running.stop().await;
    for lane in Lane::ALL {
        assert_eq!(world.entries(lane).await, 0, "{lane} is not empty");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_threads_handle_everything_once() {
    let world = World::new().await;
    let (handler, mut told) = telling();
    // Two workers on the same lane, as two processes would be.
    let lanes = vec![settings(Lane::Poll, 4, 5, handler.clone()), settings(Lane::Poll, 3, 2, handler)];
    let running = Running::start(world.queue.clone(), lanes);
    for number in 0..5_000 {
        world.add_to(Lane::Poll, id(number), &format!("channel-{}", number % 9), 0).await;
    }
    let mut seen = BTreeSet::new();
    for _ in 0..5_000 {
        assert!(seen.insert(next(&mut told).await), "handled twice");
    }
    running.stop().await;
    assert_eq!(world.entries(Lane::Poll).await, 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_claimed_than_can_be_started() {
    let world = World::new().await;
    for number in 0..60 {
        world.add_to(Lane::Poll, id(number), &format!("channel-{}", number % 20), -10).await;
    }
    let (in_flight, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak, queue) = (in_flight.clone(), most.clone(), world.queue.clone());
    let handler = Each(move |_| {
        let (now, peak, queue) = (now.clone(), peak.clone(), queue.clone());
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            pass(100).await;
            let leased = queue.counts(Lane::Poll).await.expect("counted").leased;
            assert!(leased <= 5 * 2, "{leased} leased for five handlers of two");
            now.fetch_sub(1, Ordering::SeqCst);
            Finish::Done
        }
    });
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Poll, 5, 2, Arc::new(handler))]);
    pass(20_000).await;
    running.stop().await;
    assert_eq!(world.entries(Lane::Poll).await, 0);
    assert_eq!(most.load(Ordering::SeqCst), 5, "handlers at the same time");
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_out_beyond_the_asking_is_given_back() {
    let world = World::new().await;
    for number in 0..30 {
        world.add(Lane::Notify, id(number), -10).await;
    }
    let scheduler = Faulty::new(world.queue.clone(), Fault::HandOutTooMuch);
    let (handler, mut told) = telling();
    let running = Running::start(scheduler, vec![settings(Lane::Notify, 2, 1, handler)]);
    let mut seen = BTreeSet::new();
    while seen.len() < 30 {
        seen.insert(next(&mut told).await);
    }
    running.stop().await;
    assert_eq!(world.entries(Lane::Notify).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_sees_new_work_at_once() {
    let world = World::new().await;
    let (handler, mut told) = telling();
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Submit, 2, 1, handler)]);
    for (number, idle_ms) in [(1, 10), (2, 999), (3, 12_345)] {
        pass(idle_ms).await;
        let added_at = Instant::now();
        world.add(Lane::Submit, id(number), 0).await;
        assert_eq!(next(&mut told).await, id(number));
        assert!(added_at.elapsed() <= PICKUP_LIMIT, "{:?} after {idle_ms} ms", added_at.elapsed());
    }
    for (number, in_ms) in [(4, 7), (5, 700), (6, 61_003)] {
        world.add(Lane::Submit, id(number), in_ms).await;
        let due_ms = world.now_ms() + in_ms;
        assert_eq!(next(&mut told).await, id(number));
        let late_ms = world.now_ms() - due_ms;
        assert!((0..=50).contains(&late_ms), "{late_ms} ms late");
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_sees_a_gate_open_at_once() {
    let world = World::new().await;
    let (handler, mut told) = telling();
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Submit, 8, 1, handler)]);
    world.queue.set_limits("a", Limits { slots: 1, rate_per_min: 6, burst: 2 }).await.expect("limits");
    for number in 1..=3 {
        world.add(Lane::Submit, id(number), 0).await;
    }
    assert_eq!(next(&mut told).await, id(1));
    pass(2_000).await;
    let freed_at = Instant::now();
    world.queue.leave_slots("a", &[id(1)]).await.expect("left");
    assert_eq!(next(&mut told).await, id(2));
    assert!(freed_at.elapsed() <= PICKUP_LIMIT, "{:?} after the slot came free", freed_at.elapsed());
    world.queue.leave_slots("a", &[id(2)]).await.expect("left");
    // The burst of two is used up; the next token is there ten seconds after the first was taken.
    assert_eq!(next(&mut told).await, id(3));
    let waited = freed_at.elapsed().as_millis();
    assert!((8_000..=8_100).contains(&waited), "{waited} ms for the token");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn idle_and_blocked_lanes_cost_next_to_nothing() {
    let world = World::new().await;
    world.queue.set_paused("a", true).await.expect("paused");
    world.queue.set_limits("b", Limits { slots: 1, rate_per_min: 1, burst: 1 }).await.expect("limits");
    world.queue.join_slots("b", &[id(99)]).await.expect("joined");
    for number in 0..10 {
        world.add_to(Lane::Submit, id(number), "a", -10).await;
        world.add_to(Lane::Submit, id(number + 10), "b", -10).await;
        world.add_to(Lane::Submit, id(number + 20), "c", 3_600_000).await;
    }
    let scheduler = Faulty::new(world.queue.clone(), Fault::None);
    let (handler, _told) = telling();
    let running = Running::start(scheduler.clone(), vec![settings(Lane::Submit, 4, 1, handler)]);
    pass(60_000).await;
    let claims = scheduler.claims.load(Ordering::SeqCst);
    assert!((1..=70).contains(&claims), "{claims} claims in an idle minute");
    scheduler.set(Fault::FalseAlarm);
    pass(60_000).await;
    let claims = scheduler.claims.load(Ordering::SeqCst) - claims;
    assert!((1..=6_100).contains(&claims), "{claims} claims in a minute of false alarms");
    running.stop().await;
}

/// Entries come in all the time while the scheduler is in trouble for a while; none may be lost, and
/// the handler that is in flight must live through it.
async fn survives(fault: Fault, trouble_ms: u64) {
    let world = World::new().await;
    let scheduler = Faulty::new(world.queue.clone(), Fault::None);
    let starts = Arc::new(AtomicUsize::new(0));
    let counted = starts.clone();
    let handler = Each(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            pass(500).await;
            Finish::Done
        }
    });
    let running = Running::start(scheduler.clone(), vec![settings(Lane::Archive, 3, 1, Arc::new(handler))]);
    for number in 0..20 {
        world.add(Lane::Archive, id(number), i64::try_from(number * 100).expect("small")).await;
    }
    pass(200).await;
    assert!(world.leased(Lane::Archive).await > 0, "something is in flight when the trouble begins");
    scheduler.set(fault);
    pass(trouble_ms).await;
    scheduler.set(Fault::None);
    pass(35_000).await;
    assert!(!running.has_ended());
    assert_eq!(world.entries(Lane::Archive).await, 0, "entries are left after {fault:?}");
    assert_eq!(starts.load(Ordering::SeqCst), 20, "handlers were dropped and run again after {fault:?}");
    // And the next one is picked up as if nothing had been.
    world.add(Lane::Archive, id(100), 0).await;
    pass(50).await;
    assert_eq!(starts.load(Ordering::SeqCst), 21, "the worker does not wake any more");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_that_refuses_is_survived() {
    survives(Fault::Refuse, 10_000).await;
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_that_panics_is_survived() {
    survives(Fault::Panic, 3_000).await;
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_that_stalls_is_survived() {
    for stall_ms in [300, 1_000, 2_500] {
        survives(Fault::Stall(Duration::from_millis(stall_ms)), 10_000).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_ends_is_given_up() {
    let world = World::new().await;
    let scheduler = Faulty::new(world.queue.clone(), Fault::Hang);
    let (handler, mut told) = telling();
    let running = Running::start(scheduler.clone(), vec![settings(Lane::Poll, 1, 1, handler)]);
    pass(1_000).await;
    scheduler.set(Fault::None);
    world.add(Lane::Poll, id(1), 0).await;
    assert_eq!(next(&mut told).await, id(1));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_handler_stays_its_own() {
    let world = World::new().await;
    let tries = Arc::new(AtomicUsize::new(0));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let counted = tries.clone();
    let handler = Each(move |claim: Claim| {
        let (tell, counted) = (tell.clone(), counted.clone());
        async move {
            let first = claim.id == id(1) && counted.fetch_add(1, Ordering::SeqCst) == 0;
            assert!(!first, "the handler panicked, as the test wants");
            tell.send(claim.id).expect("the test listens");
            Finish::Done
        }
    });
    for number in 0..10 {
        world.add(Lane::Submit, id(number), -10).await;
    }
    let started_at = Instant::now();
    let running = Running::start(world.queue.clone(), vec![settings(Lane::Submit, 1, 1, Arc::new(handler))]);
    for _ in 0..9 {
        assert_ne!(next(&mut told).await, id(1));
    }
    assert!(started_at.elapsed() < Duration::from_secs(1), "the others waited for it");
    assert_eq!(next(&mut told).await, id(1), "it comes back with the end of its lease");
    assert!(started_at.elapsed() >= Duration::from_secs(60), "{:?}", started_at.elapsed());
    running.stop().await;
    assert_eq!(world.entries(Lane::Submit).await, 0);
}

#[tokio::test(start_paused = true)]
async fn settings_that_make_no_sense_are_refused() {
    let world = World::new().await;
    let (handler, _told) = telling();
    let good = settings(Lane::Poll, 1, 1, handler);
    let refused = [
        vec![],
        vec![queue::LaneSettings { concurrency: 0, ..good.clone() }],
        vec![queue::LaneSettings { batch: 0, ..good.clone() }],
        vec![good.clone(), queue::LaneSettings { batch: 501, ..good.clone() }],
        vec![queue::LaneSettings { lease_ms: 0, ..good }],
    ];
    for lanes in refused {
        let seen = format!("{lanes:?}");
        let ended = Running::start(world.queue.clone(), lanes).end().await;
        assert!(matches!(ended, Err(RunError::Settings(_))), "{seen}: {ended:?}");
    }
}
