//! `life`: whole tasks with about six polls, callbacks and a picture, beside a floor that makes the same
//! calls. Both run in processes of their own, so that their CPU time can be told apart.

use super::{furnished, imagine};
use crate::client::Ask;
use crate::flags::Flags;
use crate::load::{self, Until};
use crate::part::{Floor, Part, Role, Upstream};
use crate::report::{Report, ratio};
use crate::servers::{Postgres, Redis, pool};
use crate::service::{KEY, Setup};
use anyhow::bail;
use serde_json::{Value, json};
use sqlx::{PgPool, Row as _};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The pause between two polls, and how long a picture takes: six polls.
const PERIOD_MS: i64 = 400;
const GRID_MS: i64 = 2_300;
/// A picture of about 64 KiB.
const PICTURE_PX: u32 = 352;
/// How long all tasks may take to end.
const END_MAX: Duration = Duration::from_secs(120);
/// The pause between two looks whether they have.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let (tasks, clients) = (flags.number("tasks", 1_000, 12), flags.number("clients", 32, 4));
    let mut report = Report::new("life", "CPU of ours at most 1.5 × the floor's, a task");
    let (postgres, redis) = (Postgres::start().await?, Redis::start().await?);
    let role = Role::Upstream(Upstream { grid_ms: GRID_MS, picture_px: PICTURE_PX });
    let mut upstream = Part::start(&role)?;
    let (sim, others): (SocketAddr, SocketAddr) = upstream.said().await?;
    let mut setup = furnished(&postgres, &redis, "life", 1, sim).await?;
    setup.s3 = others;
    let pool = pool(&setup.postgres, 2).await?;
    sqlx::query("DELETE FROM task").execute(&pool).await?;
    let options = json!({ "poll_period_ms": PERIOD_MS }).to_string();
    sqlx::query("UPDATE channel SET options = $1").bind(options).execute(&pool).await?;
    let scene = Scene { postgres: &postgres, redis: &redis, pool: &pool, sim, others, tasks, clients };
    for round in 0..flags.rounds() {
        let (part, address) = Part::serving(&Role::Service { setup: setup.clone(), stages: true }).await?;
        let ours = scene.live(&part, address, round * 2).await?;
        part.end().await?;
        redis.empty().await?;
        let callbacks = (ours.callbacks / tasks as f64).round().clamp(1.0, 4.0);
        let (part, address) = Part::serving(&Role::Floor(floor(&setup, &scene, callbacks))).await?;
        let floor = scene.live(&part, address, round * 2 + 1).await?;
        part.end().await?;
        ours.tell(&mut report, "ours", tasks);
        floor.tell(&mut report, "floor", tasks);
        report.add("CPU, ours ÷ floor", "×", ratio(ours.cpu_ms, floor.cpu_ms));
    }
    upstream.end().await?;
    Ok(report)
}

#[expect(clippy::cast_possible_truncation, reason = "1 to 4")]
fn floor(setup: &Setup, scene: &Scene<'_>, callbacks: f64) -> Floor {
    Floor {
        postgres: setup.postgres.clone(),
        connections: setup.connections,
        sim: scene.sim,
        others: scene.others,
        period_ms: PERIOD_MS.cast_unsigned(),
        callbacks: callbacks as i64,
        group_max: 100,
    }
}

/// Where both live.
struct Scene<'a> {
    postgres: &'a Postgres,
    redis: &'a Redis,
    pool: &'a PgPool,
    sim: SocketAddr,
    others: SocketAddr,
    tasks: u64,
    clients: u64,
}

/// What a round of one of them came to.
#[derive(Debug, Default)]
struct Lived {
    seconds: f64,
    cpu_ms: f64,
    postgres_ms: f64,
    redis_ms: f64,
    statements: f64,
    commits: f64,
    scripts: f64,
    submissions: f64,
    asked: f64,
    callbacks: f64,
    puts: f64,
    bytes: f64,
}

impl Scene<'_> {
    async fn live(&self, part: &Part, address: SocketAddr, run: u64) -> anyhow::Result<Lived> {
        let (hook, offset) = (format!("http://{}/hook", self.others), (run + 1) * 1_000_000);
        let ended = self.ended().await?;
        let before = self.counts().await?;
        let cpu = (part.cpu_ms()?, self.postgres.cpu_ms()?, self.redis.cpu_ms()?, self.redis.scripts().await?);
        self.postgres.reset().await?;
        let began = Instant::now();
        let make = move |number| with_hook(&imagine(offset + number), &hook);
        load::run(address, KEY, self.clients, Until::Requests(self.tasks), make).await?;
        while self.counts().await?.0[0] < before.0[0] + self.tasks || self.ended().await? < ended + self.tasks {
            if began.elapsed() > END_MAX {
                bail!("{} of {} tasks have ended", self.ended().await? - ended, self.tasks);
            }
            sleep(LOOK_PAUSE).await;
        }
        let seconds = began.elapsed().as_secs_f64();
        // The last callbacks go out behind the ends.
        while self.unsent().await? > 0 {
            if began.elapsed() > END_MAX {
                bail!("{} callbacks were not sent", self.unsent().await?);
            }
            sleep(LOOK_PAUSE).await;
        }
        let after = self.counts().await?;
        let executed = self.postgres.statements().await?;
        let routes = |name: &str| (after.1.get(name).unwrap_or(&0) - before.1.get(name).unwrap_or(&0)) as f64;
        Ok(Lived {
            seconds,
            cpu_ms: part.cpu_ms()? - cpu.0,
            postgres_ms: self.postgres.cpu_ms()? - cpu.1,
            redis_ms: self.redis.cpu_ms()? - cpu.2,
            statements: executed.statements,
            commits: executed.commits,
            scripts: self.redis.scripts().await? - cpu.3,
            submissions: routes("imagine"),
            asked: routes("fetch") + routes("list-by-condition"),
            callbacks: (after.0[0] - before.0[0]) as f64,
            puts: (after.0[1] - before.0[1]) as f64,
            bytes: (after.0[2] - before.0[2]) as f64,
        })
    }

    /// Callbacks, PUTs and bytes of them; requests to the upstream by route.
    async fn counts(&self) -> anyhow::Result<([u64; 3], BTreeMap<String, u64>)> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let heard = client.get(format!("http://{}/seen", self.others)).send().await?.json().await?;
        let sim: Value = client.get(format!("http://{}/sim/counts", self.sim)).send().await?.json().await?;
        Ok((heard, serde_json::from_value(sim["routes"].clone())?))
    }

    async fn unsent(&self) -> anyhow::Result<i64> {
        let row = sqlx::query("SELECT COUNT(*) FROM callback WHERE state = 'pending'").fetch_one(self.pool).await?;
        Ok(row.try_get(0)?)
    }

    async fn ended(&self) -> anyhow::Result<u64> {
        let row = sqlx::query("SELECT COUNT(*) FROM task WHERE state = 'succeeded'").fetch_one(self.pool).await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)
    }
}

impl Lived {
    fn tell(&self, report: &mut Report, who: &str, tasks: u64) {
        let mut add =
            |name: &str, unit, figure: f64| report.add(&format!("{name}, {who}"), unit, figure / tasks as f64);
        add("CPU a task", "ms", self.cpu_ms);
        add("CPU of Postgres a task", "ms", self.postgres_ms);
        add("CPU of Redis a task", "ms", self.redis_ms);
        add("SQL statements a task", "", self.statements);
        add("commits a task", "", self.commits);
        add("Redis scripts a task", "", self.scripts);
        add("submissions a task", "", self.submissions);
        add("poll requests a task", "", self.asked);
        add("callbacks a task", "", self.callbacks);
        add("S3 PUTs a task", "", self.puts);
        add("S3 KiB a task", "KiB", self.bytes / 1_024.0);
        report.add(&format!("all ended, {who}"), "s", self.seconds);
    }
}

fn with_hook(ask: &Ask, hook: &str) -> Ask {
    let mut body: Value = ask.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    body["notifyHook"] = json!(hook);
    Ask::post(ask.path.clone(), body)
}
