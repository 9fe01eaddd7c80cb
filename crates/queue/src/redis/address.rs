//! Where Redis is: one server, a Sentinel group or a Cluster, from a URL.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, TlsMode};
use std::fmt;

/// The port of a Sentinel that names none.
const SENTINEL_PORT: u16 = 26_379;

/// The URL is not one of a Redis. Says nothing of the URL itself, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue's URL: {0}")]
pub struct RedisUrlError(pub(super) &'static str);

/// A Redis, by how it is reached.
#[derive(Clone)]
pub(super) enum Address {
    /// One server.
    Single(Box<ConnectionInfo>),
    /// The master that these Sentinels name.
    Sentinel(Box<SentinelGroup>),
    /// A Cluster that these nodes know.
    Cluster(Vec<ConnectionInfo>),
}

/// Sentinels and what they watch.
#[derive(Clone)]
pub(super) struct SentinelGroup {
    /// Each Sentinel's address.
    pub(super) sentinels: Vec<ConnectionAddr>,
    /// The master's name.
    pub(super) service: String,
    /// Credentials and database of the master.
    pub(super) node: ConnectionInfo,
    /// The Sentinels' own user and password, if they have any.
    pub(super) sentinel_user: Option<String>,
    pub(super) sentinel_password: Option<String>,
    /// Whether Sentinels and master speak TLS.
    pub(super) tls: Option<TlsMode>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single(_) => "Single(…)",
            Self::Sentinel(_) => "Sentinel(…)",
            Self::Cluster(_) => "Cluster(…)",
        })
    }
}

/// The parts of `SCHEME://[USER:PASSWORD@]HOST[:PORT],…[/PATH][?QUERY]`.
struct Parts<'a> {
    login: &'a str,
    hosts: Vec<&'a str>,
    path: &'a str,
    query: &'a str,
}

impl Address {
    /// Reads `redis://HOST:PORT/DB`, `redis+sentinel://HOST:PORT,…/MASTER[/DB]`, `redis+cluster://HOST:PORT,…`,
    /// or the same with `rediss` for TLS. User and password stand before an `@` and are those of the
    /// data nodes; Sentinels' own ones are `?sentinel_user=…&sentinel_password=…`.
    pub(super) fn read(url: &str) -> Result<Self, RedisUrlError> {
        let (scheme, rest) = url.trim().split_once("://").ok_or(RedisUrlError("it has no scheme"))?;
        let (base, form) = scheme.split_once('+').unwrap_or((scheme, ""));
        if !matches!(base, "redis" | "rediss") {
            return Err(RedisUrlError("the scheme must be redis or rediss, or one with +sentinel or +cluster"));
        }
        match form {
            "" => Ok(Self::Single(Box::new(node(url.trim())?))),
            "sentinel" => read_sentinel(base, &split(rest)?),
            "cluster" => read_cluster(base, &split(rest)?),
            _ => Err(RedisUrlError("after the + comes sentinel or cluster")),
        }
    }
}

/// One node's address, as redis reads it. Its own error may quote the URL, so it is not passed on.
fn node(url: &str) -> Result<ConnectionInfo, RedisUrlError> {
    let info = url.into_connection_info().map_err(|_| RedisUrlError("host, port or database can't be read"))?;
    match info.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } if host.is_empty() => {
            Err(RedisUrlError("a host is missing"))
        }
        _ => Ok(info),
    }
}

fn split(rest: &str) -> Result<Parts<'_>, RedisUrlError> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A slash may stand in a password only as %2F, so the last @ ends the login.
    let (login, rest) = rest.rsplit_once('@').map_or(("", rest), |(login, rest)| (login, rest));
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts: Vec<_> = hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).collect();
    if hosts.is_empty() {
        return Err(RedisUrlError("a host is missing"));
    }
    Ok(Parts { login, hosts, path, query })
}

fn nodes(base: &str, parts: &Parts<'_>, database: &str) -> Result<Vec<ConnectionInfo>, RedisUrlError> {
    let login = if parts.login.is_empty() { String::new() } else { format!("{}@", parts.login) };
    parts.hosts.iter().map(|host| node(&format!("{base}://{login}{host}/{database}"))).collect()
}

fn read_cluster(base: &str, parts: &Parts<'_>) -> Result<Address, RedisUrlError> {
    if !matches!(parts.path, "" | "0") {
        return Err(RedisUrlError("a Cluster has no database but 0"));
    }
    Ok(Address::Cluster(nodes(base, parts, "")?))
}

fn read_sentinel(base: &str, parts: &Parts<'_>) -> Result<Address, RedisUrlError> {
    let (service, database) = parts.path.split_once('/').unwrap_or((parts.path, ""));
    if service.is_empty() {
        return Err(RedisUrlError("the master's name is missing after the Sentinels"));
    }
    let with_port: Vec<_> = parts.hosts.iter().map(|host| with_sentinel_port(host)).collect();
    let parts = Parts {
        login: parts.login,
        hosts: with_port.iter().map(String::as_str).collect(),
        path: "",
        query: parts.query,
    };
    let nodes = nodes(base, &parts, database)?;
    let own = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(parts.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let node = nodes.first().cloned().ok_or(RedisUrlError("a host is missing"))?;
    Ok(Address::Sentinel(Box::new(SentinelGroup {
        sentinels: nodes.iter().map(|node| node.addr().clone()).collect(),
        service: service.to_owned(),
        node,
        sentinel_user: own("sentinel_user"),
        sentinel_password: own("sentinel_password"),
        tls: (base == "rediss").then_some(TlsMode::Secure),
    })))
}

fn with_sentinel_port(host: &str) -> String {
    // A colon inside the brackets of an IPv6 address is no port's.
    let after_brackets = host.rsplit(']').next().unwrap_or(host);
    if after_brackets.contains(':') { host.to_owned() } else { format!("{host}:{SENTINEL_PORT}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(address: &Address) -> Vec<String> {
        match address {
            Address::Single(info) => vec![info.addr().to_string()],
            Address::Sentinel(group) => group.sentinels.iter().map(ToString::to_string).collect(),
            Address::Cluster(nodes) => nodes.iter().map(|node| node.addr().to_string()).collect(),
        }
    }

    #[test]
    fn every_form_is_read() {
        let read = |url| Address::read(url).expect("a good URL");
        assert_eq!(addresses(&read("redis://127.0.0.1:6380/2")), ["127.0.0.1:6380"]);
        assert_eq!(addresses(&read("redis://queue")), ["queue:6379"]);
        assert_eq!(addresses(&read("redis+cluster://a:7000,b:7001, c")), ["a:7000", "b:7001", "c:6379"]);
        let sentinel = read("redis+sentinel://u:p%40ss@a,b:26380,[::1]/mymaster/3?sentinel_password=s%26t");
        assert_eq!(addresses(&sentinel), ["a:26379", "b:26380", "::1:26379"]);
        let Address::Sentinel(group) = sentinel else { panic!("a Sentinel") };
        assert_eq!((group.service.as_str(), group.node.redis_settings().db()), ("mymaster", 3));
        assert_eq!(group.node.redis_settings().password(), Some("p@ss"));
        assert_eq!((group.sentinel_user, group.sentinel_password.as_deref()), (None, Some("s&t")));
        let Address::Single(info) = read("rediss://queue:1") else { panic!("one server") };
        assert!(matches!(info.addr(), ConnectionAddr::TcpTls { insecure: false, .. }));
    }

    #[test]
    fn nonsense_is_refused_without_a_word_of_the_password() {
        let bad = [
            "",
            "hunter2",
            "http://u:hunter2@x",
            "redis+ring://u:hunter2@x",
            "redis+sentinel://u:hunter2@x",
            "redis+cluster://u:hunter2@x/3",
            "redis+cluster://u:hunter2@",
            "redis://u:hunter2@x:port",
            "redis://u:hunter2@x:1/hunter2",
        ];
        for url in bad {
            let error = Address::read(url).expect_err(url);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let good = Address::read("redis://u:hunter2@x").expect("a good URL");
        assert!(!format!("{good:?}").contains("hunter2"));
    }
}
