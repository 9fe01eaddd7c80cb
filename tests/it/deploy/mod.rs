//! What `deploy/` holds, as far as it can be read without an engine: it parses, and its parts fit each other
//! and the code.

mod alerts;
mod compose;
mod config;
mod kubernetes;
mod metrics;
mod systemd;

use crate::tidy::{read, root};
use serde::Deserialize;
use serde_yaml_ng::{Deserializer, Value};
use std::path::PathBuf;

/// A file of `deploy/`.
fn path(name: &str) -> PathBuf {
    root().join("deploy").join(name)
}

/// Its text.
fn text(name: &str) -> String {
    read(&path(name))
}

/// Every document of a YAML file.
fn documents(name: &str) -> Vec<Value> {
    let text = text(name);
    let documents = Deserializer::from_str(&text);
    documents
        .map(|document| {
            let mut value = Value::deserialize(document).unwrap_or_else(|error| panic!("{name}: {error}"));
            value.apply_merge().unwrap_or_else(|error| panic!("{name}: {error}"));
            value
        })
        .collect()
}

/// The value at a path of keys and places; null when there is none.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, part| match part.parse::<usize>() {
        Ok(place) => &value[place],
        Err(_) => &value[part],
    })
}

fn string(value: &Value, path: &str) -> String {
    at(value, path).as_str().unwrap_or_else(|| panic!("{path} is no text: {value:?}")).to_owned()
}

fn list(value: &Value, path: &str) -> Vec<Value> {
    at(value, path).as_sequence().cloned().unwrap_or_default()
}

/// The times of `[shutdown]` in a configuration: how long an end takes at the most, ms.
fn end_ms(config: &str) -> i64 {
    let config: toml::Table = config.parse().expect("the configuration is TOML");
    let time = |key: &str| config["shutdown"][key].as_integer().expect("a time");
    time("unready_ms") + time("drain_ms")
}

#[test]
fn the_image_is_built_from_what_is_there() {
    let dockerfile = text("Dockerfile");
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("the manifest is TOML");
    let rust = manifest["workspace"]["package"]["rust-version"].as_str().expect("it names a version");
    assert!(dockerfile.contains(&format!("FROM rust:{rust}-")), "the image builds with another compiler than {rust}");
    assert!(dockerfile.contains("\nUSER nonroot"), "it does not run as root");
    let stages = dockerfile.lines().filter(|line| line.starts_with("FROM ")).count();
    assert_eq!(stages, 2, "what builds is not what runs");
    let sent = text("Dockerfile.dockerignore");
    for name in sent.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(root().join(name).exists(), "the build wants {name}");
    }
    for member in ["crates", "workers", "tests", "migrations", "Cargo.lock", "deploy/config.example.toml"] {
        assert!(sent.lines().any(|line| line == format!("!{member}")), "the build needs {member}");
    }
}
