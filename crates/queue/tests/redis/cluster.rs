//! A Cluster of three masters, each with a replica.

use crate::server::{self, Server};
use crate::work::{Tally, Work, add_until_done, entries, is_empty, until};
use queue::{Lane, Scheduler};
use std::process::{Command, Stdio};

const SHARDS: usize = 16;
const CHANNELS: u64 = 12;

struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    async fn start() -> Self {
        let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--appendonly", "no"];
        let more = ["--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"];
        let nodes: Vec<_> = (0..6).map(|_| Server::start_with(&[&options[..], &more[..]].concat())).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let created = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .stdout(Stdio::null())
            .status();
        assert!(created.expect("redis-cli runs").success());
        let cluster = Self { nodes };
        until("a whole cluster", async || cluster.is_whole().await.then_some(())).await;
        cluster
    }

    async fn is_whole(&self) -> bool {
        let mut replicas = 0;
        for node in &self.nodes {
            let mut admin = node.admin().await;
            let info: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut admin).await.expect("asked");
            if !info.contains("cluster_state:ok") || !info.contains("cluster_known_nodes:6") {
                return false;
            }
            let info: String = redis::cmd("INFO").arg("replication").query_async(&mut admin).await.expect("asked");
            replicas += usize::from(info.contains("role:slave") && info.contains("master_link_status:up"));
        }
        replicas == 3
    }

    fn url(&self) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://{}", addresses.join(","))
    }

    /// A master that holds keys, by its place among the nodes.
    async fn a_busy_master(&self) -> usize {
        for (place, node) in self.nodes.iter().enumerate() {
            let mut admin = node.admin().await;
            let role: (String, redis::Value, redis::Value) =
                redis::cmd("ROLE").query_async(&mut admin).await.expect("asked");
            let keys: i64 = redis::cmd("DBSIZE").query_async(&mut admin).await.expect("asked");
            if role.0 == "master" && keys > 0 {
                return place;
            }
        }
        panic!("no master holds keys");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_loses_a_master_and_goes_on() {
    if !server::is_there() {
        return;
    }
    let mut cluster = Cluster::start().await;
    let queue = server::scheduler(&cluster.url(), SHARDS);
    queue.set_filled().await.expect("filled");
    let tally = Tally::new();
    let work = Work::start(server::scheduler(&cluster.url(), SHARDS), Lane::Poll, tally.clone());
    queue.add(Lane::Poll, &entries(0..1_000, CHANNELS)).await.expect("added");
    tally.reaches(1_000).await;
    let mut busy = 0;
    for node in &cluster.nodes {
        let keys: i64 = redis::cmd("DBSIZE").query_async(&mut node.admin().await).await.expect("asked");
        busy += usize::from(keys > 0);
    }
    assert_eq!(busy, 6, "the shards are not spread over all masters and replicas");

    let lost = cluster.a_busy_master().await;
    cluster.nodes[lost].kill();
    add_until_done(&*queue, Lane::Poll, &entries(1_000..2_000, CHANNELS)).await;
    tally.reaches(2_000).await;
    is_empty(&*queue, Lane::Poll).await;
    assert!(queue.is_filled().await.expect("asked"), "the replica had no epoch");
    work.stop().await;
}
