//! Our archive stage: each time it is told how its store is to sign, it copies what is due, and says how long
//! that took.

use super::{ears, hear, say};
use crate::machine;
use crate::service::{Parts, Setup, s3_settings};
use queue::Lane;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{PayloadSigning, S3Settings, S3Store};
use task::State;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use workers::sweep;

/// The pause between two looks whether everything is done, and at how much memory it takes.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Where nobody asks for files of ours.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// How it went.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Copying {
    pub(crate) seconds: f64,
    pub(crate) cpu_ms: f64,
    /// The most memory beyond the idle process's that it was seen to hold, the program's own pages left out.
    pub(crate) grown_mib: f64,
}

pub(super) async fn play(setup: &Setup) -> anyhow::Result<()> {
    let mut parts = Parts::open(setup).await?;
    let put_bytes = s3_settings(setup.s3).put_memory_max_bytes();
    let own = std::process::id();
    let idle_mib = machine::anonymous_mib(own)?;
    say(&parts.core(NOBODY, put_bytes)?.settings.concurrency.archive)?;
    let mut input = ears();
    while let Some(payload_signing) = hear(&mut input).await? {
        let payload_signing: PayloadSigning = serde_json::from_str(&payload_signing)?;
        parts.store = Arc::new(S3Store::new(S3Settings { payload_signing, ..s3_settings(setup.s3) })?);
        let core = parts.core(NOBODY, put_bytes)?;
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        sweep::rebuild(&core).await?;
        let mut lanes = workers::lanes(&core);
        lanes.retain(|settings| settings.lane == Lane::Archive);
        let (began, cpu_ms) = (Instant::now(), machine::cpu_ms(own)?);
        let running = tokio::spawn(queue::run(parts.scheduler.clone(), lanes, soft.clone(), hard));
        let mut most_mib = idle_mib;
        while !parts.ledger.in_state(&[State::Archiving], None, 1).await?.is_empty() {
            most_mib = most_mib.max(machine::anonymous_mib(own)?);
            sleep(LOOK_PAUSE).await;
        }
        let seconds = began.elapsed().as_secs_f64();
        say(&Copying { seconds, cpu_ms: machine::cpu_ms(own)? - cpu_ms, grown_mib: most_mib - idle_mib })?;
        soft.cancel();
        running.await??;
    }
    Ok(())
}
