//! One connection of whichever kind, and how it is made.

use super::address::{Address, SentinelGroup};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisFuture, RedisResult, Value};
use std::time::Duration;

/// How often the Cluster's client itself tries a command again: after a move of a slot or a lost node.
const CLUSTER_RETRIES: u32 = 4;

/// The longest pause between these tries, in milliseconds.
const CLUSTER_RETRY_PAUSE_MS: u64 = 250;

/// A connection. Clones share it.
#[derive(Clone)]
pub(super) enum Link {
    /// To one server.
    Single(MultiplexedConnection),
    /// To a Cluster; it finds the nodes by itself.
    Cluster(ClusterConnection),
}

impl Link {
    /// Connects. `answer_limit` is how long each answer may take, `dial_limit` how long connecting may.
    pub(super) async fn dial(address: &Address, answer_limit: Duration, dial_limit: Duration) -> RedisResult<Self> {
        if let Address::Cluster(seeds) = address {
            let client = ClusterClientBuilder::new(seeds.clone())
                .connection_timeout(dial_limit)
                .response_timeout(answer_limit)
                .retries(CLUSTER_RETRIES)
                .max_retry_wait(CLUSTER_RETRY_PAUSE_MS)
                .build()?;
            return Ok(Self::Cluster(client.get_async_connection().await?));
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(dial_limit))
            .set_response_timeout(Some(answer_limit));
        let client = one_server(address, 0).await?;
        Ok(Self::Single(client.get_multiplexed_async_connection_with_config(&config).await?))
    }
}

/// A client of one server that takes part: the server, the master, or one node of a Cluster, another one
/// at each `attempt`.
pub(super) async fn one_server(address: &Address, attempt: usize) -> RedisResult<Client> {
    match address {
        Address::Single(info) => Client::open((**info).clone()),
        Address::Sentinel(group) => master(group).await,
        // There is at least one: an address without hosts is not read.
        Address::Cluster(seeds) => Client::open(seeds[attempt % seeds.len()].clone()),
    }
}

/// A client of the master that the Sentinels name now.
async fn master(group: &SentinelGroup) -> RedisResult<Client> {
    let sentinels = group.sentinels.clone();
    let mut builder = SentinelClientBuilder::new(sentinels, &group.service, SentinelServerType::Master)?;
    let node = group.node.redis_settings();
    builder = builder.set_client_to_redis_db(node.db());
    if let Some(user) = node.username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = node.password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(user) = &group.sentinel_user {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = &group.sentinel_password {
        builder = builder.set_client_to_sentinel_password(password);
    }
    if let Some(tls) = group.tls {
        builder = builder.set_client_to_redis_tls_mode(tls).set_client_to_sentinel_tls_mode(tls);
    }
    builder.build()?.async_get_client().await
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(link) => link.req_packed_command(cmd),
            Self::Cluster(link) => link.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(link) => link.req_packed_commands(cmd, offset, count),
            Self::Cluster(link) => link.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(link) => link.get_db(),
            Self::Cluster(link) => link.get_db(),
        }
    }
}
