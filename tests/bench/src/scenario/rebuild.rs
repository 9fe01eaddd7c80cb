//! `rebuild`: the queue filled from the ledger after Redis came back empty, beside one paged scan of it, and beside
//! what Redis needs for the same entries as plain commands; and how long it takes from there until a working service
//! asks an upstream again.

use super::{NOBODY, furnished};
use crate::client::{Ask, Client};
use crate::flags::Flags;
use crate::part::{Part, Role};
use crate::report::{Report, ratio};
use crate::seed;
use crate::servers::{Postgres, Redis, pool};
use crate::service::{KEY, Parts, s3_settings};
use ledger::Ledger;
use queue::Lane;
use std::net::SocketAddr;
use std::time::Duration;
use task::State;
use tokio::time::{Instant, sleep};
use workers::sweep;

/// How long it may take until something is polled.
const POLL_MAX: Duration = Duration::from_secs(60);
/// The pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(10);
/// Rows of a page, as the sweep reads them.
const PAGE: i64 = 1_000;
/// Entries of one plain command, as in a call of ours.
const PLAIN_ENTRIES: usize = 500;

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let (tasks, channels) = (flags.number("tasks", 100_000, 2_000), flags.number("channels", 10, 3));
    let mut report = Report::new("rebuild", "at most 2 × the scan; emptied to first poll at most 5 s");
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let (upstream, upstream_address) = Part::serving(&Role::Answering).await?;
    let setup = furnished(&postgres, &redis, "rebuild", channels, upstream_address).await?;
    seed::running(&pool(&setup.postgres, 1).await?, tasks, channels).await?;
    let parts = Parts::open(&setup).await?;
    let core = parts.core(NOBODY, s3_settings(setup.s3).put_memory_max_bytes())?;
    let own = std::process::id();
    scan(&parts.ledger).await?;
    let (plain, answers) = plain_commands(tasks, channels);
    for round in 0..flags.rounds() {
        redis.empty().await?;
        postgres.reset().await?;
        let before = (redis.scripts().await?, redis.cpu_ms()?, crate::machine::cpu_ms(own)?, postgres.cpu_ms()?);
        let began = Instant::now();
        let rung = sweep::rebuild(&core).await?;
        let ours_s = began.elapsed().as_secs_f64();
        let executed = postgres.statements().await?;
        let cpu_ms = crate::machine::cpu_ms(own)? - before.2;
        let redis_ms = redis.cpu_ms()? - before.1;
        let postgres_ms = postgres.cpu_ms()? - before.3;
        let scripts = redis.scripts().await? - before.0;
        let counts = parts.scheduler.counts(Lane::Poll).await?;
        let there = u64::try_from(counts.scheduled + counts.due + counts.leased)?;
        anyhow::ensure!(there == tasks, "{there} of {tasks} tasks are on the poll lane, {rung} were rung");
        let began = Instant::now();
        scan(&parts.ledger).await?;
        let scan_s = began.elapsed().as_secs_f64();
        redis.empty().await?;
        let began = Instant::now();
        redis.pour(&plain, answers).await?;
        let plain_s = began.elapsed().as_secs_f64();
        report.add("rebuild", "s", ours_s);
        report.add("one paged scan", "s", scan_s);
        report.add("rebuild ÷ scan", "×", ratio(ours_s, scan_s));
        report.add("Redis alone, plain commands", "s", plain_s);
        report.add("SQL statements", "", executed.statements);
        report.add("Redis scripts", "", scripts);
        report.add("CPU of ours", "ms", cpu_ms);
        report.add("CPU of Redis", "ms", redis_ms);
        report.add("CPU of Postgres", "ms", postgres_ms);
        if round == 0 {
            report.note(format!("{tasks} running tasks over {channels} channels"));
        }
    }
    redis.empty().await?;
    let (service, _) = Part::serving(&Role::Service { setup, stages: true }).await?;
    for _ in 0..flags.rounds() {
        report.add("emptied to first poll", "s", first_poll_s(&redis, &parts, upstream_address).await?);
    }
    service.end().await?;
    upstream.end().await?;
    parts.ledger.close().await;
    Ok(report)
}

/// Empties Redis under a working service; the time until its upstream is asked again. What was under way before
/// is not counted: the queue has to be filled first.
async fn first_poll_s(redis: &Redis, parts: &Parts, upstream: SocketAddr) -> anyhow::Result<f64> {
    let asked = async || {
        let mut client = Client::connect(upstream, KEY).await?;
        let (_, body) = client.ask(&Ask::get("/seen")).await?;
        anyhow::Ok(String::from_utf8(body)?.parse::<u64>()?)
    };
    let before = asked().await?;
    let steady = Instant::now();
    while asked().await? == before {
        anyhow::ensure!(steady.elapsed() < POLL_MAX, "nothing is polled");
        sleep(LOOK_PAUSE).await;
    }
    redis.empty().await?;
    let began = Instant::now();
    while !parts.scheduler.is_filled().await? {
        anyhow::ensure!(began.elapsed() < POLL_MAX, "the queue was not filled");
        sleep(LOOK_PAUSE).await;
    }
    let before = asked().await?;
    while asked().await? == before {
        anyhow::ensure!(began.elapsed() < POLL_MAX, "nothing is polled any more");
        sleep(LOOK_PAUSE).await;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// What a filling has Redis keep (for each task its channel, its due time and its slot) as plain commands in its
/// protocol, and how many.
fn plain_commands(tasks: u64, channels: u64) -> (Vec<u8>, usize) {
    let (mut bytes, mut commands) = (Vec::new(), 0);
    let mut write = |words: &[String]| {
        commands += 1;
        bytes.extend(format!("*{}\r\n", words.len()).bytes());
        for word in words {
            bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
        }
    };
    let numbers: Vec<u64> = (0..tasks).collect();
    for page in numbers.chunks(PLAIN_ENTRIES) {
        let id = |number: u64| seed::id(number).trim_start_matches("task_").to_owned();
        let mut index = vec!["HSET".to_owned(), "index".to_owned()];
        index.extend(page.iter().flat_map(|number| [id(*number), format!("c{}", number % channels)]));
        write(&index);
        for channel in 0..channels.min(page.len() as u64) {
            let ids = || page.iter().filter(|number| **number % channels == channel).map(|number| id(*number));
            let due_us = format!("1790000000{:06}", page[0] % 1_000_000);
            let mut entries = vec!["ZADD".to_owned(), format!("entries:{channel}")];
            entries.extend(ids().flat_map(|id| [due_us.clone(), id]));
            write(&entries);
            let slots = ["SADD".to_owned(), format!("slots:{channel}")];
            write(&slots.into_iter().chain(ids()).collect::<Vec<_>>());
        }
    }
    (bytes, commands)
}

async fn scan(ledger: &Ledger) -> anyhow::Result<usize> {
    let unfinished: Vec<State> = State::ALL.into_iter().filter(|state| !state.is_terminal()).collect();
    let (mut rows, mut after) = (0, None);
    loop {
        let page = ledger.in_state(&unfinished, after, PAGE).await?;
        rows += page.len();
        match page.last() {
            Some(last) => after = Some(last.id),
            None => return Ok(rows),
        }
    }
}
