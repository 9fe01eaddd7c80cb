//! `kill -9` of the whole service at each of its fail-points, one after another in one installation.

use super::process::{Backlot, binary, log_of};
use super::receiver::Receiver;
use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Every fail-point, and at which passage it strikes: commits are many, so one in the middle is taken.
const POINTS: &[(&str, u32)] = &[
    ("open.before_commit", 1),
    ("open.after_commit", 1),
    ("open.before_answer", 1),
    ("group_commit.inside", 5),
    ("submit.after_intent", 1),
    ("submit.before_answer_read", 1),
    ("submit.before_record", 1),
    ("poll.before_verb", 1),
    ("archive.mid_copy", 1),
    ("archive.after_part", 1),
    ("archive.after_last_part", 1),
    ("archive.before_verb", 1),
    ("notify.before_send", 1),
    ("notify.after_send", 1),
    ("notify.before_record", 1),
    ("sweep.inside", 1),
    ("rebuild.inside", 1),
];
/// Submissions while a fail-point is armed.
const TASKS: usize = 3;
/// A fail-point that was not passed by then never will be.
const HIT_LIMIT: Duration = Duration::from_secs(60);

/// Whether the service was built with fail-points, as `cargo build --workspace` does; says so if not, and
/// fails if it must have them.
pub(super) fn has_fail_points() -> bool {
    let output = std::process::Command::new(binary()).arg("--version").output().expect("the binary runs");
    if String::from_utf8_lossy(&output.stdout).contains("fail-points") {
        return true;
    }
    let required = std::env::var("BACKLOT_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1");
    let missing = "`backlot` was built without fail-points: run `cargo build --workspace`";
    assert!(!required, "BACKLOT_TEST_REQUIRE_ALL=1, but {missing}");
    writeln!(std::io::stderr(), "skipped: {missing}").expect("stderr is open");
    false
}

/// What is submitted, again and again under its own key until somebody answers.
#[derive(Clone)]
struct Order {
    prompt: String,
    hook: String,
}

/// Where orders go.
struct Desk {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Desk {
    /// The id that was answered; `None` when nobody answered.
    async fn place(&self, order: &Order) -> Option<String> {
        let request = self.client.post(format!("{}/mj/submit/imagine", self.base)).bearer_auth(&self.token);
        let body = json!({ "prompt": order.prompt, "notifyHook": order.hook });
        let response = request.header("idempotency-key", &order.prompt).json(&body).send().await.ok()?;
        let status = response.status();
        let answer: Value = response.json().await.ok()?;
        assert_eq!(status, 200, "{answer}");
        Some(answer["result"].as_str().expect("an accepted task has an id").to_owned())
    }

    async fn place_all(&self, orders: &[Order]) -> Vec<(String, String)> {
        let placed = stream::iter(orders).map(async |order| Some((order.prompt.clone(), self.place(order).await?)));
        placed.buffer_unordered(TASKS).filter_map(std::future::ready).collect().await
    }
}

/// Runs the service until it is struck, placing orders meanwhile; what was answered.
async fn struck(
    data: &Path,
    desk: &Desk,
    strike: (&str, u32),
    orders: &[Order],
    hits: &PathBuf,
) -> Vec<(String, String)> {
    let (point, passage) = strike;
    let log = std::fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log"));
    let mut child = Command::new(binary())
        .args(["dev", "--listen", desk.base.trim_start_matches("http://"), "--data"])
        .arg(data)
        .env("BACKLOT_FAIL_POINT", format!("{point}=kill@{passage}"))
        .env("BACKLOT_FAIL_POINT_LOG", hits)
        .stdout(Stdio::piped())
        .stderr(Stdio::from(log.expect("the log can be written")))
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let pid = child.id().expect("it has just been started");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
    // One that is struck on its way up says nothing.
    let greeted = lines.next_line().await.is_ok_and(|line| line.is_some());
    let reading = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let placed = if greeted { desk.place_all(orders).await } else { Vec::new() };
    let ended = tokio::time::timeout(HIT_LIMIT, child.wait()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{point} was never passed\n{}", log_of(data))).expect("it ends");
    reading.await.expect("its output ends");
    assert_eq!(ended.signal(), Some(9), "{point}: {ended}\n{}", log_of(data));
    let text = std::fs::read_to_string(hits).expect("hits are written down");
    assert_eq!(text.lines().last(), Some(format!("{point} kill {pid}").as_str()));
    placed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_each_fail_point_loses_nothing_and_submits_nothing_twice() {
    if !has_fail_points() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (data, hits) = (folder.path().join("data"), folder.path().join("hits"));
    let receiver = Receiver::start().await;
    let first = Backlot::start(&data).await;
    let address = first.address();
    let desk = Desk { client: first.client.clone(), base: first.base.clone(), token: first.token.clone() };
    first.kill().await;

    let mut orders = Vec::new();
    let mut answered = BTreeMap::new();
    for strike in POINTS {
        let order = |n| Order { prompt: format!("tile {} {n}", strike.0), hook: receiver.url.clone() };
        let fresh: Vec<Order> = (0..TASKS).map(order).collect();
        answered.extend(struck(&data, &desk, *strike, &fresh, &hits).await);
        orders.extend(fresh);
    }
    assert_eq!(std::fs::read_to_string(&hits).expect("hits are written down").lines().count(), POINTS.len());

    let backlot = Backlot::start_at(&data, &address).await;
    let placed: BTreeMap<String, String> = desk.place_all(&orders).await.into_iter().collect();
    assert_eq!(placed.len(), orders.len(), "each order has its task now");
    for (prompt, id) in &answered {
        assert_eq!(placed.get(prompt), Some(id), "{prompt} was answered before");
    }
    for (prompt, id) in &placed {
        let task = ended(&backlot, id).await;
        assert_eq!(task["status"], "succeeded", "{prompt}: {task}\n{}", log_of(&data));
        let words = receiver.until(id, "SUCCESS").await;
        let known = ["NOT_START", "SUBMITTED", "IN_PROGRESS", "SUCCESS"];
        let ranks: Vec<_> = words.iter().map(|word| known.iter().position(|k| k == word)).collect();
        assert!(ranks.is_sorted(), "{prompt}: {words:?}");
    }
    let counts = sim_counts(&data, &backlot.client).await;
    for order in &orders {
        let of_prompt = &counts["prompts"][&order.prompt];
        assert_eq!(of_prompt["accepted"], 1, "{}: {of_prompt}", order.prompt);
    }
}

async fn ended(backlot: &Backlot, id: &str) -> Value {
    loop {
        let (status, task) = backlot.wait(&format!("/v1/tasks/{id}")).await;
        assert_eq!(status, 200, "{id}: {task}");
        if !["queued", "running"].contains(&task["status"].as_str().unwrap_or_default()) {
            return task;
        }
    }
}

/// What the make-believe upstream inside `dev` received.
pub(super) async fn sim_counts(data: &Path, client: &reqwest::Client) -> Value {
    let port = std::fs::read_to_string(data.join("sim-port")).expect("it says where its upstream is");
    let response = client.get(format!("http://127.0.0.1:{}/sim/counts", port.trim())).send().await;
    response.expect("it answers").json().await.expect("counts are JSON")
}
