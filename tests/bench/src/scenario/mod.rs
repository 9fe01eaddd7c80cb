//! One file a scenario.

pub(crate) mod archive;
pub(crate) mod faults;
pub(crate) mod flight;
pub(crate) mod grow;
pub(crate) mod life;
pub(crate) mod read;
pub(crate) mod rebuild;
pub(crate) mod start;
pub(crate) mod submit;
pub(crate) mod wait;

use crate::client::{Ask, Client};
use crate::part::{Part, Role};
use crate::servers::{Postgres, Redis};
use crate::service::{KEY, Parts, Setup};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Nobody: the upstream of a channel that is never asked.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);
/// The pause between two polls where nobody is asked, ms.
const POLL_PERIOD_MS: i64 = 5_000;

/// A submission that no other is like.
fn imagine(number: u64) -> Ask {
    Ask::post("/mj/submit/imagine", json!({ "prompt": format!("a lighthouse at dusk, number {number} --ar 16:9") }))
}

/// A ledger with its tables, its caller and its channels, and one task that was submitted through our service:
/// the mould of all others.
async fn furnished(
    postgres: &Postgres,
    redis: &Redis,
    database: &str,
    channels: u64,
    upstream: SocketAddr,
) -> anyhow::Result<Setup> {
    let setup = Setup::new(postgres.database(database).await?, redis.url());
    let parts = Parts::open(&setup).await?;
    parts.furnish(channels, upstream, POLL_PERIOD_MS).await?;
    parts.ledger.close().await;
    let (service, address) = Part::serving(&Role::Service { setup: setup.clone(), stages: false }).await?;
    let (status, body) = Client::connect(address, KEY).await?.ask(&imagine(0)).await?;
    let answer: Value = serde_json::from_slice(&body)?;
    anyhow::ensure!(status == 200 && answer["code"] == 1, "not taken in: {status} {answer}");
    service.end().await?;
    redis.empty().await?;
    Ok(setup)
}
