//! Clients that keep their connections to somebody's host for a short while.
//!
//! Each is bound to the addresses that were checked when it was made and dials no others, so that no
//! connection, kept or new, leads to an address that was not checked half a minute ago at the most.

use reqwest::Client;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use task::AddressRanges;
use tokio::time::Instant;

/// How long a client serves after its addresses were looked up and checked.
const CLIENT_LIMIT: Duration = Duration::from_secs(30);

/// How many hosts are kept at the same time; the one that has served longest makes room.
const HOSTS_MAX: usize = 128;

/// How long a kept connection may lie idle. Below the five seconds after which widespread servers (Node's,
/// uvicorn) close one: a request that goes out while its connection is closed has to be sent again later.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// How many idle connections are kept for a host: as many as callbacks are usually sent at once (`Concurrency`),
/// because those of many tasks mostly go to one host, and to connect costs more than to send.
pub(super) const IDLE_PER_HOST: usize = 64;

/// What a client is for: scheme, host and port, the ranges that its addresses were checked against, and the
/// time that connecting may take.
#[derive(Debug, Clone)]
pub(super) struct Purpose {
    pub(super) origin: String,
    pub(super) ranges: Arc<AddressRanges>,
    pub(super) connect_timeout_ms: i64,
}

impl Purpose {
    fn is(&self, other: &Self) -> bool {
        self.origin == other.origin
            && self.connect_timeout_ms == other.connect_timeout_ms
            && (Arc::ptr_eq(&self.ranges, &other.ranges) || self.ranges == other.ranges)
    }
}

/// The clients, oldest first.
#[derive(Debug, Default)]
pub(super) struct KeptClients(Mutex<Vec<(Purpose, Client, Instant)>>);

impl KeptClients {
    /// The client for this, if there is one that still serves.
    pub(super) fn get(&self, purpose: &Purpose) -> Option<Client> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, _, made)| made.elapsed() < CLIENT_LIMIT);
        kept.iter().find(|(other, _, _)| other.is(purpose)).map(|(_, client, _)| client.clone())
    }

    /// Keeps a client for this. What another request kept meanwhile stays: both are right.
    pub(super) fn put(&self, purpose: Purpose, client: Client) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= HOSTS_MAX {
            kept.remove(0);
        }
        kept.push((purpose, client, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::install_ring;

    fn purpose(origin: &str, range: &str) -> Purpose {
        let ranges = AddressRanges::parse(&[range.to_owned()]).expect("a range");
        Purpose { origin: origin.to_owned(), ranges: Arc::new(ranges), connect_timeout_ms: 5_000 }
    }

    fn client() -> Client {
        install_ring();
        Client::builder().no_proxy().build().expect("a client can be made")
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_serves_its_own_purpose_for_as_long_as_its_check_holds() {
        let kept = KeptClients::default();
        let ours = purpose("https://a.test", "10.0.0.0/8");
        kept.put(ours.clone(), client());
        assert!(kept.get(&ours).is_some());
        assert!(kept.get(&purpose("https://a.test:8443", "10.0.0.0/8")).is_none(), "another port");
        assert!(kept.get(&purpose("https://a.test", "10.0.0.0/7")).is_none(), "checked against other ranges");
        assert!(kept.get(&Purpose { connect_timeout_ms: 1, ..ours.clone() }).is_none(), "another limit");
        tokio::time::advance(CLIENT_LIMIT).await;
        assert!(kept.get(&ours).is_none(), "the addresses have to be checked again");
    }

    #[tokio::test(start_paused = true)]
    async fn many_hosts_push_out_the_oldest() {
        let kept = KeptClients::default();
        let host = |n: usize| purpose(&format!("https://{n}.test"), "10.0.0.0/8");
        let client = client();
        (0..=HOSTS_MAX).for_each(|n| kept.put(host(n), client.clone()));
        assert!(kept.get(&host(0)).is_none());
        assert!(kept.get(&host(1)).is_some() && kept.get(&host(HOSTS_MAX)).is_some());
    }
}
