//! `flight`: many tasks in flight whose progress moves on at every poll, beside the scheduler alone.

use super::{POLL_PERIOD_MS, furnished};
use crate::flags::Flags;
use crate::part::{Filled, Flight, Flown, Part, Role, Steady};
use crate::report::{Report, murmur, ratio};
use crate::seed;
use crate::servers::{Postgres, Redis, pool};

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let (tasks, channels) = (flags.number("tasks", 100_000, 1_000), flags.number("channels", 10, 2));
    let (seconds, batch) = (flags.number("seconds", 20, 3), flags.number("batch", 500, 500));
    let settle_periods = u32::try_from(flags.number("settle", 6, 1))?;
    let mut report = Report::new("flight", "lateness p99 at most 250 ms, at most 1 KiB of our memory a task");
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let (upstream, upstream_address) = Part::serving(&Role::Answering).await?;
    murmur(&format!("making {tasks} tasks in a fresh Postgres"));
    let setup = furnished(&postgres, &redis, "flight", channels, upstream_address).await?;
    seed::running(&pool(&setup.postgres, 1).await?, tasks, channels).await?;
    report.note(format!(
        "{tasks} tasks over {channels} channels, each due every {POLL_PERIOD_MS} ms, batches of {batch}; measured after \
         {settle_periods} periods"
    ));
    let flight = Flight {
        setup,
        tasks,
        channels,
        batch: usize::try_from(batch)?,
        period_ms: POLL_PERIOD_MS,
        seconds,
        settle_periods,
        is_alone: false,
    };
    let servers = Servers { postgres: &postgres, redis: &redis, upstream: &upstream };
    let rounds = flags.rounds();
    for round in 1..=rounds {
        murmur(&format!("round {round} of {rounds}: {tasks} tasks, ours"));
        redis.empty().await?;
        let ours = fly(&flight, &servers).await?;
        if round == rounds {
            flight_notes(&mut report, &postgres).await?;
        }
        murmur(&format!("round {round} of {rounds}: {tasks} tasks, the scheduler alone"));
        redis.empty().await?;
        let alone = fly(&Flight { is_alone: true, ..flight.clone() }, &servers).await?;
        report.add("due", "1/s", tasks as f64 * 1_000.0 / POLL_PERIOD_MS as f64);
        for (who, flown) in [("ours", &ours), ("alone", &alone)] {
            let mut add = |name: &str, unit, figure| report.add(&format!("{name}, {who}"), unit, figure);
            add("lateness p99", "ms", flown.flown.p99_ms);
            add("lateness p50", "ms", flown.flown.p50_ms);
            add("looks", "1/s", flown.flown.looks_per_s);
            add("memory grown", "MiB", flown.flown.grown_mib);
            add("filled", "s", flown.filled_s);
            add("own CPU, 1,000 looks", "ms", flown.flown.cpu_ms_per_1000);
            add("CPU of Redis, 1,000 looks", "ms", flown.per_look(flown.used.redis_ms));
        }
        report.add("memory a task, ours", "KiB", ours.flown.grown_mib * 1_024.0 / tasks as f64);
        report.add("CPU of Postgres, 1,000 looks", "ms", ours.per_look(ours.used.postgres_ms));
        report.add("CPU of the upstream, 1,000 looks", "ms", ours.per_look(ours.used.upstream_ms));
        report.add("Redis scripts, 1,000 looks", "", ours.per_look(ours.used.scripts));
        report.add("SQL statements, 1,000 looks", "", ours.per_look(ours.used.statements));
    }
    upstream.end().await?;
    Ok(report)
}

async fn flight_notes(report: &mut Report, postgres: &Postgres) -> anyhow::Result<()> {
    report.note("CPU, scripts and statements are those of the measured seconds; filling the queue is not among them");
    report.note(format!("Postgres, last round: {}", postgres.slowest(4).await?.join("; ")));
    Ok(())
}

/// What a flight leans on.
struct Servers<'a> {
    postgres: &'a Postgres,
    redis: &'a Redis,
    upstream: &'a Part,
}

/// What these have done so far.
#[derive(Clone, Copy)]
struct Used {
    scripts: f64,
    statements: f64,
    redis_ms: f64,
    postgres_ms: f64,
    upstream_ms: f64,
}

impl Servers<'_> {
    async fn used(&self) -> anyhow::Result<Used> {
        Ok(Used {
            scripts: self.redis.scripts().await?,
            statements: self.postgres.statements().await?.statements,
            redis_ms: self.redis.cpu_ms()?,
            postgres_ms: self.postgres.cpu_ms()?,
            upstream_ms: self.upstream.cpu_ms()?,
        })
    }
}

/// A flight that has ended.
struct Ended {
    filled_s: f64,
    flown: Flown,
    /// In the measured seconds.
    used: Used,
    seconds: f64,
}

impl Ended {
    /// So much for 1,000 looks.
    fn per_look(&self, all: f64) -> f64 {
        ratio(all * 1_000.0, self.flown.looks_per_s * self.seconds)
    }
}

async fn fly(flight: &Flight, servers: &Servers<'_>) -> anyhow::Result<Ended> {
    let mut part = Part::start(&Role::Flight(flight.clone()))?;
    let Filled { filled_s } = part.said().await?;
    murmur(&format!(
        "  the queue was filled in {filled_s:.1} s; {} periods until it flies steadily",
        flight.settle_periods
    ));
    let Steady = part.said().await?;
    servers.postgres.reset().await?;
    let before = servers.used().await?;
    let flown: Flown = part.said().await?;
    let after = servers.used().await?;
    part.end().await?;
    let used = Used {
        scripts: after.scripts - before.scripts,
        statements: after.statements,
        redis_ms: after.redis_ms - before.redis_ms,
        postgres_ms: after.postgres_ms - before.postgres_ms,
        upstream_ms: after.upstream_ms - before.upstream_ms,
    };
    Ok(Ended { filled_s, flown, used, seconds: flight.seconds as f64 })
}
