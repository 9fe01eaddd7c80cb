//! A `serve` or `work` process: started, struck, thawed, killed.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How a process is started.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) backlot: PathBuf,
    pub(super) words: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) log: PathBuf,
}

/// A process of ours, killed when it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) pid: u32,
}

impl Launch {
    /// The same with one more variable.
    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// Starts it and waits until it says where it is. One that is struck on its way up says nothing, which is
    /// no error here.
    pub(super) async fn start(&self) -> anyhow::Result<Process> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut child = Command::new(&self.backlot)
            .args(&self.words)
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(file))
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().context("it has just been started")?;
        let mut lines = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
        let greeted = lines.next_line().await?.is_some();
        let armed = self.environment.iter().any(|(name, _)| name == "BACKLOT_FAIL_POINT");
        ensure!(greeted || armed, "{:?} ended at once: {}", self.words, tail(&self.log));
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Process { child, pid })
    }
}

impl Process {
    /// As the machine would end it.
    pub(super) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    /// Lets a stopped one go on.
    pub(super) async fn thaw(&self) -> anyhow::Result<()> {
        let status = Command::new("kill").args(["-CONT", &self.pid.to_string()]).status().await?;
        ensure!(status.success(), "process {} could not be thawed", self.pid);
        Ok(())
    }
}

/// The end of a log's complaints.
pub(super) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("\"INFO\"")).collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
