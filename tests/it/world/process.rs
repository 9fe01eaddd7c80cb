//! A `backlot dev` process of a test's own: started, asked, killed, started again.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The binary, beside the test's own: `cargo build --workspace` makes both.
pub(crate) fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows where it is");
    let built = own.ancestors().find_map(|folder| {
        let path = folder.join("backlot");
        path.is_file().then_some(path)
    });
    built.expect("`backlot` is not built: run `cargo build --workspace` first")
}

/// A running process, killed when it is dropped.
pub(super) struct Backlot {
    child: Child,
    pub(super) base: String,
    pub(super) token: String,
    pub(super) data: PathBuf,
    pub(super) client: reqwest::Client,
}

impl Backlot {
    /// Starts on a free port.
    pub(super) async fn start(data: &Path) -> Self {
        Self::start_at(data, "127.0.0.1:0").await
    }

    /// Starts on a free port with these variables.
    pub(super) async fn start_with(data: &Path, variables: &[(&str, &str)]) -> Self {
        Self::launch(data, "127.0.0.1:0", variables).await
    }

    /// Starts on this address, and waits until it says where it is.
    pub(super) async fn start_at(data: &Path, listen: &str) -> Self {
        Self::launch(data, listen, &[]).await
    }

    async fn launch(data: &Path, listen: &str, variables: &[(&str, &str)]) -> Self {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log"));
        let mut child = Command::new(binary())
            .args(["dev", "--listen", listen, "--data"])
            .arg(data)
            .env_remove("BACKLOT_LOG")
            .env("BACKLOT_UNCERTAIN_S", "60")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log.expect("the log can be written")))
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let first = lines.next_line().await.expect("its output can be read");
        let first = first.unwrap_or_else(|| panic!("it ended at once: {}", log_of(data)));
        let base = first.split_whitespace().find(|word| word.starts_with("http://")).expect("it says where it is");
        let base = base.trim_end_matches('/').to_owned();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let token = std::fs::read_to_string(data.join("token")).expect("the token is in its file").trim().to_owned();
        workers::outbound::install_ring();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
        Self { child, base, token, data: data.to_owned(), client }
    }

    /// `host:port`.
    pub(super) fn address(&self) -> String {
        self.base.trim_start_matches("http://").to_owned()
    }

    /// As the machine would: no warning, no time to tidy up.
    pub(super) async fn kill(mut self) {
        self.child.start_kill().expect("it can be killed");
        self.child.wait().await.expect("it ends");
    }

    /// As a supervisor would, and waits for its end.
    pub(super) async fn stop(mut self) -> ExitStatus {
        let id = self.child.id().expect("it runs").to_string();
        let signalled = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(signalled.success());
        self.child.wait().await.expect("it ends")
    }

    /// A JSON request with the token; its status and its body.
    pub(super) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token).json(body);
        answer(request).await
    }

    /// A fetch with the token that waits for the end of the task, a minute at most.
    pub(super) async fn wait(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        answer(request.header("prefer", "wait=60")).await
    }

    /// A plain fetch with the token.
    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token)).await
    }

    /// Submits a prompt and gives the task's id.
    pub(super) async fn imagine(&self, body: &Value) -> String {
        self.imagine_with(body, &[]).await
    }

    /// The same with these headers.
    pub(super) async fn imagine_with(&self, body: &Value, headers: &[(&str, &str)]) -> String {
        let request = self.client.post(format!("{}/mj/submit/imagine", self.base)).bearer_auth(&self.token).json(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let (status, answer) = answer(request).await;
        assert_eq!(status, 200, "{answer}");
        answer["result"].as_str().expect("an accepted task has an id").to_owned()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("it answers");
    let status = response.status().as_u16();
    let bytes = response.bytes().await.expect("the answer is whole");
    let body =
        serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    (status, body)
}

/// The end of a process's log, for a test that failed.
pub(super) fn log_of(data: &Path) -> String {
    let text = std::fs::read_to_string(data.with_extension("log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
