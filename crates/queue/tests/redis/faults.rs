//! Redis goes away and comes back, and the workers go on by themselves.

use crate::server::{self, Server};
use crate::suite::claims_of;
use crate::work::{Tally, Work, add_until_done, entries, is_empty, until};
use queue::{Finish, Lane, Scheduler};
use std::time::Duration;

const TASKS: usize = 2_000;

/// Adds the tasks in pieces and does something to the server now and then.
async fn while_working(server: &mut Server, trouble: impl AsyncFn(&mut Server)) {
    let queue = server::scheduler(&server.url(), 1);
    queue.set_filled().await.expect("filled");
    let tally = Tally::new();
    let work = Work::start(server::scheduler(&server.url(), 1), Lane::Poll, tally.clone());
    for piece in 0..4u64 {
        let (first, after) = (piece * 500, (piece + 1) * 500);
        add_until_done(&*queue, Lane::Poll, &entries(first..first + 250, 9)).await;
        tally.reaches(usize::try_from(first).expect("small") + 100).await;
        trouble(server).await;
        add_until_done(&*queue, Lane::Poll, &entries(first + 250..after, 9)).await;
    }
    tally.reaches(TASKS).await;
    is_empty(&*queue, Lane::Poll).await;
    work.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_may_be_cut() {
    if !server::is_there() {
        return;
    }
    let mut server = Server::start();
    while_working(&mut server, async |server| {
        server.order("CLIENT KILL TYPE normal SKIPME yes").await;
        server.order("CLIENT KILL TYPE pubsub").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_of_a_second_is_waited_for() {
    if !server::is_there() {
        return;
    }
    let mut server = Server::start();
    while_working(&mut server, async |server| {
        server.order("CLIENT PAUSE 1000 ALL").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_may_be_forgotten() {
    if !server::is_there() {
        return;
    }
    let mut server = Server::start();
    while_working(&mut server, async |server| {
        server.order("SCRIPT FLUSH").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_with_its_data_is_only_a_pause() {
    if !server::is_there() {
        return;
    }
    let mut server = Server::start_durable();
    while_working(&mut server, async |server| server.restart()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_without_data_waits_to_be_filled() {
    if !server::is_there() {
        return;
    }
    let mut server = Server::start();
    let (queue, sweep) = (server::scheduler(&server.url(), 2), server::scheduler(&server.url(), 2));
    queue.add(Lane::Poll, &entries(0..1_000, 7)).await.expect("added");
    queue.set_filled().await.expect("filled");
    let held = claims_of(queue.claim(Lane::Poll, 500, 10, 60_000).await.expect("claimed"));
    let tally = Tally::new();
    let work = Work::start(queue.clone(), Lane::Poll, tally.clone());
    tally.reaches(100).await;
    server.restart();
    let is_filled = until("answered", async || sweep.is_filled().await.ok()).await;
    assert!(!is_filled, "an empty Redis passes for a filled one");
    // The sweep is at it: what is added meanwhile is not handed out yet.
    add_until_done(&*sweep, Lane::Poll, &entries(0..500, 7)).await;
    assert!(sweep.claim(Lane::Poll, 500, 10, 60_000).await.expect("claimed").is_empty());
    let outcomes: Vec<_> = held.into_iter().map(|claim| (claim, Finish::Done)).collect();
    let answers = until("answered", async || queue.finish(Lane::Poll, &outcomes).await.ok()).await;
    assert!(answers.iter().all(|held| !held), "a lease of the Redis before counts");
    add_until_done(&*sweep, Lane::Poll, &entries(500..1_000, 7)).await;
    sweep.set_filled().await.expect("filled");
    tally.reaches(1_000).await;
    is_empty(&*sweep, Lane::Poll).await;
    work.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_is_healed_by_filling() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let queue = server::scheduler(&server.url(), 1);
    queue.set_filled().await.expect("filled");
    let tally = Tally::new();
    let work = Work::start(server::scheduler(&server.url(), 1), Lane::Archive, tally.clone());
    queue.add(Lane::Archive, &entries(0..100, 3)).await.expect("added");
    tally.reaches(100).await;
    server.order("FLUSHALL").await;
    queue.add(Lane::Archive, &entries(100..200, 3)).await.expect("added");
    assert!(!queue.is_filled().await.expect("asked"));
    queue.set_filled().await.expect("filled");
    tally.reaches(200).await;
    is_empty(&*queue, Lane::Archive).await;
    work.stop().await;
    assert_eq!(tally.most(), 1, "something ran twice");
}

#[tokio::test]
async fn a_redis_that_is_away_is_told_without_its_password() {
    let url = format!("redis://user:hunter2@127.0.0.1:{}", server::free_port());
    let queue = server::scheduler(&url, 1);
    let error = queue.is_filled().await.expect_err("nobody is there");
    let text = format!("{error} {error:?} {queue:?}");
    assert!(!text.contains("hunter2") && text.contains("refused"), "{text}");
    for lane in Lane::ALL {
        queue.claim(lane, 1, 1, 1_000).await.expect_err("nobody is there");
    }
    queue.announce(&[]).await;
    let waiting = tokio::time::timeout(Duration::from_millis(600), queue.ready(Lane::Poll)).await;
    assert!(waiting.is_err(), "an absent Redis calls workers");
}

#[tokio::test]
async fn a_wrong_password_is_not_repeated() {
    if !server::is_there() {
        return;
    }
    let server = Server::start_with(&["--requirepass", "right"]);
    let wrong = server::scheduler(&format!("redis://:hunter2@127.0.0.1:{}", server.port), 1);
    let error = wrong.set_filled().await.expect_err("refused");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let right = server::scheduler(&format!("redis://:right@127.0.0.1:{}", server.port), 1);
    right.set_filled().await.expect("taken");
}
