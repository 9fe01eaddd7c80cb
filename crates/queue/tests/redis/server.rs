//! Private Redis servers on free ports.

use queue::{RedisScheduler, RedisSettings};
use redis::aio::MultiplexedConnection;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use task::clock::SeededEntropy;
use tempfile::TempDir;

/// A Sentinel's configuration in its folder.
const SENTINEL_FILE: &str = "sentinel.conf";

/// Whether the cases can run; says so if not, and fails if they must.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to see what was left out")]
pub fn is_there() -> bool {
    let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return true;
    }
    let required = std::env::var("BACKLOT_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(!required, "BACKLOT_TEST_REQUIRE_ALL=1, but there is no redis-server");
    eprintln!("skipped: there is no redis-server");
    false
}

/// A port that nobody listens on, nor on the one 10,000 above, which a Cluster's node takes too.
pub fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        if port < 55_536 && TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok() {
            return port;
        }
    }
}

/// A server that ends with this value.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    options: Vec<String>,
    folder: TempDir,
    child: Option<Child>,
}

impl Server {
    /// A server that keeps nothing when it ends.
    pub fn start() -> Self {
        Self::start_with(&["--appendonly", "no"])
    }

    /// A server that has written all that it has answered.
    pub fn start_durable() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// A Sentinel; it writes into its own copy of the configuration.
    pub fn start_sentinel(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(SENTINEL_FILE), configuration).expect("written");
        let mut server = Self { port: free_port(), options: Vec::new(), folder, child: None };
        server.restart();
        server
    }

    pub fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = options.iter().map(ToString::to_string).collect();
        let mut server = Self { port: free_port(), options, folder, child: None };
        server.restart();
        server
    }

    /// Ends it like a lost machine.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("ended");
        }
    }

    /// Starts it again with what it has written, and returns when it takes connections.
    pub fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("redis-server");
        let sentinel_file = self.folder.path().join(SENTINEL_FILE);
        if sentinel_file.exists() {
            command.arg(sentinel_file).arg("--sentinel");
        } else {
            command.args(["--save", ""]);
        }
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        command.arg("--dir").arg(self.folder.path()).args(&self.options);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("redis-server starts");
        let log = BufReader::new(child.stdout.take().expect("its log"));
        let mut lines = log.lines().map_while(Result::ok);
        let is_ready = |line: &String| line.contains("eady to accept connections") || line.contains("Sentinel ID is");
        let ready = lines.find(is_ready);
        assert!(ready.is_some(), "redis-server did not start on port {}", self.port);
        // Somebody has to read on, or it would stop when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        self.child = Some(child);
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection of the test's own.
    pub async fn admin(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).expect("a URL");
        client.get_multiplexed_async_connection().await.expect("connected")
    }

    /// Gives a command of one line, whatever it answers.
    pub async fn order(&self, line: &str) -> redis::Value {
        let mut words = line.split(' ');
        let mut command = redis::cmd(words.next().expect("a word"));
        words.for_each(|word| {
            command.arg(word);
        });
        command.query_async(&mut self.admin().await).await.expect("ordered")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A scheduler as another process would have it.
pub fn scheduler(url: &str, shards: usize) -> Arc<RedisScheduler> {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let entropy = SeededEntropy::new(SEED.fetch_add(1, Ordering::Relaxed));
    let settings = RedisSettings { url: url.into(), prefix: "test".into(), shards };
    RedisScheduler::connect(&settings, &entropy).expect("good settings")
}
