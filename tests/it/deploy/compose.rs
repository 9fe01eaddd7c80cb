//! The compose file: its services exist, their secrets are defined, an end has its time.

use super::{at, documents, end_ms, list, path, text};
use serde_yaml_ng::Value;
use std::collections::BTreeSet;
use std::process::Command;

fn names(value: &Value, path: &str) -> BTreeSet<String> {
    match at(value, path) {
        Value::Mapping(map) => map.keys().filter_map(|key| Some(key.as_str()?.to_owned())).collect(),
        Value::Sequence(list) => list.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn what_services_name_is_there() {
    let compose = documents("compose.yaml").remove(0);
    let services = names(&compose, "services");
    let (secrets, volumes) = (names(&compose, "secrets"), names(&compose, "volumes"));
    for name in &services {
        let service = &compose["services"][name.as_str()];
        assert!(service["image"].as_str().is_some_and(|image| image.contains(':')), "{name} has an image with a tag");
        assert!(names(service, "depends_on").is_subset(&services), "{name}");
        assert!(names(service, "secrets").is_subset(&secrets), "{name}");
        for volume in names(service, "volumes") {
            let source = volume.split(':').next().unwrap_or_default();
            let is_file = source.starts_with("./") && path(source).exists();
            assert!(is_file || volumes.contains(source), "{name}: {source}");
        }
    }
    let running = |word: &str| {
        services
            .iter()
            .filter(|name| list(&compose["services"][name.as_str()], "command") == [Value::from(word)])
            .count()
    };
    assert_eq!((running("serve"), running("work"), running("migrate")), (2, 2, 1));
    let proxy = text("nginx.conf");
    for name in services.iter().filter(|name| name.starts_with("serve")) {
        assert!(proxy.contains(&format!("server {name}:8080")), "the proxy does not know {name}");
    }
}

#[test]
fn an_end_has_its_time() {
    let compose = documents("compose.yaml").remove(0);
    let needed_ms = end_ms(&text("config.example.toml")) + 15_000;
    for name in ["serve-1", "serve-2", "work-1", "work-2"] {
        let grace = compose["services"][name]["stop_grace_period"].as_str().expect("it has a grace period");
        let grace_s: i64 = grace.trim_end_matches('s').parse().expect("seconds");
        assert!(grace_s * 1_000 >= needed_ms, "{name}: {grace} is shorter than {needed_ms} ms");
    }
}

#[test]
fn the_secrets_are_made_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let script = folder.path().join("make-secrets");
    std::fs::copy(path("make-secrets"), &script).expect("it can be copied");
    let make = || {
        let made = Command::new("sh").arg(&script).output().expect("sh runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let compose = documents("compose.yaml").remove(0);
        let read = |name: &String| std::fs::read_to_string(folder.path().join("secrets").join(name));
        names(&compose, "secrets").iter().map(|name| read(name).expect("it was made")).collect::<Vec<_>>()
    };
    let first = make();
    assert_eq!(first, make());
    assert!(first.iter().all(|secret| secret.len() >= 64), "{}", first.len());
}
