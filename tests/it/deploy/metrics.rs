//! Rules and board name the metrics that the code has, and all of them.

use super::{alerts, documents, string, text};
use crate::tidy::{files, read, root};
use serde_json::Value;
use std::collections::BTreeSet;

/// Words of PromQL that look like a metric's name.
const FUNCTIONS: &[&str] = &["histogram_quantile"];
/// What a histogram's name ends with when it is asked for.
const ENDINGS: &[&str] = &["_bucket", "_sum", "_count"];

/// The names in `counter!("…"`, `gauge!("…"` and `histogram!("…"`.
fn in_code() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["crates", "workers"] {
        for file in files(&root().join(folder), ".rs") {
            let text = read(&file);
            for kind in ["counter!(", "gauge!(", "histogram!("] {
                for rest in text.split(kind).skip(1) {
                    let name = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                    names.extend(name.map(str::to_owned));
                }
            }
        }
    }
    names
}

/// The metrics' names in an expression: words with an underscore outside of quotes, braces and variables.
fn in_expression(expression: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    let (mut is_quoted, mut depth) = (false, 0);
    for letter in expression.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '{' if !is_quoted => depth += 1,
            '}' if !is_quoted => depth -= 1,
            _ if is_quoted || depth > 0 => {}
            _ => plain.push(letter),
        }
        if letter == '{' || letter == '}' {
            plain.push(' ');
        }
    }
    let words = plain.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '$');
    let named = words.filter(|word| word.contains('_') && !word.starts_with('$') && !FUNCTIONS.contains(word));
    named.map(|word| ENDINGS.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned()).collect()
}

fn board() -> Value {
    serde_json::from_str(&text("grafana/backlot.json")).expect("the board is JSON")
}

fn panels(board: &Value) -> Vec<&Value> {
    board["panels"].as_array().expect("it has panels").iter().collect()
}

fn in_board() -> BTreeSet<String> {
    let board = board();
    let panels = panels(&board);
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.flat_map(|target| in_expression(target["expr"].as_str().expect("a target asks something"))).collect()
}

#[test]
fn the_board_shows_every_metric_and_no_other() {
    assert_eq!(in_board(), in_code());
}

#[test]
fn the_rules_ask_for_metrics_that_exist() {
    let code = in_code();
    let mut named: BTreeSet<String> = alerts::expressions().iter().flat_map(|text| in_expression(text)).collect();
    assert!(named.len() > 10, "{named:?}");
    let adapter = documents("kubernetes/prometheus-adapter.yaml");
    named.extend(in_expression(&string(&adapter[0], "rules.external.0.metricsQuery")));
    assert!(named.is_subset(&code), "{:?}", named.difference(&code));
}

#[test]
fn panels_do_not_lie_on_each_other() {
    let board = board();
    let panels = panels(&board);
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_i64().expect("a panel has an id")).collect();
    assert_eq!(ids.len(), panels.len());
    let mut taken = BTreeSet::new();
    for panel in panels {
        let place = |name: &str| panel["gridPos"][name].as_i64().expect("a panel has its place");
        for x in place("x")..place("x") + place("w") {
            assert!(x < 24 && taken.insert((x, place("y"))), "{}", panel["title"]);
        }
    }
}

#[test]
fn names_are_found_in_expressions() {
    let found = in_expression("sum by (lane) (rate(a_b_bucket{x=\"c_d\",y=~\"e_f{g}\"}[$__rate_interval])) / max(h_i)");
    assert_eq!(found, BTreeSet::from(["a_b".to_owned(), "h_i".to_owned()]));
}
