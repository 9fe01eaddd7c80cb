//! What it costs, and what is left when the work is done.

use crate::server::{self, Server};
use crate::suite::{claims_of, id};
use crate::work::entries;
use queue::{Entry, Finish, Lane, Limits, Scheduler};

/// How many scripts the server has run, and for how many microseconds.
async fn calls(server: &Server) -> (u64, u64) {
    let info: String =
        redis::cmd("INFO").arg("commandstats").query_async(&mut server.admin().await).await.expect("asked");
    let line = info.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap_or("calls=0,usec=0");
    let number = |name: &str| line.split([':', ',']).find_map(|field| field.strip_prefix(name)?.parse().ok());
    (number("calls=").expect("a number"), number("usec=").expect("a number"))
}

#[tokio::test]
async fn calls_are_few_however_many_the_ids() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let queue = server::scheduler(&server.url(), 1);
    queue.set_filled().await.expect("filled");
    for lane in [Lane::Submit, Lane::Poll] {
        // Once before it counts: the scripts are sent.
        for warm in 0..2 {
            let ids = entries(warm * 1_000..warm * 1_000 + 500, 50);
            let before = calls(&server).await;
            queue.add(lane, &ids).await.expect("added");
            let added = calls(&server).await;
            let claims = claims_of(queue.claim(lane, 500, 10, 60_000).await.expect("claimed"));
            let claimed = calls(&server).await;
            let outcomes: Vec<_> = claims.into_iter().map(|claim| (claim, Finish::Done)).collect();
            assert_eq!(outcomes.len(), 500);
            queue.finish(lane, &outcomes).await.expect("finished");
            let finished = calls(&server).await;
            if warm == 1 {
                let counted = [added.0 - before.0, claimed.0 - added.0, finished.0 - claimed.0];
                assert_eq!(counted, [1, 2, 1], "{lane}");
                let spent = [added.1 - before.1, claimed.1 - added.1, finished.1 - claimed.1];
                println!("{lane}: add, claim, finish of 500 ids of 50 channels: {counted:?} calls, {spent:?} µs");
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_left_of_ended_channels() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let queue = server::scheduler(&server.url(), 3);
    queue.set_filled().await.expect("filled");
    for number in 0..40 {
        let (task, channel) = (id(number), format!("ended-{number}"));
        queue.set_limits(&channel, Limits { slots: 2, rate_per_min: 60, burst: 3 }).await.expect("set");
        for lane in Lane::ALL {
            let entry = Entry { id: task, channel: channel.clone(), due_ms: 0 };
            queue.add(lane, std::slice::from_ref(&entry)).await.expect("added");
            let claims = claims_of(queue.claim(lane, 1, 1, 60_000).await.expect("claimed"));
            queue.add(lane, &[entry]).await.expect("a bell during the lease");
            queue.finish(lane, &[(claims[0].clone(), Finish::Done)]).await.expect("finished");
            queue.remove(lane, &[task]).await.expect("removed");
        }
        queue.leave_slots(&channel, &[task]).await.expect("left");
        queue.set_limits(&channel, Limits::default()).await.expect("set");
    }
    let mut left: Vec<String> =
        redis::cmd("KEYS").arg("*").query_async(&mut server.admin().await).await.expect("asked");
    left.sort_unstable();
    assert_eq!(left, ["{test:0/3}:epoch", "{test:1/3}:epoch", "{test:2/3}:epoch"]);
}

#[tokio::test]
async fn an_id_moves_between_shards_and_stays_one() {
    if !server::is_there() {
        return;
    }
    let server = Server::start();
    let queue = server::scheduler(&server.url(), 7);
    queue.set_filled().await.expect("filled");
    let entry = |channel: &str| Entry { id: id(1), channel: channel.into(), due_ms: 1_000 };
    for channel in ["a", "b", "c", "d", "e"] {
        queue.add(Lane::Submit, &[entry(channel)]).await.expect("added");
    }
    assert_eq!(queue.add_absent(Lane::Submit, &[entry("f")]).await.expect("asked"), 0);
    let claims = claims_of(queue.claim(Lane::Submit, 10, 10, 60_000).await.expect("claimed"));
    assert_eq!(claims.iter().map(|claim| claim.channel.as_str()).collect::<Vec<_>>(), ["e"]);
    // Leased on one shard, a bell for another channel is remembered where the lease is.
    queue.add(Lane::Submit, &[entry("b")]).await.expect("added");
    assert_eq!(queue.finish(Lane::Submit, &[(claims[0].clone(), Finish::Done)]).await.expect("finished"), [true]);
    let again = claims_of(queue.claim(Lane::Submit, 10, 10, 60_000).await.expect("claimed"));
    assert_eq!(again.len(), 1, "the bell was lost, or doubled: {again:?}");
}
