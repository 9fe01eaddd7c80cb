//! `grow`: every route with few and with many tasks in the ledger. Two ledgers on one server, two processes
//! of ours, asked in turns.

use super::{NOBODY, POLL_PERIOD_MS, furnished};
use crate::client::{Ask, Client};
use crate::flags::Flags;
use crate::part::{Part, Role};
use crate::report::{Report, quantile, ratio};
use crate::seed;
use crate::servers::{Postgres, Redis, pool};
use crate::service::{KEY, Parts, Setup};
use contracts::Call;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::time::Instant;

/// Ratios below this difference say nothing: a timer and a scheduler's whim.
const NOISE_MS: f64 = 0.3;

/// One route as it is asked.
struct Question {
    name: String,
    /// The place of its family among [`families`].
    place: u64,
    method: &'static str,
    path: String,
    body: Option<serde_json::Value>,
}

pub(crate) async fn run(flags: &Flags) -> anyhow::Result<Report> {
    let (few, many) = (flags.number("few", 1_000, 200), flags.number("many", 1_000_000, 1_000));
    let requests = flags.number("requests", 100, 3);
    let mut report = Report::new("grow", "no route more than 1.5 × slower");
    let postgres = Postgres::start().await?;
    // A queue for each, so that they don't ring each other's bells.
    let redises = [Redis::start().await?, Redis::start().await?];
    let (files, s3) = Part::serving(&Role::Files).await?;
    let mut sides = Vec::new();
    for (redis, (name, tasks)) in redises.iter().zip([("few", few), ("many", many)]) {
        let mut setup = furnished(&postgres, redis, name, 1, NOBODY).await?;
        setup.s3 = s3;
        open_to_all(&setup).await?;
        seed::succeeded(&pool(&setup.postgres, 1).await?, tasks, &families()).await?;
        let (part, address) = Part::serving(&Role::Service { setup, stages: false }).await?;
        sides.push((part, address, tasks));
    }
    report.note(format!("{few} and {many} tasks of one caller; median of {requests} requests each; every route that submits, shows, lists or gives content"));
    let questions = questions();
    let mut worst: Vec<(f64, String)> = Vec::new();
    let mut statuses: BTreeMap<u16, u64> = BTreeMap::new();
    for round in 0..flags.rounds() {
        let mut highest = 0.0_f64;
        for question in &questions {
            let mut medians = [0.0; 2];
            for (place, (_, address, tasks)) in sides.iter().enumerate() {
                let (status, ms) = ask(*address, question, *tasks, requests, round).await?;
                medians[place] = ms;
                *statuses.entry(status).or_default() += 1;
            }
            let [few_ms, many_ms] = medians;
            let grown = ratio(many_ms, few_ms);
            report.add(&format!("{}, few", question.name), "ms", few_ms);
            report.add(&format!("{}, many", question.name), "ms", many_ms);
            if many_ms - few_ms > NOISE_MS {
                highest = highest.max(grown);
                worst.push((grown, question.name.clone()));
            }
        }
        report.add("highest ratio", "×", highest.max(1.0));
    }
    worst.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (grown, name) in worst.iter().take(8).filter(|(grown, _)| *grown > 1.5) {
        report.note(format!("{name}: {grown:.2} ×"));
    }
    report.note(format!("answers by status: {statuses:?}"));
    for (part, ..) in sides {
        part.end().await?;
    }
    files.end().await?;
    Ok(report)
}

fn families() -> Vec<&'static str> {
    contracts::all().iter().map(|family| family.name()).collect()
}

/// A channel for every dialect, so that every family takes submissions.
async fn open_to_all(setup: &Setup) -> anyhow::Result<()> {
    let parts = Parts::open(setup).await?;
    for played in sim::played() {
        parts.put_channel(played.dialect, played.dialect, format!("http://{NOBODY}"), POLL_PERIOD_MS).await?;
    }
    parts.ledger.close().await;
    Ok(())
}

/// Every route of every family that reads or submits, and the pages.
fn questions() -> Vec<Question> {
    let mut all = Vec::new();
    for (place, family) in (0..).zip(contracts::all()) {
        // Of several routes for one thing (`/mj`, `/mj-fast/mj` …) the first stands for all.
        let mut seen = std::collections::BTreeSet::new();
        for route in family.routes() {
            // A look-up and a cancel wait for an upstream, and there is none.
            let asks = matches!(
                route.call,
                Call::Submit | Call::Show | Call::ShowMany | Call::List | Call::Content | Call::Models
            );
            let method = match route.method.as_str() {
                "GET" => "GET",
                "POST" => "POST",
                _ => continue,
            };
            if asks && seen.insert((method, route.name)) {
                let body = (!route.example.is_null()).then_some(route.example);
                let name = format!("{} {}", family.name(), route.name);
                all.push(Question { name, place, method, path: route.path, body });
            }
        }
    }
    for path in ["/v1/tasks?limit=100", "/mj/task/list", "/readyz", "/healthz"] {
        all.push(Question { name: path.to_owned(), place: 0, method: "GET", path: path.to_owned(), body: None });
    }
    all
}

/// Asks so often, one after another; the last status, and the median of the times.
async fn ask(
    address: SocketAddr,
    question: &Question,
    tasks: u64,
    requests: u64,
    round: u64,
) -> anyhow::Result<(u16, f64)> {
    let mut client = Client::connect(address, KEY).await?;
    let mut times_ms = Vec::new();
    let mut last = 0;
    for number in 0..requests + 2 {
        let turns = families().len() as u64;
        let turn = 1 + (number * 7_919 + round * 31) % ((tasks / turns).max(2) - 1);
        // One that belongs to the question's family.
        let id = seed::id(turn * turns + question.place);
        let mut body = question.body.clone();
        if let Some(fields) = body.as_mut().and_then(serde_json::Value::as_object_mut) {
            // A submission that no other is like, and lists of tasks that there are.
            if fields.contains_key("prompt") {
                fields.insert("prompt".to_owned(), json!(format!("a lighthouse {round} {number}")));
            }
            if fields.contains_key("ids") {
                fields.insert("ids".to_owned(), json!([id]));
            }
        }
        let path = filled(&question.path, &id);
        let ask = Ask { method: question.method, path, body: body.map(|body| body.to_string()) };
        let asked = Instant::now();
        let (status, _) = client.ask(&ask).await?;
        // The first two prepare statements and fill caches.
        if number >= 2 {
            times_ms.push(asked.elapsed().as_secs_f64() * 1_000.0);
        }
        last = status;
    }
    Ok((last, quantile(&mut times_ms, 0.5)))
}

/// The path with the id in the place of each parameter.
fn filled(path: &str, id: &str) -> String {
    path.split('/').map(|segment| if segment.starts_with('{') { id } else { segment }).collect::<Vec<_>>().join("/")
}
