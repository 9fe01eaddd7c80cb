//! The units, as systemd itself reads them where it is there.

use super::{end_ms, path, text};
use crate::world::binary;
use std::process::Command;

/// A unit's file and the name of an instance of it.
const UNITS: &[(&str, &str)] = &[
    ("backlot-serve@.service", "backlot-serve@8080.service"),
    ("backlot-work@.service", "backlot-work@9091.service"),
    ("backlot-migrate.service", "backlot-migrate.service"),
];

fn unit(file: &str) -> String {
    text(&format!("systemd/{file}"))
}

#[test]
fn systemd_finds_nothing_wrong() {
    let there = Command::new("systemd-analyze").arg("--version").output();
    if !there.is_ok_and(|output| output.status.success()) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (file, instance) in UNITS {
        let own = unit(file).replace("/usr/local/bin/backlot", &binary().display().to_string());
        let place = folder.path().join(instance);
        std::fs::write(&place, own).expect("it can be written");
        let output = Command::new("systemd-analyze").arg("verify").arg(&place).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("backlot")).collect();
        assert!(ours.is_empty(), "{file}: {ours:?}");
    }
}

#[test]
fn units_run_commands_that_exist() {
    for (file, _) in UNITS {
        let text = unit(file);
        for line in text.lines().filter(|line| line.starts_with("Exec")) {
            let word = line.rsplit(' ').next().expect("a line has words");
            let help = Command::new(binary()).args([word, "--help"]).output().expect("the binary runs");
            assert!(help.status.success(), "{file}: {line}");
        }
    }
    assert!(path("systemd").is_dir());
}

#[test]
fn an_end_has_its_time() {
    let needed_ms = end_ms(&text("config.example.toml")) + 15_000;
    for (file, _) in UNITS.iter().filter(|(file, _)| file.contains('@')) {
        let text = unit(file);
        let stop = text.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).expect("it has a limit");
        let stop_s: i64 = stop.trim_end_matches('s').parse().expect("seconds");
        assert!(stop_s * 1_000 >= needed_ms, "{file}: {stop}");
    }
}
