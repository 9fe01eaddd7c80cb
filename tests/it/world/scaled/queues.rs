//! The same processes on a Sentinel group and on a Cluster.

use super::groups::{Cluster, SentinelGroup};
use super::installation::Installation;
use super::servers::are_there;
use super::{all_succeeded_once, submit};

/// Tasks of each test.
const TASKS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn tasks_reach_their_ends_while_sentinels_fail_over() {
    if !are_there() {
        return;
    }
    let mut redis = SentinelGroup::start();
    let Some(world) = Installation::start(&redis.url()).await else { return };
    world.warm_up().await;
    let mut ids = submit(&world, &[0, 1], 0..TASKS / 2, None).await;
    world.running(0, &ids[0]).await;
    redis.lose_master();
    ids.extend(submit(&world, &[0, 1], TASKS / 2..TASKS, None).await);
    all_succeeded_once(&world, &ids).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_reach_their_ends_on_a_cluster() {
    if !are_there() {
        return;
    }
    let redis = Cluster::start();
    let shards = [("BACKLOT_QUEUE__SHARDS", "16")];
    let Some(world) = Installation::start_with(&redis.url(), &shards).await else { return };
    let ids = submit(&world, &[0, 1], 0..TASKS, None).await;
    world.running(0, &ids[0]).await;
    assert_eq!(redis.used(), 3, "the shards' epochs are on every master");
    all_succeeded_once(&world, &ids).await;
    world.end().await;
}
