//! A master, a replica and three Sentinels.

use crate::server::{self, Server};
use crate::work::{Tally, Work, add_until_done, entries, is_empty, until};
use queue::{Lane, Scheduler};

struct Group {
    master: Server,
    replica: Server,
    sentinels: Vec<Server>,
}

impl Group {
    async fn start() -> Self {
        let master = Server::start_with(&["--appendonly", "no", "--repl-diskless-sync-delay", "0"]);
        let master_port = master.port.to_string();
        let replica = Server::start_with(&["--appendonly", "no", "--replicaof", "127.0.0.1", &master_port]);
        let watch = format!(
            "sentinel monitor mymaster 127.0.0.1 {master_port} 2\n\
             sentinel down-after-milliseconds mymaster 500\n\
             sentinel failover-timeout mymaster 3000\n"
        );
        let sentinels = (0..3).map(|_| Server::start_sentinel(&watch)).collect();
        let group = Self { master, replica, sentinels };
        until("Sentinels that know each other", async || group.is_whole().await.then_some(())).await;
        group
    }

    async fn is_whole(&self) -> bool {
        for sentinel in &self.sentinels {
            let mut admin = sentinel.admin().await;
            let told: Vec<String> =
                redis::cmd("SENTINEL").arg("MASTER").arg("mymaster").query_async(&mut admin).await.expect("asked");
            let is = |key: &str, value: &str| told.chunks(2).any(|pair| pair[0] == key && pair[1] == value);
            if !is("num-other-sentinels", "2") || !is("num-slaves", "1") || !is("flags", "master") {
                return false;
            }
        }
        let info: String =
            redis::cmd("INFO").arg("replication").query_async(&mut self.replica.admin().await).await.expect("asked");
        info.contains("master_link_status:up")
    }

    fn url(&self) -> String {
        let addresses: Vec<_> = self.sentinels.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+sentinel://{}/mymaster", addresses.join(","))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_is_followed() {
    if !server::is_there() {
        return;
    }
    let mut group = Group::start().await;
    let queue = server::scheduler(&group.url(), 1);
    queue.set_filled().await.expect("filled");
    let tally = Tally::new();
    let work = Work::start(server::scheduler(&group.url(), 1), Lane::Submit, tally.clone());
    queue.add(Lane::Submit, &entries(0..500, 8)).await.expect("added");
    tally.reaches(500).await;
    group.master.kill();
    add_until_done(&*queue, Lane::Submit, &entries(500..1_000, 8)).await;
    tally.reaches(1_000).await;
    is_empty(&*queue, Lane::Submit).await;
    assert!(queue.is_filled().await.expect("asked"), "the replica had no epoch");
    work.stop().await;
}
