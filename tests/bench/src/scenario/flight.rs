//! `flight`: many tasks in flight whose progress moves on at every poll, beside the scheduler alone.

use super::{POLL_PERIOD_MS, furnished};
use crate::flags::Flags;
use crate::part::{Flight, Flown, Part, Role};
use crate::report::{Report, ratio};
use crate::seed;
use crate::servers::{Postgres, Redis, pool};

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let (tasks, channels) = (flags.number("tasks", 100_000, 1_000), flags.number("channels", 10, 2));
    let (seconds, batch) = (flags.number("seconds", 20, 3), flags.number("batch", 500, 500));
    let mut report = Report::new("flight", "lateness p99 at most 250 ms, at most 1 KiB of our memory a task");
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let (upstream, upstream_address) = Part::serving(&Role::Answering).await?;
    let setup = furnished(&postgres, &redis, "flight", channels, upstream_address).await?;
    seed::running(&pool(&setup.postgres, 1).await?, tasks, channels).await?;
    report.note(format!(
        "{tasks} tasks over {channels} channels, each due every {POLL_PERIOD_MS} ms, batches of {batch}"
    ));
    let flight = Flight {
        setup,
        tasks,
        channels,
        batch: usize::try_from(batch)?,
        period_ms: POLL_PERIOD_MS,
        seconds,
        is_alone: false,
    };
    for _ in 0..flags.rounds() {
        redis.empty().await?;
        postgres.reset().await?;
        let before = (redis.scripts().await?, redis.cpu_ms()?, postgres.cpu_ms()?, upstream.cpu_ms()?);
        let ours = fly(&flight).await?;
        let looks = (ours.looks_per_s * seconds as f64).max(1.0);
        let used = (redis.scripts().await? - before.0, redis.cpu_ms()? - before.1, postgres.cpu_ms()? - before.2);
        let upstream_ms = upstream.cpu_ms()? - before.3;
        let executed = postgres.statements().await?;
        redis.empty().await?;
        let alone = fly(&Flight { is_alone: true, ..flight.clone() }).await?;
        report.add("lateness p99, ours", "ms", ours.p99_ms);
        report.add("lateness p99, alone", "ms", alone.p99_ms);
        report.add("lateness p50, ours", "ms", ours.p50_ms);
        report.add("lateness p50, alone", "ms", alone.p50_ms);
        report.add("looks, ours", "1/s", ours.looks_per_s);
        report.add("looks, alone", "1/s", alone.looks_per_s);
        report.add("due", "1/s", tasks as f64 * 1_000.0 / POLL_PERIOD_MS as f64);
        report.add("memory a task, ours", "KiB", ours.grown_mib * 1_024.0 / tasks as f64);
        report.add("memory grown, ours", "MiB", ours.grown_mib);
        report.add("memory grown, alone", "MiB", alone.grown_mib);
        report.add("CPU of ours, 1,000 looks", "ms", ours.cpu_ms_per_1000);
        report.add("CPU of alone, 1,000 looks", "ms", alone.cpu_ms_per_1000);
        report.add("filled, ours", "s", ours.filled_s);
        // The rest is of the whole flight, its beginning included.
        report.add("whole flight: Redis scripts a look", "", ratio(used.0, looks));
        report.add("whole flight: SQL statements a look", "", ratio(executed.statements, looks));
        report.add("whole flight: CPU of Redis", "ms", used.1);
        report.add("whole flight: CPU of Postgres", "ms", used.2);
        report.add("whole flight: CPU of the upstream", "ms", upstream_ms);
    }
    report.note(format!("Postgres, last round: {}", postgres.slowest(4).await?.join("; ")));
    upstream.end().await?;
    Ok(report)
}

async fn fly(flight: &Flight) -> anyhow::Result<Flown> {
    let mut part = Part::start(&Role::Flight(flight.clone()))?;
    let flown = part.said().await?;
    part.end().await?;
    Ok(flown)
}
