//! Redis as a Sentinel group and as a Cluster, of a test's own. Talked to with `redis-cli`, as an operator would.

use super::servers::free_port;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// One server, killed when it is dropped.
struct Node {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Node {
    fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (port, mut command) = (node_port(), Command::new("redis-server"));
        command.args(["--save", "", "--appendonly", "no"]).args(options);
        Self::run(command, port, folder)
    }

    /// It writes into its own copy of the configuration.
    fn start_sentinel(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("sentinel.conf");
        std::fs::write(&file, configuration).expect("it can be written");
        let mut command = Command::new("redis-server");
        command.arg(file).arg("--sentinel");
        Self::run(command, node_port(), folder)
    }

    fn run(mut command: Command, port: u16, folder: TempDir) -> Self {
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(folder.path() as &Path);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("redis-server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its log is piped")).lines().map_while(Result::ok);
        let is_up = |line: String| line.contains("eady to accept connections") || line.contains("Sentinel ID is");
        assert!(lines.any(is_up), "redis-server did not start on port {port}");
        // Somebody has to read on, or it would stop when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { port, child, _folder: folder }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it answers.
    fn ask(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(words).output();
        String::from_utf8_lossy(&output.expect("redis-cli runs").stdout).into_owned()
    }

    fn kill(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        self.child.wait().expect("it ends");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A free port; a Cluster's node takes the one 10,000 above, too.
fn node_port() -> u16 {
    loop {
        let port = free_port();
        if port < 55_536 && TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok() {
            return port;
        }
    }
}

/// A master, a replica and three Sentinels.
pub(super) struct SentinelGroup {
    master: Node,
    _replica: Node,
    sentinels: Vec<Node>,
}

impl SentinelGroup {
    pub(super) fn start() -> Self {
        let master = Node::start(&["--repl-diskless-sync-delay", "0"]);
        let replica = Node::start(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
        let watch = format!(
            "sentinel monitor mymaster 127.0.0.1 {} 2\nsentinel down-after-milliseconds mymaster 1000\n\
             sentinel failover-timeout mymaster 5000\n",
            master.port
        );
        let sentinels: Vec<Node> = (0..3).map(|_| Node::start_sentinel(&watch)).collect();
        while !replica.ask(&["INFO", "replication"]).contains("master_link_status:up") {}
        let knows_all = |sentinel: &Node| {
            let told = sentinel.ask(&["SENTINEL", "MASTER", "mymaster"]);
            let lines: Vec<&str> = told.lines().collect();
            let is = |name: &str, value: &str| lines.windows(2).any(|pair| pair == [name, value]);
            is("num-other-sentinels", "2") && is("num-slaves", "1") && is("flags", "master")
        };
        while !sentinels.iter().all(knows_all) {}
        Self { master, _replica: replica, sentinels }
    }

    pub(super) fn url(&self) -> String {
        let addresses: Vec<String> = self.sentinels.iter().map(Node::address).collect();
        format!("redis+sentinel://{}/mymaster", addresses.join(","))
    }

    /// Ends the master like a lost machine.
    pub(super) fn lose_master(&mut self) {
        self.master.kill();
    }
}

/// Three masters.
pub(super) struct Cluster(Vec<Node>);

impl Cluster {
    pub(super) fn start() -> Self {
        let nodes: Vec<Node> = (0..3).map(|_| Node::start(&["--cluster-enabled", "yes"])).collect();
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(nodes.iter().map(Node::address))
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("redis-cli runs").success());
        let is_whole = |node: &Node| {
            let info = node.ask(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        };
        while !nodes.iter().all(is_whole) {}
        Self(nodes)
    }

    pub(super) fn url(&self) -> String {
        let addresses: Vec<String> = self.0.iter().map(Node::address).collect();
        format!("redis+cluster://{}", addresses.join(","))
    }

    /// How many masters hold keys.
    pub(super) fn used(&self) -> usize {
        self.0.iter().filter(|node| node.ask(&["DBSIZE"]).trim() != "0").count()
    }
}
