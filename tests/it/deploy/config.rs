//! The configurations that are shipped are taken by `backlot check`, once their secrets are there.

use super::{at, documents, text};
use crate::world::binary;
use std::process::Command;

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What `backlot check` says to a configuration whose secrets lie in a folder of the test's own.
fn checked(config: &str, mount: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    write("ledger_url", "postgres://backlot:secret@db/backlot");
    write("ledger_key", KEY);
    write("queue_url", "redis://:secret@queue:6379");
    write("s3_secret", "a secret");
    write("config.toml", &config.replace(mount, &folder.path().display().to_string()));
    let mut command = Command::new(binary());
    command.args(["check", "--config"]).arg(folder.path().join("config.toml"));
    let output = command.output().expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[test]
fn the_example_is_taken() {
    let said = checked(&text("config.example.toml"), "/run/secrets").unwrap_or_else(|said| panic!("{said}"));
    assert!(said.contains("every value fits"), "{said}");
}

#[test]
fn the_config_map_is_taken() {
    let map = documents("kubernetes/config.yaml").into_iter().find(|document| document["kind"] == "ConfigMap");
    let map = map.expect("there is a ConfigMap");
    let config = map["data"]["config.toml"].as_str().expect("it holds the configuration");
    checked(config, "/run/secrets/backlot").unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn what_does_not_fit_is_told_and_refused() {
    let config = text("config.example.toml").replace("submit_lease_ms = 150000", "submit_lease_ms = 1000");
    let said = checked(&config, "/run/secrets").expect_err("the lease is too short");
    assert!(said.contains("WRONG") && said.contains("work.submit_lease_ms: 1000 is shorter"), "{said}");
}

#[test]
fn placeholders_of_the_secret_are_refused() {
    let secret = documents("kubernetes/config.yaml").into_iter().find(|document| document["kind"] == "Secret");
    let secret = secret.expect("there is a Secret");
    for name in ["ledger_url", "ledger_key", "queue_url", "s3_secret"] {
        let value = at(&secret, "stringData")[name].as_str().unwrap_or_else(|| panic!("{name} is missing"));
        assert!(value.starts_with("REPLACE"), "{name}: {value}");
    }
}
