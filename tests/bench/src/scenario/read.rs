//! `read`: status fetches a second with many tasks in the ledger, beside a bare JSON route.

use super::{NOBODY, furnished};
use crate::client::{Ask, Client};
use crate::flags::Flags;
use crate::load::{self, Until};
use crate::part::{Part, Role};
use crate::report::{Report, ratio};
use crate::seed;
use crate::servers::{Postgres, Redis, pool};
use crate::service::KEY;
use std::time::Duration;

/// Scatters the numbers of requests over the tasks; odd, and no divisor of a usual count.
const STRIDE: u64 = 2_654_435_761;

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let (clients, tasks) = (flags.number("clients", 64, 4), flags.number("tasks", 1_000_000, 2_000));
    let limit = Duration::from_secs(flags.number("seconds", 8, 1));
    let mut report = Report::new("read", "ours at least 0.5 × the bare route");
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let setup = furnished(&postgres, &redis, "read", 1, NOBODY).await?;
    seed::succeeded(&pool(&setup.postgres, 1).await?, tasks, &["midjourney"]).await?;
    let (service, ours) = Part::serving(&Role::Service { setup, stages: false }).await?;
    let fetch = move |number: u64| Ask::get(format!("/mj/task/{}/fetch", seed::id(1 + number * STRIDE % tasks)));
    let (status, body) = Client::connect(ours, KEY).await?.ask(&fetch(1)).await?;
    let body = String::from_utf8(body)?;
    anyhow::ensure!(status == 200 && body.contains("SUCCESS"), "the seeded task can't be read: {status} {body}");
    report.note(format!("an answer has {} bytes; {tasks} tasks in the ledger", body.len()));
    let (bare_part, bare) = Part::serving(&Role::Bare { body }).await?;
    for address in [ours, bare] {
        load::run(address, KEY, clients, Until::Requests(clients * 20), fetch).await?;
    }
    for _ in 0..flags.rounds() {
        postgres.reset().await?;
        let before = (service.cpu_ms()?, postgres.cpu_ms()?, bare_part.cpu_ms()?);
        let mut of_ours = load::run(ours, KEY, clients, Until::Passed(limit), fetch).await?;
        let (requests, executed) = (of_ours.requests as f64, postgres.statements().await?);
        let cpu = (service.cpu_ms()? - before.0, postgres.cpu_ms()? - before.1);
        let mut of_bare = load::run(bare, KEY, clients, Until::Passed(limit), fetch).await?;
        report.add("ours", "1/s", of_ours.per_second());
        report.add("bare route", "1/s", of_bare.per_second());
        report.add("ours ÷ bare", "×", ratio(of_ours.per_second(), of_bare.per_second()));
        report.add("ours, latency p50", "ms", of_ours.latency_ms(0.5));
        report.add("ours, latency p99", "ms", of_ours.latency_ms(0.99));
        report.add("bare, latency p99", "ms", of_bare.latency_ms(0.99));
        report.add("SQL statements a fetch", "", ratio(executed.statements, requests));
        report.add("CPU of ours a fetch", "ms", ratio(cpu.0, requests));
        report.add("CPU of Postgres a fetch", "ms", ratio(cpu.1, requests));
        report.add("CPU of bare a fetch", "ms", ratio(bare_part.cpu_ms()? - before.2, of_bare.requests as f64));
    }
    service.end().await?;
    bare_part.end().await?;
    Ok(report)
}
