//! `archive`: large files that are due at once, copied to S3, beside a bare loop of GET and PUT.

use super::{NOBODY, furnished};
use crate::flags::Flags;
use crate::part::{Copying, Part, Role};
use crate::report::{Report, ratio};
use crate::seed;
use crate::servers::{Postgres, Redis, pool};
use std::net::SocketAddr;
use std::sync::Arc;
use task::{Output, Role as OutputRole, Source};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    // A sixteenth of what the aim names, so that a round takes seconds: --files 64 --mib 256 is the whole.
    let (files, mib) = (flags.number("files", 32, 3), flags.number("mib", 64, 20));
    let mut report =
        Report::new("archive", "at least 0.9 of the bare loop's bytes a second, at most 64 MiB of buffers");
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let (servers, address) = Part::serving(&Role::Files).await?;
    let mut setup = furnished(&postgres, &redis, "archive", 1, NOBODY).await?;
    setup.s3 = address;
    let url = format!("http://{address}/files/{mib}/{{g}}.mp4");
    let outputs = serde_json::to_string(&[Output::new(OutputRole::Video, Source::Url(url))])?;
    let pool = pool(&setup.postgres, 1).await?;
    let mut copier = Part::start(&Role::Copier(setup))?;
    let at_once: usize = copier.said().await?;
    report.note(format!("{files} files of {mib} MiB at once, {at_once} copies at a time (ours: multipart, signed, SHA-256; bare: one PUT each)"));
    let bytes = (files * mib) as f64;
    for round in 0..flags.rounds() {
        seed::archiving(&pool, 1 + round * files, (round + 1) * files, &outputs).await?;
        let before = seen(address).await?;
        let servers_ms = servers.cpu_ms()?;
        copier.tell("go").await?;
        let ours: Copying = copier.said().await?;
        let after = seen(address).await?;
        let servers_ms = servers.cpu_ms()? - servers_ms;
        anyhow::ensure!(after[1] - before[1] >= (files * mib) << 20, "not everything was copied");
        let bare_s = bare(address, files, mib, at_once).await?;
        report.add("ours", "MiB/s", bytes / ours.seconds);
        report.add("bare loop", "MiB/s", bytes / bare_s);
        report.add("ours ÷ bare", "×", ratio(bare_s, ours.seconds));
        report.add("memory grown, ours", "MiB", ours.grown_mib);
        report.add("CPU of ours, GiB", "ms", ours.cpu_ms * 1_024.0 / bytes);
        report.add("CPU of the servers for ours, GiB", "ms", servers_ms * 1_024.0 / bytes);
        report.add("PUTs a file, ours", "", ratio((after[0] - before[0]) as f64, files as f64));
    }
    copier.end().await?;
    servers.end().await?;
    Ok(report)
}

/// What the S3 server has seen: PUTs and bytes.
async fn seen(address: SocketAddr) -> anyhow::Result<[u64; 2]> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    Ok(client.get(format!("http://{address}/seen")).send().await?.json().await?)
}

/// Copies as many files, as many at a time; seconds.
async fn bare(address: SocketAddr, files: u64, mib: u64, at_once: usize) -> anyhow::Result<f64> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let places = Arc::new(Semaphore::new(at_once));
    let began = Instant::now();
    let mut running = JoinSet::new();
    for number in 0..files {
        let (client, places) = (client.clone(), places.clone());
        running.spawn(async move {
            let _place = places.acquire().await?;
            let file = client.get(format!("http://{address}/files/{mib}/{number}.mp4")).send().await?;
            let put = client.put(format!("http://{address}/bench/{number}.mp4")).header("content-length", mib << 20);
            put.body(reqwest::Body::wrap_stream(file.bytes_stream())).send().await?.error_for_status()?;
            anyhow::Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(began.elapsed().as_secs_f64())
}
