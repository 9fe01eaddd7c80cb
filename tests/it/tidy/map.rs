//! The code map says what is so: every package is on it, and the drawing of the states is the table.

use super::{read, root};
use std::collections::BTreeSet;
use task::{Details, Failure, FailureKind, Fitted, Operation, Phase, Requeue, State, Step};

fn every_step() -> Vec<Step> {
    let entropy = task::clock::SeededEntropy::new(1);
    vec![
        Step::TakeLease {
            attempt: task::AttemptId::new(1, &entropy),
            client: task::ClientId::new(1, &entropy),
            lease_until_ms: 1,
        },
        Step::Move {
            channel: String::new(),
            upstream_model: String::new(),
            fitted: Fitted::default(),
            warnings: Vec::new(),
        },
        Step::Accept { operation: Operation { id: String::new(), memo: serde_json::Value::Null }, warnings: vec![] },
        Step::Answer { outputs: vec![], details: Details::default() },
        Step::Requeue { why: Requeue::GivenBack, due_ms: 0 },
        Step::Requeue { why: Requeue::Refused, due_ms: 0 },
        Step::Requeue { why: Requeue::Resubmit, due_ms: 0 },
        Step::Doubt { due_ms: 0 },
        Step::Work { phase: Phase::Working },
        Step::AskInput { details: Details::default(), due_ms: 0 },
        Step::HandOver { child: task::TaskId::new(1, &entropy) },
        Step::Store { artifacts: vec![], warnings: vec![] },
        Step::Fail(Failure::never(FailureKind::Upstream, "", "")),
        Step::Cancel,
    ]
}

#[test]
fn the_drawing_of_the_states_is_the_table() {
    let table: BTreeSet<(String, String, String)> = every_step()
        .iter()
        .flat_map(|step| {
            let arrow = |from: &State| (from.to_string(), step.target().to_string(), step.name().to_owned());
            step.sources().iter().map(arrow).collect::<Vec<_>>()
        })
        .collect();
    let text = read(&root().join("crates/README.md"));
    let drawing = text.split_once("```mermaid").and_then(|(_, rest)| rest.split_once("```")).expect("a drawing").0;
    let drawn: BTreeSet<(String, String, String)> = drawing
        .lines()
        .filter_map(|line| {
            let (from, rest) = line.trim().split_once(" --> ")?;
            let (to, step) = rest.split_once(": ")?;
            (from != "[*]" && to != "[*]").then(|| (from.to_owned(), to.trim().to_owned(), step.to_owned()))
        })
        .collect();
    assert_eq!(drawn, table);
}

#[test]
fn every_package_is_on_the_map() {
    let text = read(&root().join("crates/README.md"));
    for manifest in super::files(&root(), "Cargo.toml") {
        let parsed: toml::Table = read(&manifest).parse().expect("manifests are TOML");
        let Some(name) = parsed.get("package").and_then(|p| p.get("name")).and_then(|n| n.as_str()) else { continue };
        assert!(text.contains(&format!("`{name}`")), "{name} is not in crates/README.md");
    }
    let _all = State::ALL;
}
