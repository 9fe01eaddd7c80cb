//! Tasks in flight: our poll stage on them, or the scheduler alone.

use super::alone::{self, Again};
use super::lateness::Lateness;
use super::say;
use crate::machine;
use crate::nature::{OsEntropy, SystemClock};
use crate::report::murmur;
use crate::service::{PREFIX, Parts, Setup, s3_settings, scheduler};
use queue::{Lane, LaneSettings};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use workers::sweep;

/// The pause between two looks whether the queue is filled.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// How often a flight says how it goes.
const WORD_PERIOD: Duration = Duration::from_secs(5);

/// What is to fly.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Flight {
    pub(crate) setup: Setup,
    pub(crate) tasks: u64,
    pub(crate) channels: u64,
    pub(crate) batch: usize,
    pub(crate) period_ms: i64,
    pub(crate) seconds: u64,
    /// How long it flies before it is measured, in periods.
    pub(crate) settle_periods: u32,
    /// The scheduler and nothing else.
    pub(crate) is_alone: bool,
}

/// How long it took until everything was in flight.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Filled {
    pub(crate) filled_s: f64,
}

/// What came due while the queue was being filled has passed: from here on it is measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Steady;

/// How it went.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Flown {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) looks_per_s: f64,
    pub(crate) cpu_ms_per_1000: f64,
    /// Memory with everything in flight beyond what the idle process held.
    pub(crate) grown_mib: f64,
}

pub(super) async fn play(flight: Flight) -> anyhow::Result<()> {
    let lateness = Lateness::install()?;
    let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
    let own = std::process::id();
    let began;
    let resident_mib;
    let mut lanes;
    let scheduler = if flight.is_alone {
        let (scheduler, clock) = (scheduler(&flight.setup.redis, PREFIX)?, Arc::new(SystemClock));
        resident_mib = machine::resident_mib(own)?;
        began = Instant::now();
        alone::fill(&*scheduler, &*clock, &OsEntropy, flight.tasks, flight.channels, flight.period_ms).await?;
        let handler = Arc::new(Again { clock, period_ms: flight.period_ms });
        lanes = vec![LaneSettings { lane: Lane::Poll, concurrency: 64, batch: 1, lease_ms: 60_000, handler }];
        scheduler
    } else {
        let parts = Parts::open(&flight.setup).await?;
        let core =
            parts.core(SocketAddr::from(([127, 0, 0, 1], 9)), s3_settings(flight.setup.s3).put_memory_max_bytes())?;
        resident_mib = machine::resident_mib(own)?;
        began = Instant::now();
        lanes = workers::lanes(&core);
        lanes.retain(|settings| settings.lane == Lane::Poll);
        tokio::spawn(sweep::run(core, "bench".to_owned(), soft.clone()));
        while !parts.scheduler.is_filled().await? {
            sleep(LOOK_PAUSE).await;
        }
        parts.scheduler
    };
    say(&Filled { filled_s: began.elapsed().as_secs_f64() })?;
    lanes.iter_mut().for_each(|settings| settings.batch = flight.batch);
    let running = tokio::spawn(queue::run(scheduler, lanes, soft.clone(), hard.clone()));
    // A process that has just begun reads each row whole once, which costs several times as much as a later look, and
    // catches up with what came due meanwhile.
    sleep(Duration::from_millis(flight.period_ms.cast_unsigned()) * flight.settle_periods).await;
    lateness.reset();
    say(&Steady)?;
    let (began, cpu_ms) = (Instant::now(), machine::cpu_ms(own)?);
    while began.elapsed() < Duration::from_secs(flight.seconds) {
        sleep(WORD_PERIOD.min(Duration::from_secs(flight.seconds).saturating_sub(began.elapsed()))).await;
        murmur(&format!(
            "  {:.0} s: {:.0} looks a second, lateness p50 {:.0} ms, p99 {:.0} ms",
            began.elapsed().as_secs_f64(),
            lateness.count() as f64 / began.elapsed().as_secs_f64(),
            lateness.quantile_ms(0.5),
            lateness.quantile_ms(0.99),
        ));
    }
    let looks = lateness.count() as f64;
    say(&Flown {
        p50_ms: lateness.quantile_ms(0.5),
        p99_ms: lateness.quantile_ms(0.99),
        looks_per_s: looks / began.elapsed().as_secs_f64(),
        cpu_ms_per_1000: crate::report::ratio((machine::cpu_ms(own)? - cpu_ms) * 1_000.0, looks),
        grown_mib: machine::resident_mib(own)? - resident_mib,
    })?;
    soft.cancel();
    hard.cancel();
    running.await??;
    Ok(())
}
