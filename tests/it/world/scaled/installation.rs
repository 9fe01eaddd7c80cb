//! A scaled-out installation of a test's own: its servers, the make-believe upstream, two `serve` and two
//! `work`, each a process with the same configuration file.

use super::super::process::binary;
use super::process::Process;
use super::servers::{ACCESS_KEY_ID, BUCKET, Database, S3Server, SECRET, free_port, postgres_url};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What the installation encrypts credentials with.
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// How long the test's client keeps an idle connection.
const CLIENT_IDLE_LIMIT: Duration = Duration::from_secs(5);

/// The installation.
pub(super) struct Installation {
    folder: tempfile::TempDir,
    database: Database,
    _s3: S3Server,
    _sim: Child,
    sim: String,
    pub(super) serves: Vec<Process>,
    pub(super) works: Vec<Process>,
    /// Where each `serve` is.
    pub(super) bases: Vec<String>,
    token: String,
    /// What every process of it is given beside the configuration file.
    environment: Vec<(String, String)>,
    pub(super) client: reqwest::Client,
}

impl Installation {
    /// Starts everything on this queue; `None`, with a word of why, where something is not there.
    pub(super) async fn start(queue_url: &str) -> Option<Self> {
        Self::start_with(queue_url, &[]).await
    }

    /// The same with variables for every process, which win over the configuration file.
    pub(super) async fn start_with(queue_url: &str, variables: &[(&str, &str)]) -> Option<Self> {
        let admin = postgres_url()?;
        workers::outbound::install_ring();
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (database, s3) = (Database::create(admin).await, S3Server::start().await);
        let ports = [free_port(), free_port()];
        let bases = ports.map(|port| format!("http://127.0.0.1:{port}")).to_vec();
        let config = folder.path().join("config.toml");
        write_config(folder.path(), &database.url, queue_url, &s3, &bases[0]);
        let (sim_child, sim) = start_sim(folder.path()).await;
        // Well below the half minute after which `serve` closes an idle connection: none is used while it closes.
        let client = reqwest::Client::builder().no_proxy().pool_idle_timeout(CLIENT_IDLE_LIMIT);
        let client = client.build().expect("a client can be made");
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut installation = Self {
            folder,
            database,
            _s3: s3,
            _sim: sim_child,
            sim,
            serves: Vec::new(),
            works: Vec::new(),
            bases,
            token: String::new(),
            environment: secrets().into_iter().chain(environment).collect(),
            client,
        };
        installation.operator(&["migrate"]).await;
        installation.operator(&["check", "--connect"]).await;
        let made = installation.operator(&["token", "create", "test"]).await;
        let made: Value = serde_json::from_str(&made).expect("verbs answer JSON");
        installation.token = made["key"].as_str().expect("the key is shown this once").to_owned();
        installation.put_channel(0).await;
        for (n, port) in ports.into_iter().enumerate() {
            let listen = [("BACKLOT_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{port}"))];
            let serve = installation.process(&config, "serve", n, &listen).await;
            installation.serves.push(serve);
            let work = installation.process(&config, "work", n, &[]).await;
            installation.works.push(work);
        }
        Some(installation)
    }

    /// The channel with so many slots (0: no limit). Its flavour's list holds every task: a submission that a
    /// killed process left behind is looked up when its lease has run out, and by then the other flavour's
    /// list has moved on.
    pub(super) async fn put_channel(&self, slots: usize) {
        let (base, slots) = (format!("{}/novicezk", self.sim), slots.to_string());
        let add = ["channel", "add", "sim", "--replace", "--dialect", "midjourney_proxy", "--base-url", &base];
        let add = [&add[..], &["--option", "flavour=novicezk", "--slots", &slots]].concat();
        self.operator(&add).await;
    }

    /// A task from before all others, older than the leases' margin: only with it in its list can this upstream
    /// prove that it did not forget (`upstream/midjourney.md` section 9), as one that has been in use can.
    pub(super) async fn warm_up(&self) {
        let id = self.imagine(0, "from before", None).await;
        assert_eq!(self.ended(0, &id).await["status"], "succeeded");
    }

    async fn process(&self, config: &Path, word: &str, n: usize, more: &[(String, String)]) -> Process {
        let words = vec![word.to_owned(), "--config".to_owned(), config.display().to_string()];
        let ops = ("BACKLOT_HTTP__OPS_LISTEN".to_owned(), "127.0.0.1:0".to_owned());
        let environment = self.environment.iter().chain([&ops]).chain(more).cloned().collect();
        Process::start(words, environment, self.folder.path().join(format!("{word}-{n}.log"))).await
    }

    /// A further `work` that copies results and does nothing else.
    pub(super) async fn start_copier(&self, variables: &[(&str, &str)]) -> Process {
        let config = self.folder.path().join("config.toml").display().to_string();
        let words = ["work", "archive", "--config", &config].map(str::to_owned).to_vec();
        let ops = [("BACKLOT_HTTP__OPS_LISTEN", "127.0.0.1:0")];
        let own = ops.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = self.environment.iter().cloned().chain(own).collect();
        Process::start(words, environment, self.folder.path().join("copier.log")).await
    }

    /// Runs a verb of the command line on the configuration; it has to work.
    pub(super) async fn operator(&self, words: &[&str]) -> String {
        let mut command = Command::new(binary());
        command
            .args(words)
            .envs(self.environment.iter().cloned())
            .env("BACKLOT_CONFIG", self.folder.path().join("config.toml"));
        let output = command.env_remove("BACKLOT_CHANNEL_KEY").output().await.expect("the binary runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {said}{complaint}");
        said
    }

    /// The caller's key.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Ends everything in order; each process has to end well.
    pub(super) async fn end(mut self) {
        for process in self.serves.iter_mut().chain(&mut self.works) {
            process.stop().await;
        }
        self.database.drop().await;
    }

    /// All that the ledger knows of a task: its failure with the private reason, events, attempts.
    pub(super) async fn story(&self, id: &str) -> String {
        self.operator(&["task", "show", id]).await
    }

    /// The ends of all logs' complaints, for a test that failed.
    pub(super) fn logs(&self) -> String {
        let processes = self.serves.iter().chain(&self.works);
        processes.map(Process::complaints).collect()
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

    /// How many tasks the upstream worked on at the same time, at the most. All have to be over.
    pub(super) async fn upstream_peak(&self) -> i64 {
        let list = self.client.get(format!("{}/novicezk/mj/task/list", self.sim));
        let list: Vec<Value> = list.send().await.expect("the sim answers").json().await.expect("a list is JSON");
        let moment = |task: &Value, name: &str| task[name].as_i64().unwrap_or_else(|| panic!("no {name}: {task}"));
        let mut changes: Vec<(i64, i64)> =
            list.iter().flat_map(|task| [(moment(task, "submitTime"), 1), (moment(task, "finishTime"), -1)]).collect();
        changes.sort_unstable();
        let running = changes.iter().scan(0, |running, (_, change)| {
            *running += change;
            Some(*running)
        });
        running.max().unwrap_or(0)
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

fn write_config(folder: &Path, ledger_url: &str, queue_url: &str, s3: &S3Server, public_base: &str) {
    std::fs::write(folder.join("ledger-url"), ledger_url).expect("it can be written");
    let text = format!(
        r#"
[ledger]
url_file = "{folder}/ledger-url"
[queue]
url = "{queue_url}"
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
[limits]
submit_timeout_max_ms = 8000
[work]
# Short, so that what a killed process held goes on soon; well above what a busy machine takes.
lease_margin_ms = 1000
submit_lease_ms = 15000
poll_lease_ms = 21000
archive_lease_ms = 15000
notify_lease_ms = 9000
uncertain_period_ms = 2000
[shutdown]
unready_ms = 100
drain_ms = 20000
"#,
        folder = folder.display(),
        s3 = s3.address,
    );
    std::fs::write(folder.join("config.toml"), text).expect("it can be written");
}

async fn start_sim(folder: &Path) -> (Child, String) {
    let port = free_port();
    let mut child = Command::new(binary())
        .args(["sim", "--listen", &format!("127.0.0.1:{port}"), "--picture-px", "64", "--data"])
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
