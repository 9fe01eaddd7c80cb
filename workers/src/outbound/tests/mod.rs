//! Over real loopback sockets: what arrives at the peer is what counts.

mod calling;
mod calling_back;
mod connecting;
mod downloading;
mod large_answers;
mod linking;
mod parts;
mod peer;
mod sending;
mod tls;

use super::*;
use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method, header};
use providers::{Piece, Request, Target};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use store::FolderStore;
use task::clock::ManualClock;

/// What the clock shows.
const NOW_MS: i64 = 1_790_000_000_000;

/// Where no test waits for it: a limit that is not what the test is about.
const ROOMY_MS: i64 = 20_000;

/// A limit that a test waits out.
const SHORT_MS: i64 = 150;

/// What must appear in no error and no debug output.
const SECRET: &str = "hunter2";

/// Names as the test wants them, each answer used once and the last one for ever.
#[derive(Default)]
struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    fn of(host: &str, answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("is an address")).collect();
        let answers = answers.iter().rev().map(parse).collect();
        Arc::new(Self(Mutex::new(HashMap::from([(host.to_owned(), answers)]))))
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let mut names = self.0.lock().expect("no test panics while it holds the lock");
        let answers = names.get_mut(host).ok_or_else(|| io::Error::other("no such name"))?;
        let last = answers.len() == 1;
        Ok(if last { answers[0].clone() } else { answers.pop().unwrap_or_default() })
    }
}

/// A client with a store of its own.
struct World {
    outbound: Outbound,
    store: Arc<FolderStore>,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

fn world_of(wire: Arc<dyn Wire>, settings: OutboundSettings) -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let store = FolderStore::open(folder.path().to_path_buf(), clock.clone()).expect("a folder opens");
    let store = Arc::new(store);
    let outbound = Outbound::new(wire, store.clone(), clock.clone(), settings);
    World { outbound, store, clock, _folder: folder }
}

/// Over sockets, with loopback allowed nowhere but for configured origins.
fn world() -> World {
    world_with(OutboundSettings::default())
}

fn world_with(settings: OutboundSettings) -> World {
    world_of(Arc::new(http_wire(Arc::new(SystemResolver))), settings)
}

fn http_wire(resolver: Arc<dyn Resolver>) -> HttpWire {
    HttpWire::new(resolver).expect("a wire")
}

fn loopback() -> Arc<AddressRanges> {
    ranges(&["127.0.0.0/8"])
}

fn ranges(texts: &[&str]) -> Arc<AddressRanges> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    Arc::new(AddressRanges::parse(&texts).expect("are ranges"))
}

/// A GET of this path with a key.
fn get(path: &str) -> Request {
    request(Method::GET, Target::Base(path.to_owned()), Vec::new())
}

fn request(method: Method, target: Target, body: Vec<Piece>) -> Request {
    let mut headers = HeaderMap::new();
    let mut key = HeaderValue::from_str(&format!("Bearer {SECRET}")).expect("is a header");
    key.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, key.clone());
    headers.insert("x-api-key", key);
    headers.insert("x-plain", HeaderValue::from_static("plain"));
    Request { method, target, headers, body, paid: false }
}

/// A call without inputs and with roomy limits.
fn call<'a>(base_url: &'a str, request: &'a Request) -> Call<'a> {
    Call {
        base_url,
        request,
        inputs: &[],
        links: None,
        timeout_ms: ROOMY_MS,
        body_max_bytes: 1 << 20,
        start_by_ms: None,
    }
}

/// Fails when the error tells anything that it must not.
fn assert_discreet(error: &WireError) {
    for text in [format!("{error}"), format!("{error:?}")] {
        for secret in [SECRET, "secret-path", "?", "Bearer"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
