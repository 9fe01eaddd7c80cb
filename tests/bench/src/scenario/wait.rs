//! `wait`: how long a caller who waits at one process hears nothing of a task that another process has ended;
//! with Redis, and with the ledger alone.

use super::{NOBODY, furnished, imagine};
use crate::client::{Ask, Client};
use crate::flags::Flags;
use crate::part::{Part, Role};
use crate::report::{Report, quantile};
use crate::servers::{Postgres, Redis};
use crate::service::{KEY, Parts, Setup};
use anyhow::Context;
use ledger::{Change, NewEvent};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use task::{Step, TaskId};
use tokio::time::{Instant, sleep};

/// A Redis that nobody is.
const NO_REDIS: &str = "redis://127.0.0.1:9";
/// How long a caller has waited when its task ends, at least.
const WAITED: Duration = Duration::from_millis(40);
/// Spreads the ends over the period in which the ledger is read without a hint: prime, so that it meets all of it.
const SPREAD_MS: u64 = 37;
/// That period, ms.
const PERIOD_MS: u64 = 500;

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let tasks = flags.number("tasks", 40, 2);
    let mut report = Report::new("wait", "with Redis at most 100 ms, without it at most 500 ms");
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let setup = furnished(&postgres, &redis, "wait", 1, NOBODY).await?;
    let without = Setup { redis: NO_REDIS.to_owned(), ..setup.clone() };
    let other = Parts::open(&setup).await?;
    for round in 0..flags.rounds() {
        for (who, setup, announces) in [("with Redis", &setup, true), ("without Redis", &without, false)] {
            let (service, address) = Part::serving(&Role::Service { setup: setup.clone(), stages: false }).await?;
            let mut delays_ms = Vec::new();
            for number in 0..tasks {
                let pause = WAITED + Duration::from_millis(number * SPREAD_MS % PERIOD_MS);
                delays_ms.push(heard_after_ms(address, &other, round * tasks + number, pause, announces).await?);
            }
            report.add(&format!("{who}, p50"), "ms", quantile(&mut delays_ms, 0.5));
            report.add(&format!("{who}, longest"), "ms", quantile(&mut delays_ms, 1.0));
            service.end().await?;
        }
    }
    report.note(format!("{tasks} tasks each, ended one after another; counted from the commit of the end"));
    other.ledger.close().await;
    Ok(report)
}

/// Submits a task, waits for it at the service, ends it from here.
async fn heard_after_ms(
    address: SocketAddr,
    other: &Parts,
    number: u64,
    pause: Duration,
    announces: bool,
) -> anyhow::Result<f64> {
    let (_, body) = Client::connect(address, KEY).await?.ask(&imagine(1_000 + number)).await?;
    let answer: Value = serde_json::from_slice(&body)?;
    let id: TaskId = answer["result"].as_str().context("not taken in")?.parse()?;
    let mut waiting = Client::connect(address, KEY).await?.waiting();
    let hearing = tokio::spawn(async move {
        let answered = waiting.ask(&Ask::get(format!("/mj/task/{id}/fetch"))).await;
        (answered, Instant::now())
    });
    sleep(pause).await;
    let before = other.ledger.task(id).await?.context("the task is there")?;
    let after = before.after(Step::Cancel, other.clock.now_ms())?;
    let event = NewEvent { step: Step::Cancel.name(), note: Value::Null };
    other.ledger.commit(vec![Change { before, after, event, attempt: None, callback: None }]).await?;
    let ended = Instant::now();
    if announces {
        other.scheduler.announce(&[id]).await;
    }
    let (answered, heard) = hearing.await?;
    let (status, body) = answered?;
    anyhow::ensure!(status == 200, "the caller who waited was answered {status}: {}", String::from_utf8_lossy(&body));
    Ok(heard.saturating_duration_since(ended).as_secs_f64() * 1_000.0)
}
