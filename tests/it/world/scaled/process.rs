//! A `serve` or `work` process: started, told to end, killed, started again.

use super::super::process::binary;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Lines of each log that a failed test shows.
const COMPLAINTS_MAX: usize = 8;

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
    pub(super) async fn start(words: Vec<String>, environment: Vec<(String, String)>, log: PathBuf) -> Self {
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

    /// Asks it to end.
    pub(super) async fn signal(&self) {
        let id = self.child.id().expect("it runs").to_string();
        let signalled = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(signalled.success());
    }

    /// As a supervisor would; it has to end well.
    pub(super) async fn stop(&mut self) {
        self.signal().await;
        self.has_ended().await;
    }

    /// Waits for its end, which has to be a good one.
    pub(super) async fn has_ended(&mut self) {
        let status = self.child.wait().await.expect("it ends");
        assert!(status.success(), "{status}: {}", tail(&self.log));
    }

    /// The same again, once it has ended.
    pub(super) async fn start_again(&mut self) {
        *self = Self::start(self.words.clone(), self.environment.clone(), self.log.clone()).await;
    }

    /// The end of its complaints, under its name.
    pub(super) fn complaints(&self) -> String {
        format!("── {}\n{}\n", self.log.display(), tail(&self.log))
    }
}

/// The end of a log's complaints, for a test that failed: `INFO` and below would bury them.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("\"INFO\"")).collect();
    lines[lines.len().saturating_sub(COMPLAINTS_MAX)..].join("\n")
}
