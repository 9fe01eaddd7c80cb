//! From a name to the addresses that may be dialled. What is checked is what is dialled: a name is
//! looked up once for a request, and the connection goes to those very addresses.

use super::target;
use super::wire::{Reach, WireError, WireErrorKind};
use async_trait::async_trait;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use url::Url;

/// The most addresses of each family that are tried for one request.
const ADDRESSES_PER_FAMILY: usize = 4;

/// Looks up names.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of a host, best first.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// The addresses of a URL's host that are within reach, at the URL's port.
pub(super) async fn addresses(resolver: &dyn Resolver, url: &Url, reach: &Reach) -> Result<Vec<SocketAddr>, WireError> {
    let port = url.port_or_known_default().unwrap_or_default();
    let found = match target::literal(url) {
        Some(address) => vec![address],
        None => look_up(resolver, url).await?,
    };
    let mut admitted = found;
    if let Reach::Public { ranges } = reach {
        admitted.retain(|address| ranges.admits(*address));
    }
    if admitted.is_empty() {
        return Err(target::not_public(url));
    }
    Ok(few_of_each_family(admitted).into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

async fn look_up(resolver: &dyn Resolver, url: &Url) -> Result<Vec<IpAddr>, WireError> {
    let unknown = |why: &str| {
        WireError::before(
            WireErrorKind::Dns,
            format!("the name of {} could not be looked up: {why}", target::label(url)),
        )
    };
    let host = url.host_str().unwrap_or_default();
    let found = resolver.resolve(host).await.map_err(|error| unknown(&error.to_string()))?;
    if found.is_empty() { Err(unknown("it has no address")) } else { Ok(found) }
}

fn few_of_each_family(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut v4_left, mut v6_left) = (ADDRESSES_PER_FAMILY, ADDRESSES_PER_FAMILY);
    let takes = |address: &IpAddr| {
        let left = if address.is_ipv4() { &mut v4_left } else { &mut v6_left };
        let taken = *left > 0;
        *left = left.saturating_sub(1);
        taken
    };
    addresses.into_iter().filter(takes).collect()
}

/// The same look-up for the client that keeps connections; only configured origins go through it.
pub(super) struct PooledResolver(pub(super) Arc<dyn Resolver>);

impl reqwest::dns::Resolve for PooledResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let resolver = self.0.clone();
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await?;
            // Port 0 stands for the URL's own.
            let addresses = few_of_each_family(found).into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as reqwest::dns::Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_but_keeps_both_families() {
        let many =
            (1..=64).map(|n| IpAddr::from([0x2606, 0x4700, 0, 0, 0, 0, 0, n])).chain([IpAddr::from([1, 1, 1, 1])]);
        let few = few_of_each_family(many.collect());
        assert_eq!(few.len(), 5);
        assert_eq!(few[4], IpAddr::from([1, 1, 1, 1]));
    }
}
