//! A scaled-out installation of a test's own: its servers, the make-believe upstream, two `serve` and two
//! `work`, each a process with the same configuration file.

use super::super::process::binary;
use super::servers::{ACCESS_KEY_ID, BUCKET, Database, Redis, S3Server, SECRET, free_port, postgres_url};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What the installation encrypts credentials with.
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// How long the test's client keeps an idle connection.
const CLIENT_IDLE_LIMIT: Duration = Duration::from_secs(5);

/// A process of ours, killed when it is dropped.
pub(super) struct Process {
    child: Child,
    words: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    /// Where its ops routes are.
    pub(super) ops: String,
}

impl Process {
    async fn start(words: Vec<String>, environment: Vec<(String, String)>, log: PathBuf) -> Self {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).expect("the log can be written");
        let mut child = Command::new(binary())
            .args(&words)
            .envs(environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(file))
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let first = lines.next_line().await.expect("its output can be read");
        let first = first.unwrap_or_else(|| panic!("it ended at once: {}", tail(&log)));
        let ops = first.split_whitespace().rfind(|word| word.starts_with("http://")).expect("it says where it is");
        let ops = ops.to_owned();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, words, environment, log, ops }
    }

    /// As the machine would end it: no warning, no time to tidy up.
    pub(super) async fn kill(&mut self) {
        self.child.start_kill().expect("it can be killed");
        self.child.wait().await.expect("it ends");
    }

    /// As a supervisor would; it has to end well.
    pub(super) async fn stop(&mut self) {
        let id = self.child.id().expect("it runs").to_string();
        let signalled = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(signalled.success());
        let status = self.child.wait().await.expect("it ends");
        assert!(status.success(), "{status}: {}", tail(&self.log));
    }

    /// The same again, once it has ended.
    pub(super) async fn start_again(&mut self) {
        *self = Self::start(self.words.clone(), self.environment.clone(), self.log.clone()).await;
    }
}

/// The end of a log, for a test that failed.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// The installation.
pub(super) struct Installation {
    folder: tempfile::TempDir,
    database: Database,
    pub(super) redis: Redis,
    _s3: S3Server,
    _sim: Child,
    sim: String,
    pub(super) serves: Vec<Process>,
    pub(super) works: Vec<Process>,
    /// Where each `serve` is.
    pub(super) bases: Vec<String>,
    token: String,
    pub(super) client: reqwest::Client,
}

impl Installation {
    /// Starts everything; `None`, with a word of why, where something is not there.
    pub(super) async fn start() -> Option<Self> {
        let admin = postgres_url()?;
        workers::outbound::install_ring();
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (database, redis, s3) = (Database::create(admin).await, Redis::start(), S3Server::start().await);
        let ports = [free_port(), free_port()];
        let bases = ports.map(|port| format!("http://127.0.0.1:{port}")).to_vec();
        let config = folder.path().join("config.toml");
        write_config(folder.path(), &database.url, &redis, &s3, &bases[0]);
        let (sim_child, sim) = start_sim(folder.path()).await;
        // Well below the half minute after which `serve` closes an idle connection: none is used while it closes.
        let client = reqwest::Client::builder().no_proxy().pool_idle_timeout(CLIENT_IDLE_LIMIT);
        let client = client.build().expect("a client can be made");
        let mut installation = Self {
            folder,
            database,
            redis,
            _s3: s3,
            _sim: sim_child,
            sim,
            serves: Vec::new(),
            works: Vec::new(),
            bases,
            token: String::new(),
            client,
        };
        installation.operator(&["migrate"]).await;
        installation.operator(&["check", "--connect"]).await;
        let made = installation.operator(&["token", "create", "test"]).await;
        let made: Value = serde_json::from_str(&made).expect("verbs answer JSON");
        installation.token = made["key"].as_str().expect("the key is shown this once").to_owned();
        // The flavour whose list holds every task: a submission that a killed process left behind is looked up
        // when its lease has run out, and by then the other flavour's list has moved on.
        let base = format!("{}/novicezk", installation.sim);
        let flavour = ["--option", "flavour=novicezk"];
        let add = ["channel", "add", "sim", "--dialect", "midjourney_proxy", "--base-url", &base];
        let add = [&add[..], &flavour[..]].concat();
        installation.operator(&add).await;
        for (n, port) in ports.into_iter().enumerate() {
            let listen = [("BACKLOT_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{port}"))];
            let serve = installation.process(&config, "serve", n, &listen).await;
            installation.serves.push(serve);
            let work = installation.process(&config, "work", n, &[]).await;
            installation.works.push(work);
        }
        Some(installation)
    }

    async fn process(&self, config: &Path, word: &str, n: usize, more: &[(String, String)]) -> Process {
        let words = vec![word.to_owned(), "--config".to_owned(), config.display().to_string()];
        let ops = ("BACKLOT_HTTP__OPS_LISTEN".to_owned(), "127.0.0.1:0".to_owned());
        let environment = secrets().into_iter().chain([ops]).chain(more.iter().cloned()).collect();
        Process::start(words, environment, self.folder.path().join(format!("{word}-{n}.log"))).await
    }

    /// Runs a verb of the command line on the configuration; it has to work.
    pub(super) async fn operator(&self, words: &[&str]) -> String {
        let mut command = Command::new(binary());
        command.args(words).envs(secrets()).env("BACKLOT_CONFIG", self.folder.path().join("config.toml"));
        let output = command.env_remove("BACKLOT_CHANNEL_KEY").output().await.expect("the binary runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {said}{complaint}");
        said
    }

    /// Ends everything in order; each process has to end well.
    pub(super) async fn end(mut self) {
        for process in self.serves.iter_mut().chain(&mut self.works) {
            process.stop().await;
        }
        self.database.drop().await;
    }

    /// The ends of all logs, for a test that failed.
    pub(super) fn logs(&self) -> String {
        let processes = self.serves.iter().chain(&self.works);
        processes.map(|process| format!("── {}\n{}\n", process.log.display(), tail(&process.log))).collect()
    }

    /// Submits a prompt to one `serve`; the task's id.
    pub(super) async fn imagine(&self, serve: usize, prompt: &str, hook: Option<&str>) -> String {
        let mut body = serde_json::json!({ "prompt": prompt });
        if let Some(hook) = hook {
            body["notifyHook"] = hook.into();
        }
        let request = self.client.post(format!("{}/mj/submit/imagine", self.bases[serve]));
        let response = request.bearer_auth(&self.token).json(&body).send().await.expect("it answers");
        let status = response.status();
        let answer: Value = response.json().await.expect("the answer is JSON");
        assert_eq!(status, 200, "{answer}");
        answer["result"].as_str().unwrap_or_else(|| panic!("not accepted: {answer}")).to_owned()
    }

    /// A task as one `serve` shows it, once it is in none of these states (a minute at most).
    async fn past(&self, serve: usize, id: &str, states: &[&str]) -> Value {
        loop {
            let request = self.client.get(format!("{}/v1/tasks/{id}", self.bases[serve])).bearer_auth(&self.token);
            let wait = if states.is_empty() { "wait=0" } else { "wait=60" };
            let response = request.header("prefer", wait).send().await.expect("it answers");
            assert_eq!(response.status(), 200, "{id}");
            let task: Value = response.json().await.expect("the answer is JSON");
            if !states.contains(&task["status"].as_str().unwrap_or_default()) {
                return task;
            }
        }
    }

    /// A task as it is.
    pub(super) async fn task(&self, serve: usize, id: &str) -> Value {
        self.past(serve, id, &[]).await
    }

    /// Waits for a task's end at one `serve`, and gives it.
    pub(super) async fn ended(&self, serve: usize, id: &str) -> Value {
        self.past(serve, id, &["queued", "running"]).await
    }

    /// Waits until the upstream has the task: its stream of changes says so.
    pub(super) async fn running(&self, serve: usize, id: &str) {
        let request = self.client.get(format!("{}/v1/tasks/{id}/events", self.bases[serve])).bearer_auth(&self.token);
        let mut response = request.send().await.expect("it answers");
        let mut heard = String::new();
        while let Some(piece) = response.chunk().await.expect("the stream goes on") {
            heard.push_str(&String::from_utf8_lossy(&piece));
            if heard.contains("\"running\"") {
                return;
            }
        }
        panic!("the stream ended: {heard}");
    }

    /// What `/readyz` of a process says.
    pub(super) async fn readiness(&self, process: &Process) -> (u16, Value) {
        let response = self.client.get(format!("{}/readyz", process.ops)).send().await.expect("it answers");
        (response.status().as_u16(), response.json().await.expect("readiness is JSON"))
    }

    /// What the make-believe upstream received.
    pub(super) async fn counts(&self) -> Value {
        let response = self.client.get(format!("{}/sim/counts", self.sim)).send().await.expect("the sim answers");
        response.json().await.expect("counts are JSON")
    }
}

fn secrets() -> Vec<(String, String)> {
    let secrets = [("BACKLOT_LEDGER__KEY", KEY), ("BACKLOT_STORE__S3__SECRET_ACCESS_KEY", SECRET)];
    secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn write_config(folder: &Path, ledger_url: &str, redis: &Redis, s3: &S3Server, public_base: &str) {
    std::fs::write(folder.join("ledger-url"), ledger_url).expect("it can be written");
    let text = format!(
        r#"
[ledger]
url_file = "{folder}/ledger-url"
[queue]
url = "redis://127.0.0.1:{redis}"
[store.s3]
endpoint = "http://{s3}"
bucket = "{BUCKET}"
path_style = true
access_key_id = "{ACCESS_KEY_ID}"
[http]
public_base = "{public_base}"
[callbacks]
allowed_ranges = ["127.0.0.0/8"]
[fetch]
artifact_ranges = ["127.0.0.0/8"]
[work]
# As short as the slowest dialect's calls allow.
lease_margin_ms = 1000
submit_lease_ms = 131000
poll_lease_ms = 21000
archive_lease_ms = 15000
notify_lease_ms = 9000
uncertain_period_ms = 2000
[shutdown]
unready_ms = 100
drain_ms = 20000
"#,
        folder = folder.display(),
        redis = redis.port,
        s3 = s3.address,
    );
    std::fs::write(folder.join("config.toml"), text).expect("it can be written");
}

async fn start_sim(folder: &Path) -> (Child, String) {
    let port = free_port();
    let mut child = Command::new(binary())
        .args(["sim", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(folder.join("sim"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
    lines.next_line().await.expect("its output can be read").expect("it says where it is");
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, format!("http://127.0.0.1:{port}"))
}
