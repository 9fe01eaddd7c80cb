//! Our service.

use super::{say, until_left};
use crate::service::{Parts, Setup, s3_settings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use workers::sweep;

/// How long requests under way may take at the end.
const DRAIN_MS: u64 = 1_000;

pub(super) async fn play(setup: &Setup, stages: bool) -> anyhow::Result<()> {
    let parts = Parts::open(setup).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
    let core = parts.core(address, s3_settings(setup.s3).put_memory_max_bytes())?;
    if stages {
        sweep::rebuild(&core).await?;
        let run = queue::run(parts.scheduler.clone(), workers::lanes(&core), soft.clone(), hard.clone());
        tokio::spawn(run);
        tokio::spawn(sweep::run(core, "bench".to_owned(), soft.clone()));
    }
    let router = front::router(parts.front(address, soft.clone())?);
    say(&address)?;
    tokio::select! {
        served = front::serve(listener, router, soft.clone(), DRAIN_MS) => served?,
        () = until_left() => {}
    }
    soft.cancel();
    hard.cancel();
    Ok(())
}
