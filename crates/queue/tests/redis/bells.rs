//! What processes tell each other.

use crate::server::{self, Server};
use crate::suite::id;
use crate::work::{PATIENCE, entries, until};
use queue::{Lane, Scheduler};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn idle_workers_hear_of_new_work_of_another_process() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let (here, there) = (server::scheduler(&server.url(), 1), server::scheduler(&server.url(), 1));
    there.set_filled().await.expect("filled");
    let mut delays = Vec::new();
    for number in 0..60 {
        let waiting = tokio::spawn({
            let here = here.clone();
            async move { here.ready(Lane::Archive).await }
        });
        // Long enough to be asleep, whatever it does: else it would not have to be woken.
        tokio::time::sleep(Duration::from_millis(15)).await;
        let began = Instant::now();
        there.add(Lane::Archive, &entries(number..number + 1, 1)).await.expect("added");
        tokio::time::timeout(PATIENCE, waiting).await.expect("woken").expect("no panic");
        delays.push(began.elapsed());
        there.remove(Lane::Archive, &[id(number)]).await.expect("removed");
    }
    delays.sort_unstable();
    println!("woken after: median {:?}, 95 % {:?}, last {:?}", delays[30], delays[57], delays[59]);
    // Without bells it would be a second, or half of one on average.
    assert!(delays[30] < Duration::from_millis(250), "workers are not woken: {delays:?}");
}

#[tokio::test]
async fn a_lane_opens_by_itself_when_its_time_comes() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let queue = server::scheduler(&server.url(), 2);
    queue.set_filled().await.expect("filled");
    let (seconds, micros): (i64, i64) =
        redis::cmd("TIME").query_async(&mut server.admin().await).await.expect("the time");
    let mut entry = entries(1..2, 1);
    entry[0].due_ms = seconds * 1_000 + micros / 1_000 + 300;
    queue.add(Lane::Poll, &entry).await.expect("added");
    tokio::time::timeout(PATIENCE, queue.ready(Lane::Poll)).await.expect("opens");
    assert_eq!(queue.claim(Lane::Poll, 1, 1, 60_000).await.expect("claimed").len(), 1, "it opened too early");
}

#[tokio::test]
async fn changes_reach_other_processes_once() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let (here, there) = (server::scheduler(&server.url(), 1), server::scheduler(&server.url(), 1));
    let (mut heard_here, mut heard_there) = (here.changes(), there.changes());
    // The first ones may come before the subscription stands.
    until("heard", async || {
        here.announce(&[id(1)]).await;
        tokio::time::timeout(Duration::from_millis(50), there.changes().recv()).await.ok()
    })
    .await
    .expect("open");
    here.announce(&[id(2), id(3)]).await;
    there.announce(&[id(4)]).await;
    for heard in [&mut heard_here, &mut heard_there] {
        let mut ids = Vec::new();
        while ids.len() < 3 {
            let next = tokio::time::timeout(PATIENCE, heard.recv()).await.expect("heard").expect("open");
            ids.extend((next != id(1)).then_some(next));
        }
        ids.sort_unstable();
        assert_eq!(ids, [id(2), id(3), id(4)]);
    }
}
