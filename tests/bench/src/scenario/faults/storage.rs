//! Faults of the servers that the service leans on, while tasks are submitted and run.

use super::Bench;
use super::bucket::Trouble;
use super::crowd::{self, Answered, Mix};
use super::installation::{Installation, Shape};
use super::process::Launch;
use super::table::{Row, settle};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The pause between two looks how many were answered.
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// The library that moves a process's clock (Debian: `faketime`).
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    RedisFlushed,
    RedisKilledWithData,
    RedisKilledWithoutData,
    RedisAway,
    RedisOutOfMemory,
    RedisReadOnly,
    PostgresKilled,
    PostgresRestarted,
    PostgresAway,
    CommitsHang,
    Bucket(Trouble),
    ClockAhead,
}

/// Every row.
pub(super) const FAULTS: &[Fault] = &[
    Fault::RedisFlushed,
    Fault::RedisKilledWithData,
    Fault::RedisKilledWithoutData,
    Fault::RedisAway,
    Fault::RedisOutOfMemory,
    Fault::RedisReadOnly,
    Fault::PostgresKilled,
    Fault::PostgresRestarted,
    Fault::PostgresAway,
    Fault::CommitsHang,
    Fault::Bucket(Trouble::Refuses),
    Fault::Bucket(Trouble::Crawls),
    Fault::Bucket(Trouble::BreaksOff),
    Fault::Bucket(Trouble::IsFull),
    Fault::ClockAhead,
];

impl Fault {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RedisFlushed => "Redis flushed",
            Self::RedisKilledWithData => "Redis killed, back with its data",
            Self::RedisKilledWithoutData => "Redis killed, back without its data",
            Self::RedisAway => "Redis away for 60 s",
            Self::RedisOutOfMemory => "Redis out of memory for 30 s",
            Self::RedisReadOnly => "Redis read-only for 30 s",
            Self::PostgresKilled => "Postgres killed",
            Self::PostgresRestarted => "Postgres restarted",
            Self::PostgresAway => "Postgres away for 30 s",
            Self::CommitsHang => "connections hung during COMMIT for 30 s",
            Self::Bucket(Trouble::None) => "S3 well",
            Self::Bucket(Trouble::Refuses) => "S3 refusing for 30 s",
            Self::Bucket(Trouble::Crawls) => "S3 slow for 30 s",
            Self::Bucket(Trouble::BreaksOff) => "S3 cut mid-part for 30 s",
            Self::Bucket(Trouble::IsFull) => "S3 full for 30 s",
            Self::ClockAhead => "clock of one process an hour ahead",
        }
    }

    fn shape(self) -> Shape {
        Shape { redis_keeps: self == Self::RedisKilledWithData, ..Shape::default() }
    }
}

/// Two `serve`, two `work`; a third of the tasks is answered when the fault begins, and callers go on.
pub(super) async fn run(bench: &Bench, fault: Fault) -> anyhow::Result<Row> {
    let world = Installation::start(bench, fault.shape()).await?;
    let skewed = |launch: Launch| if fault == Fault::ClockAhead { ahead(launch) } else { launch };
    if fault == Fault::ClockAhead {
        anyhow::ensure!(Path::new(FAKETIME).is_file(), "not run: there is no faketime (apt: faketime)");
    }
    let (_first, base) = world.start_serve().await?;
    let (launch, second) = world.serve()?;
    let _second = skewed(launch).start().await?;
    world.open_for_business(&second);
    let _works = (world.work(&base).start().await?, skewed(world.work(&base)).start().await?);

    let answered = Answered::default();
    let (tasks, clients) = (bench.tasks, bench.clients);
    let faulty = async {
        while answered.count() < tasks / 3 {
            sleep(LOOK_PAUSE).await;
        }
        world.in_flight.struck().await;
        make(bench, fault, &world).await?;
        anyhow::Ok(Instant::now())
    };
    let (placed, cleared) = tokio::join!(crowd::submit(&world, Mix::Pictures, tasks, clients, &answered), faulty);
    settle(fault.name(), &world, placed?, cleared?).await
}

fn ahead(launch: Launch) -> Launch {
    launch.with("LD_PRELOAD", FAKETIME).with("FAKETIME", "+1h").with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

/// Makes the fault, and mends it.
async fn make(bench: &Bench, fault: Fault, world: &Installation) -> anyhow::Result<()> {
    let redis = &world.redis;
    let minute = Duration::from_millis(bench.minute_ms);
    match fault {
        Fault::RedisFlushed => redis.empty().await?,
        Fault::RedisKilledWithData | Fault::RedisKilledWithoutData => {
            redis.kill()?;
            redis.start_again().await?;
        }
        Fault::RedisAway => {
            redis.kill()?;
            sleep(minute).await;
            redis.start_again().await?;
        }
        Fault::RedisOutOfMemory => {
            redis.tell("CONFIG SET maxmemory 1").await?;
            sleep(minute / 2).await;
            redis.tell("CONFIG SET maxmemory 0").await?;
        }
        Fault::RedisReadOnly => {
            redis.tell("REPLICAOF 127.0.0.1 1").await?;
            sleep(minute / 2).await;
            redis.tell("REPLICAOF NO ONE").await?;
        }
        Fault::PostgresKilled => {
            bench.postgres.stop("KILL")?;
            bench.postgres.start_again().await?;
        }
        Fault::PostgresRestarted => {
            bench.postgres.stop("INT")?;
            bench.postgres.start_again().await?;
        }
        Fault::PostgresAway => {
            bench.postgres.stop("INT")?;
            sleep(minute / 2).await;
            bench.postgres.start_again().await?;
        }
        Fault::CommitsHang => {
            world.proxy.hang_commits();
            sleep(minute / 2).await;
            let hung = world.proxy.let_pass();
            anyhow::ensure!(hung > 0, "no COMMIT was under way");
        }
        Fault::Bucket(trouble) => {
            world.bucket.set(trouble);
            sleep(minute / 2).await;
            world.bucket.set(Trouble::None);
        }
        // It is wrong from the beginning to the end.
        Fault::ClockAhead => {}
    }
    Ok(())
}
