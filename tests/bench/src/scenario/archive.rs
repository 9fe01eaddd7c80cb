//! `archive`: large files that are due at once, copied to S3, beside bare loops of GET and PUT.

use super::{NOBODY, furnished};
use crate::flags::Flags;
use crate::machine;
use crate::part::{Copying, Part, Role};
use crate::report::{Report, ratio};
use crate::seed;
use crate::servers::{Postgres, Redis, pool};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use task::{Output, Role as OutputRole, Source};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What ours is called, and how its store signs.
const OURS: [(&str, &str); 2] = [("ours", "\"unprotected\""), ("ours, bytes unsigned", "\"never\"")];
/// What the loops are called, and whether they take the SHA-256 that the ledger keeps.
const BARE: [(&str, bool); 2] = [("bare loop", false), ("bare loop with SHA-256", true)];

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    // An eighth of what the aim names, so that a round takes seconds: --files 64 --mib 256 is the whole.
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
    report.note(format!("{files} files of {mib} MiB at once, {at_once} copies at a time"));
    report.note("ours: multipart, SHA-256, CRC-32, and as shipped for a store without TLS a signature over every byte, which is a second SHA-256; over TLS the bytes go unsigned");
    report.note("bare: one PUT each, nothing signed, nothing sent again");
    let bytes = (files * mib) as f64;
    let mut seeded = 1;
    for _ in 0..flags.rounds() {
        let mut seconds = Vec::new();
        for (name, signing) in OURS {
            seed::archiving(&pool, seeded, seeded + files - 1, &outputs).await?;
            seeded += files;
            let before = seen(address).await?;
            let servers_ms = servers.cpu_ms()?;
            copier.tell(signing).await?;
            let ours: Copying = copier.said().await?;
            let after = seen(address).await?;
            anyhow::ensure!(after[1] - before[1] >= (files * mib) << 20, "not everything was copied");
            report.add(name, "MiB/s", bytes / ours.seconds);
            report.add(&format!("memory grown, {name}"), "MiB", ours.grown_mib);
            report.add(&format!("CPU a GiB, {name}"), "ms", ours.cpu_ms * 1_024.0 / bytes);
            report.add(
                &format!("CPU of the servers a GiB, {name}"),
                "ms",
                (servers.cpu_ms()? - servers_ms) * 1_024.0 / bytes,
            );
            report.add(&format!("PUTs a file, {name}"), "", ratio((after[0] - before[0]) as f64, files as f64));
            seconds.push((name, ours.seconds));
        }
        for (name, takes_sum) in BARE {
            let (servers_ms, own_ms) = (servers.cpu_ms()?, machine::cpu_ms(std::process::id())?);
            let bare_s = Loop { address, mib, takes_sum }.copy(files, at_once).await?;
            let (servers_ms, own_ms) = (servers.cpu_ms()? - servers_ms, machine::cpu_ms(std::process::id())? - own_ms);
            report.add(name, "MiB/s", bytes / bare_s);
            report.add(&format!("CPU a GiB, {name}"), "ms", own_ms * 1_024.0 / bytes);
            report.add(&format!("CPU of the servers a GiB, {name}"), "ms", servers_ms * 1_024.0 / bytes);
            for (ours, ours_s) in &seconds {
                report.add(&format!("{ours} ÷ {name}"), "×", ratio(bare_s, *ours_s));
            }
        }
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

/// A loop of GET and PUT with nothing around it.
#[derive(Debug, Clone, Copy)]
struct Loop {
    address: SocketAddr,
    mib: u64,
    takes_sum: bool,
}

impl Loop {
    /// Copies as many files, as many at a time; seconds.
    async fn copy(self, files: u64, at_once: usize) -> anyhow::Result<f64> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let places = Arc::new(Semaphore::new(at_once));
        let began = Instant::now();
        let mut running = JoinSet::new();
        for number in 0..files {
            let (client, places) = (client.clone(), places.clone());
            running.spawn(async move {
                let _place = places.acquire().await?;
                self.copy_one(&client, number).await
            });
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        Ok(began.elapsed().as_secs_f64())
    }

    async fn copy_one(self, client: &reqwest::Client, number: u64) -> anyhow::Result<()> {
        let Self { address, mib, takes_sum } = self;
        let file = client.get(format!("http://{address}/files/{mib}/{number}.mp4")).send().await?;
        let put = client.put(format!("http://{address}/bench/{number}.mp4")).header("content-length", mib << 20);
        let sum = Arc::new(Mutex::new(Sha256::new()));
        let taken = sum.clone();
        let pieces = file.bytes_stream().inspect(move |piece| {
            if let (true, Ok(piece)) = (takes_sum, piece) {
                taken.lock().unwrap_or_else(PoisonError::into_inner).update(piece);
            }
        });
        put.body(reqwest::Body::wrap_stream(pieces)).send().await?.error_for_status()?;
        // Kept from being left out because nobody looks at it.
        std::hint::black_box(sum.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize());
        Ok(())
    }
}
