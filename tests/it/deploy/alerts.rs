//! Every alert has its page in the runbook, and every page its alert.

use super::{documents, list, string, text};
use serde_yaml_ng::Value;
use std::collections::BTreeSet;

fn alerts() -> Vec<Value> {
    let rules = documents("prometheus/rules.yaml");
    let groups = list(&rules[0], "groups");
    groups.iter().flat_map(|group| list(group, "rules")).collect()
}

/// The rules' expressions.
pub(super) fn expressions() -> Vec<String> {
    alerts().iter().map(|alert| string(alert, "expr")).collect()
}

#[test]
fn each_alert_has_a_section_in_the_runbook() {
    let runbook = text("runbook.md");
    let sections: BTreeSet<String> =
        runbook.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect();
    let names: BTreeSet<String> = alerts().iter().map(|alert| string(alert, "alert")).collect();
    assert_eq!(names, sections);
    for section in runbook.split("\n## ").skip(1) {
        assert!(section.contains("\n1. "), "a section says what to do: {section}");
    }
}

#[test]
fn each_alert_says_how_urgent_it_is_and_what_it_means() {
    for alert in alerts() {
        let name = string(&alert, "alert");
        assert!(["page", "ticket"].contains(&string(&alert, "labels.severity").as_str()), "{name}");
        assert!(string(&alert, "annotations.summary").ends_with('.'), "{name}");
        let page = format!("deploy/runbook.md#{}", name.to_lowercase());
        assert_eq!(string(&alert, "annotations.runbook_url"), page);
    }
}
