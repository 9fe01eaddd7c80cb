//! `submit`: durable submissions a second over HTTP, beside a bare loop that inserts the same rows with one
//! commit each.

use super::{NOBODY, furnished, imagine};
use crate::flags::Flags;
use crate::load::{self, Until};
use crate::part::{Part, Role};
use crate::report::{Report, ratio};
use crate::seed::Mould;
use crate::servers::{Postgres, Redis, pool};
use crate::service::KEY;
use sqlx::{AssertSqlSafe, PgPool};
use std::time::Duration;
use task::TaskId;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let clients = flags.number("clients", 32, 4);
    let connections = u32::try_from(flags.number("connections", 32, 4))?;
    let limit = Duration::from_secs(flags.number("seconds", 10, 1));
    let mut report = Report::new("submit", "ours at least 2 × the bare inserts");
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let mut setup = furnished(&postgres, &redis, "submit", 1, NOBODY).await?;
    setup.connections = connections;
    let bare = Bare::read(&setup.postgres, connections).await?;
    let (service, address) = Part::serving(&Role::Service { setup, stages: false }).await?;
    // The first submissions prepare statements and fill caches, here and there.
    load::run(address, KEY, clients, Until::Requests(clients * 8), |number| imagine(1_000_000 + number)).await?;
    bare.insert(clients, Duration::from_millis(300)).await?;
    for round in 0..flags.rounds() {
        postgres.reset().await?;
        let before = (service.cpu_ms()?, postgres.cpu_ms()?, redis.scripts().await?, redis.cpu_ms()?);
        let offset = (round + 2) * 10_000_000;
        let mut ours = load::run(address, KEY, clients, Until::Passed(limit), move |n| imagine(offset + n)).await?;
        let after = (service.cpu_ms()?, postgres.cpu_ms()?, redis.scripts().await?, redis.cpu_ms()?);
        let (requests, executed) = (ours.requests as f64, postgres.statements().await?);
        if round == 0 {
            report.note(format!("Postgres, first round of ours: {}", postgres.slowest(4).await?.join("; ")));
        }
        let before_bare_ms = postgres.cpu_ms()?;
        let bare_per_s = bare.insert(clients, limit).await?;
        let bare_rows = bare_per_s * limit.as_secs_f64();
        report.add("ours", "1/s", ours.per_second());
        report.add("bare inserts", "1/s", bare_per_s);
        report.add("ours ÷ bare", "×", ratio(ours.per_second(), bare_per_s));
        report.add("ours, latency p50", "ms", ours.latency_ms(0.5));
        report.add("ours, latency p99", "ms", ours.latency_ms(0.99));
        report.add("tasks a commit", "", ratio(requests, executed.commits));
        report.add("SQL statements a task", "", ratio(executed.statements, requests));
        report.add("Redis scripts a task", "", ratio(after.2 - before.2, requests));
        report.add("CPU of ours a task", "ms", ratio(after.0 - before.0, requests));
        report.add("CPU of Postgres a task", "ms", ratio(after.1 - before.1, requests));
        report.add("CPU of Redis a task", "ms", ratio(after.3 - before.3, requests));
        report.add("CPU of Postgres a bare row", "ms", ratio(postgres.cpu_ms()? - before_bare_ms, bare_rows));
    }
    service.end().await?;
    Ok(report)
}

/// The bare loop.
struct Bare {
    pool: PgPool,
    sql: String,
}

impl Bare {
    /// One statement with the rows of one submission, copied from our service's own: one round trip and one
    /// commit.
    async fn read(url: &str, connections: u32) -> anyhow::Result<Self> {
        let pool = pool(url, connections).await?;
        let task = Mould::read(&pool, "task", "true").await?.with(&[("id", "$1")])?.insert();
        let event = Mould::read(&pool, "event", "true").await?.with(&[("task_id", "$1")])?.insert();
        Ok(Self { sql: format!("WITH t AS ({task}) {event}"), pool })
    }

    /// Inserts with so many clients for so long; rows a second.
    async fn insert(&self, clients: u64, limit: Duration) -> anyhow::Result<f64> {
        let began = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..clients {
            let (pool, sql) = (self.pool.clone(), self.sql.clone());
            running.spawn(async move {
                let mut rows = 0_u64;
                while began.elapsed() < limit {
                    let id = TaskId::new(1_790_000_000_000, &crate::nature::OsEntropy).to_string();
                    sqlx::query(AssertSqlSafe(sql.clone())).bind(id).execute(&pool).await?;
                    rows += 1;
                }
                Ok::<_, sqlx::Error>(rows)
            });
        }
        let mut rows = 0;
        while let Some(ended) = running.join_next().await {
            rows += ended??;
        }
        Ok(rows as f64 / began.elapsed().as_secs_f64())
    }
}
