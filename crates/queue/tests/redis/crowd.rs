//! Several processes at one Redis.

use crate::server::{self, Server};
use crate::suite::{claims_of, id};
use crate::work::entries;
use queue::{Claim, Entry, Finish, Lane, Limits, RedisScheduler, Scheduler};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tokio::sync::Barrier;

const PROCESSES: usize = 4;
const TASKS: usize = 400;
const SLOTS: i64 = 5;

/// Submits until everything is submitted; each task leaves its slot only after a look of the others.
async fn submit(queue: Arc<RedisScheduler>, running: Arc<AtomicI64>, done: Arc<AtomicUsize>) -> i64 {
    let mut most = 0;
    while done.load(Ordering::SeqCst) < TASKS {
        let claims = claims_of(queue.claim(Lane::Submit, 3, 2, 60_000).await.expect("claimed"));
        let many = i64::try_from(claims.len()).expect("few");
        most = most.max(running.fetch_add(many, Ordering::SeqCst) + many);
        let ids: Vec<_> = claims.iter().map(|claim| claim.id).collect();
        let outcomes: Vec<_> = claims.into_iter().map(|claim| (claim, Finish::Done)).collect();
        assert!(queue.finish(Lane::Submit, &outcomes).await.expect("finished").iter().all(|held| *held));
        tokio::task::yield_now().await;
        // Counted before the slots are free, because from then on others may take them.
        running.fetch_sub(many, Ordering::SeqCst);
        queue.leave_slots("a", &ids).await.expect("left");
        done.fetch_add(ids.len(), Ordering::SeqCst);
    }
    most
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_are_never_exceeded_by_four_processes() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let processes: Vec<_> = (0..PROCESSES).map(|_| server::scheduler(&server.url(), 1)).collect();
    processes[0].set_limits("a", Limits { slots: SLOTS, rate_per_min: 0, burst: 1 }).await.expect("set");
    let entries: Vec<_> =
        (0..TASKS as u64).map(|number| Entry { id: id(number), channel: "a".into(), due_ms: 0 }).collect();
    processes[0].add(Lane::Submit, &entries).await.expect("added");
    processes[0].set_filled().await.expect("filled");
    let (running, done) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicUsize::new(0)));
    let submitting: Vec<_> =
        processes.into_iter().map(|queue| tokio::spawn(submit(queue, running.clone(), done.clone()))).collect();
    let mut most = 0;
    for process in submitting {
        most = most.max(process.await.expect("no panic"));
    }
    assert!(most <= SLOTS, "{most} ran at the same time in {SLOTS} slots");
    assert!(most > 1, "the slots were never used side by side");
    assert_eq!(done.load(Ordering::SeqCst), TASKS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bucket_is_never_exceeded_by_four_processes() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let processes: Vec<_> = (0..PROCESSES).map(|_| server::scheduler(&server.url(), 1)).collect();
    let (rate_per_min, burst) = (6_000, 20);
    processes[0].set_limits("a", Limits { slots: 0, rate_per_min, burst }).await.expect("set");
    let entries: Vec<_> = (0..5_000).map(|number| Entry { id: id(number), channel: "a".into(), due_ms: 0 }).collect();
    processes[0].add(Lane::Submit, &entries).await.expect("added");
    processes[0].set_filled().await.expect("filled");
    let start = Arc::new(Barrier::new(PROCESSES));
    let claiming: Vec<_> = processes
        .into_iter()
        .map(|queue| {
            let start = start.clone();
            tokio::spawn(async move {
                start.wait().await;
                let mut claims = Vec::<Claim>::new();
                for _ in 0..300 {
                    claims.extend(claims_of(queue.claim(Lane::Submit, 50, 7, 60_000).await.expect("claimed")));
                }
                claims
            })
        })
        .collect();
    let mut claims = Vec::new();
    for process in claiming {
        claims.extend(process.await.expect("no panic"));
    }
    // By the server's own clock: when each lease began.
    let mut times: Vec<_> = claims.iter().map(|claim| claim.lease_until_ms - 60_000).collect();
    times.sort_unstable();
    for (more, time_ms) in times.iter().enumerate() {
        let allowed = burst + (time_ms - times[0]) * rate_per_min / 60_000 + 1;
        assert!(i64::try_from(more).expect("few") < allowed + 1, "{more} after {} ms", time_ms - times[0]);
    }
    assert!(times.len() > 20, "only {} were claimed", times.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds_in_every_process() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let processes: Vec<_> = (0..PROCESSES).map(|_| server::scheduler(&server.url(), 1)).collect();
    processes[0].add(Lane::Submit, &entries(0..2_000, 1)).await.expect("added");
    processes[0].set_filled().await.expect("filled");
    for queue in &processes {
        assert_eq!(claims_of(queue.claim(Lane::Submit, 10, 1, 60_000).await.expect("claimed")).len(), 10);
    }
    processes[1].set_paused("channel-0", true).await.expect("paused");
    for queue in &processes {
        assert!(queue.claim(Lane::Submit, 10, 1, 60_000).await.expect("claimed").is_empty());
    }
    processes[2].set_paused("channel-0", false).await.expect("resumed");
    for queue in &processes {
        assert_eq!(claims_of(queue.claim(Lane::Submit, 10, 1, 60_000).await.expect("claimed")).len(), 10);
    }
}

#[tokio::test]
async fn what_a_dead_process_had_comes_to_another() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let (dead, heir) = (server::scheduler(&server.url(), 1), server::scheduler(&server.url(), 1));
    dead.add(Lane::Poll, &entries(0..10_000, 20)).await.expect("added");
    dead.set_filled().await.expect("filled");
    let mut held = Vec::new();
    while held.len() < 10_000 {
        held.extend(claims_of(dead.claim(Lane::Poll, 500, 50, 30_000).await.expect("claimed")));
    }
    assert!(heir.claim(Lane::Poll, 500, 50, 30_000).await.expect("claimed").is_empty());
    heir.skew_time(31_000);
    let mut inherited = HashSet::new();
    while inherited.len() < 10_000 {
        let claims = claims_of(heir.claim(Lane::Poll, 500, 50, 60_000).await.expect("claimed"));
        assert!(!claims.is_empty(), "{} of 10,000 came back", inherited.len());
        assert!(claims.iter().all(|claim| inherited.insert(claim.id)), "one came twice");
        if inherited.len() == 500 {
            // The dead one was only slow, and wakes now: what it had is another's.
            let taken: Vec<_> = held.iter().filter(|claim| inherited.contains(&claim.id)).cloned().collect();
            let stale: Vec<_> = taken.into_iter().map(|claim| (claim, Finish::Done)).collect();
            assert!(dead.finish(Lane::Poll, &stale).await.expect("finished").iter().all(|held| !held));
        }
        let outcomes: Vec<_> = claims.into_iter().map(|claim| (claim, Finish::Done)).collect();
        assert!(heir.finish(Lane::Poll, &outcomes).await.expect("finished").iter().all(|held| *held));
    }
    assert_eq!(heir.counts(Lane::Poll).await.expect("counted"), queue::LaneCounts::default());
}
