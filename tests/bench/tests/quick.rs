//! Every scenario at a size that shows that it works: a bench that nobody runs rots.

use std::path::Path;
use std::process::{Command, Output};

fn bench(scenario: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench")).args([scenario, "--quick"]).output().expect("the bench is built")
}

/// Whether the machine has what a scenario needs; says so if not, and fails if it must.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to see what was left out")]
fn is_there(path: &str, finds: impl Fn() -> bool) -> bool {
    if finds() {
        return true;
    }
    let required = std::env::var("BACKLOT_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(!required, "BACKLOT_TEST_REQUIRE_ALL=1, but there is no {path}");
    eprintln!("skipped: there is no {path}");
    false
}

fn servers_are_there() -> bool {
    let redis = || Command::new("redis-server").arg("--version").output().is_ok_and(|output| output.status.success());
    is_there("Postgres", || Path::new("/usr/lib/postgresql").is_dir()) && is_there("redis-server", redis)
}

/// Runs a scenario and reads its line: every figure is named here that the scenario is run for.
fn runs(scenario: &str, figures: &[&str]) {
    let output = bench(scenario);
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}{error}");
    let line: serde_json::Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(line["scenario"], scenario);
    for figure in figures {
        let median = line["figures"][figure]["median"].as_f64();
        assert!(median.is_some_and(|median| median > 0.0), "{figure} in {line}");
    }
}

macro_rules! scenarios {
    ($($name:ident: $figures:expr),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                if servers_are_there() {
                    runs(stringify!($name), &$figures);
                }
            }
        )+
    };
}

scenarios! {
    submit: ["ours", "bare inserts", "tasks a commit", "SQL statements a task", "Redis scripts a task"],
    read: ["ours", "bare route", "ours ÷ bare"],
    life: ["CPU, ours ÷ floor", "poll requests a task, ours", "poll requests a task, floor", "callbacks a task, ours"],
    rebuild: ["rebuild", "one paged scan", "Redis scripts", "emptied to first poll"],
    wait: ["with Redis, p50", "without Redis, longest"],
    flight: ["looks, ours", "looks, alone"],
    archive: ["ours", "bare loop", "bare loop with SHA-256", "PUTs a file, ours"],
    grow: ["highest ratio", "midjourney fetch, many"],
}

#[test]
fn start() {
    let service = Path::new(env!("CARGO_BIN_EXE_bench")).with_file_name("backlot");
    if is_there("backlot beside the bench (cargo build -p app)", || service.is_file()) {
        runs("start", &["to ready", "idle memory"]);
    }
}

#[test]
fn faults() {
    let service = Path::new(env!("CARGO_BIN_EXE_bench")).with_file_name("backlot");
    let can_fail = || {
        let version = Command::new(&service).arg("--version").output();
        version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("fail-points"))
    };
    if !servers_are_there() || !is_there("backlot with fail-points (cargo build --workspace)", can_fail) {
        return;
    }
    let output = bench("faults");
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}{error}");
    let line: serde_json::Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    let rows = line["rows"].as_array().expect("it has rows");
    assert_eq!(rows.len(), 2, "{line}");
    assert_eq!(rows[0]["hits"], 1, "{line}");
    for row in rows {
        assert!(
            row["accepted"].as_u64().is_some_and(|accepted| accepted > 0) && row["wrong"] == serde_json::json!([]),
            "{row}"
        );
    }
}

#[test]
fn what_is_not_meant_is_refused() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_bench")).args(["start", "--task", "3"]).output().expect("it is built");
    assert!(!output.status.success());
    let none = bench("sprint");
    assert!(!none.status.success() && String::from_utf8_lossy(&none.stdout).contains("there is no scenario sprint"));
}
