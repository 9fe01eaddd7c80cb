//! What the system tells of processes (Linux, `/proc`).

use anyhow::Context;
use std::fs;

/// Clock ticks a second in `/proc/PID/stat`: 100 on every Linux that we know.
const TICK_MS: f64 = 10.0;

/// CPU time that a process has used, ms, with that of its ended children.
pub(crate) fn cpu_ms(pid: u32) -> anyhow::Result<f64> {
    let fields = stat(pid)?;
    // utime, stime, cutime, cstime: fields 14 to 17 of the page, counted behind the name.
    let ticks: f64 = fields.iter().skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks * TICK_MS)
}

/// As [`cpu_ms`], of a process and its living children (a Postgres server).
pub(crate) fn family_cpu_ms(pid: u32) -> anyhow::Result<f64> {
    let mut sum = cpu_ms(pid)?;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process that has just ended has nothing to tell.
        let Ok(fields) = stat(child) else { continue };
        if fields.get(1).is_some_and(|parent| *parent == pid.to_string()) {
            sum += cpu_ms(child).unwrap_or_default();
        }
    }
    Ok(sum)
}

/// The words behind the name.
fn stat(pid: u32) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = text.rsplit_once(')').context("a stat line has a name in parentheses")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// Memory that a process holds now, MiB.
pub(crate) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    status_mib(pid, "VmRSS:")
}

/// Memory of a process that no file stands behind, MiB: its heap and stacks, without the pages of the program itself
/// that it has come to so far.
pub(crate) fn anonymous_mib(pid: u32) -> anyhow::Result<f64> {
    status_mib(pid, "RssAnon:")
}

/// Memory that the machine has, MiB.
pub(crate) fn memory_mib() -> anyhow::Result<f64> {
    mib_of("/proc/meminfo", "MemTotal:")
}

fn status_mib(pid: u32, name: &str) -> anyhow::Result<f64> {
    mib_of(&format!("/proc/{pid}/status"), name)
}

fn mib_of(file: &str, name: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(file)?;
    let kib = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.context("the system tells how much memory it has")? / 1_024.0)
}
