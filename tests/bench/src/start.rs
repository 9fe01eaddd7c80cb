//! `start`: how long from the process's birth until `/readyz` says ready, and what it holds in memory then.

use crate::round::{load, spread};
use anyhow::{Context, bail};
use serde_json::json;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::Instant;

const ROUNDS: usize = 5;
/// The longest that one round may take.
const ROUND_MAX: Duration = Duration::from_secs(30);

pub(crate) async fn run() -> anyhow::Result<String> {
    let own = std::env::current_exe()?;
    let binary = own.parent().context("a program has a folder")?.join("backlot");
    if !binary.is_file() {
        bail!("{} is not there: build it with the same profile first", binary.display());
    }
    workers::outbound::install_ring();
    let folder = tempfile::tempdir()?;
    let mut ready_ms = Vec::new();
    let mut memory_mib = Vec::new();
    for round in 0..ROUNDS {
        // The first start makes its tables; the others find them, as a restart does.
        let measured = tokio::time::timeout(ROUND_MAX, start(&binary, folder.path())).await;
        let (ms, mib) = measured.with_context(|| format!("round {round} did not get ready"))??;
        ready_ms.push(ms);
        memory_mib.push(mib);
    }
    let first_ms = ready_ms.first().copied().unwrap_or_default();
    let (ms, ms_low, ms_high) = spread(ready_ms);
    let (mib, mib_low, mib_high) = spread(memory_mib);
    let line = json!({ "scenario": "start", "rounds": ROUNDS, "ready_ms": ms, "first_ms": first_ms, "idle_mib": mib, "load": load() });
    Ok(format!(
        "start, {ROUNDS} rounds, load {}\n  to ready     {ms:7.1} ms   ({ms_low:.1} – {ms_high:.1}; the first, with new tables, {first_ms:.1})\n  idle memory  {mib:7.1} MiB  ({mib_low:.1} – {mib_high:.1})\n{line}",
        load()
    ))
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

fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.context("the system tells how much memory it has")? / 1_024.0)
}
