//! `start`: how long from the process's birth until `/readyz` says ready, and what it holds in memory then.

use crate::flags::Flags;
use crate::machine::resident_mib;
use crate::report::Report;
use anyhow::{Context, bail};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::Instant;

/// The longest that one round may take.
const ROUND_MAX: Duration = Duration::from_secs(30);

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let own = std::env::current_exe()?;
    let binary = own.parent().context("a program has a folder")?.join("backlot");
    if !binary.is_file() {
        bail!("{} is not there: build it with the same profile first", binary.display());
    }
    let mut report = Report::new("start", "at most 100 ms to ready, at most 30 MiB when idle");
    let folder = tempfile::tempdir()?;
    let first = begin(&binary, folder.path()).await?;
    report.note(format!("the very first start, which makes its tables, took {:.0} ms", first.0));
    for _ in 0..flags.number("rounds", 5, 1) {
        let (ms, mib) = begin(&binary, folder.path()).await?;
        report.add("to ready", "ms", ms);
        report.add("idle memory", "MiB", mib);
    }
    Ok(report)
}

async fn begin(binary: &Path, folder: &Path) -> anyhow::Result<(f64, f64)> {
    tokio::time::timeout(ROUND_MAX, start(binary, folder)).await.context("it did not get ready")?
}

async fn start(binary: &Path, folder: &Path) -> anyhow::Result<(f64, f64)> {
    let began = Instant::now();
    let mut child = Command::new(binary)
        .args(["dev", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
    let first = lines.next_line().await?.context("it ended at once")?;
    let base = first.split_whitespace().find(|word| word.starts_with("http://")).context("it says where it is")?;
    let response = reqwest::Client::builder().no_proxy().build()?.get(format!("{base}readyz")).send().await?;
    if !response.status().is_success() {
        bail!("/readyz answered {}", response.status());
    }
    let ready_ms = began.elapsed().as_secs_f64() * 1_000.0;
    let mib = resident_mib(child.id().context("it still runs")?)?;
    child.start_kill()?;
    child.wait().await?;
    Ok((ready_ms, mib))
}
