//! One owner per heavy library, and one direction of dependence (`DESIGN.md` section 2).

use super::{read, root};
use std::collections::{BTreeMap, BTreeSet};

/// Package → the packages of ours that it may depend on.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("task", &[]),
    ("contracts", &["task"]),
    ("providers", &["task"]),
    ("sim", &["task"]),
    ("ledger", &["task"]),
    ("queue", &["task"]),
    ("store", &["task"]),
    ("workers", &["task", "contracts", "providers", "ledger", "queue", "store"]),
    ("front", &["task", "contracts", "providers", "ledger", "queue", "store"]),
    ("app", &["task", "contracts", "providers", "ledger", "queue", "store", "workers", "front", "sim"]),
];

/// Library → the packages that may name it among their dependencies. `app` drives the loopback admin
/// API and `sim` its own callbacks with reqwest, both off the task path.
const OWNERS: &[(&str, &[&str])] = &[
    ("axum", &["front", "sim"]),
    ("sqlx", &["ledger"]),
    ("apalis", &["queue"]),
    ("apalis-core", &["queue"]),
    ("redis", &["queue"]),
    ("reqwest", &["workers", "sim", "app"]),
    ("aws-sdk-s3", &["store"]),
    ("clap", &["app"]),
    ("getrandom", &["app"]),
    ("fail", &["task"]),
    ("opentelemetry", &["app"]),
    ("opentelemetry_sdk", &["app"]),
    ("opentelemetry-otlp", &["app"]),
    ("tracing-opentelemetry", &["app"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for manifest in super::files(&root(), "Cargo.toml") {
        let text = read(&manifest);
        let parsed: toml::Table = text.parse().unwrap_or_else(|e| panic!("{}: {e}", manifest.display()));
        let Some(package) = parsed.get("package").and_then(|p| p.get("name")).and_then(|n| n.as_str()) else {
            continue;
        };
        let names = |section: &str| -> BTreeSet<String> {
            parsed.get(section).and_then(|d| d.as_table()).map(|d| d.keys().cloned().collect()).unwrap_or_default()
        };
        found.insert(package.to_owned(), names("dependencies"));
    }
    assert!(found.len() >= MAY_DEPEND.len(), "manifests not found");
    found
}

#[test]
fn packages_depend_only_downwards() {
    let dependencies = dependencies();
    let ours: BTreeSet<&str> = MAY_DEPEND.iter().map(|(name, _)| *name).collect();
    for (package, allowed) in MAY_DEPEND {
        let named = &dependencies[*package];
        for other in named.iter().filter(|name| ours.contains(name.as_str())) {
            assert!(allowed.contains(&other.as_str()), "{package} may not depend on {other}");
        }
    }
}

#[test]
fn each_heavy_library_has_its_owner() {
    let free = ["tests", "bench"];
    for (package, named) in dependencies() {
        for (library, owners) in OWNERS {
            let may = owners.contains(&package.as_str()) || free.contains(&package.as_str());
            assert!(may || !named.contains(*library), "{package} names {library}, which belongs to {owners:?}");
        }
    }
}

/// Fail-points are for test builds: off unless asked for, and what is shipped does not ask.
#[test]
fn no_build_that_serves_anybody_has_fail_points() {
    for manifest in super::files(&root(), "Cargo.toml") {
        let parsed: toml::Table = read(&manifest).parse().expect("manifests are TOML");
        let name = parsed.get("package").and_then(|p| p.get("name")).and_then(toml::Value::as_str).unwrap_or_default();
        if ["", "tests"].contains(&name) {
            continue;
        }
        let default = parsed.get("features").and_then(|features| features.get("default"));
        assert!(
            default.is_none_or(|default| !default.to_string().contains("failpoints")),
            "{name} has them by default"
        );
        let fail = parsed.get("dependencies").and_then(|d| d.get("fail"));
        let is_optional = |fail: &toml::Value| fail.get("optional").and_then(toml::Value::as_bool) == Some(true);
        assert!(fail.is_none_or(is_optional), "{name} always depends on `fail`");
        let asks = |section: &str| parsed.get(section).is_some_and(|d| d.to_string().contains("failpoints"));
        assert!(!asks("dependencies") && !asks("dev-dependencies"), "{name} asks for fail-points");
    }
    let dockerfile = read(&root().join("deploy/Dockerfile"));
    let build = dockerfile.lines().find(|line| line.contains("cargo build")).expect("the image builds the service");
    assert!(
        build.contains("--package app") && !build.contains("--workspace") && !build.contains("features"),
        "{build}"
    );
}

#[test]
fn every_version_is_pinned_in_the_workspace_manifest() {
    for manifest in super::files(&root(), "Cargo.toml").into_iter().filter(|path| *path != root().join("Cargo.toml")) {
        let parsed: toml::Table = read(&manifest).parse().expect("manifests are TOML");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in parsed.get(section).and_then(|d| d.as_table()).into_iter().flatten() {
                let inherited = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                assert!(inherited, "{}: {name} has a version of its own", manifest.display());
            }
        }
    }
}
