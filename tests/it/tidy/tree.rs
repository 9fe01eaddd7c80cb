//! What the tree looks like: registries equal folders, siblings don't know each other, files are small.

use super::{files, read, root};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The longest a source file may be.
const LINES_MAX: usize = 500;
/// Files that are longer all the same. This list may only shrink.
const LONGER: &[&str] = &[];
/// Module names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "misc"];
/// The stages; none of them may know another.
const STAGES: &[&str] = &["submit", "poll", "archive", "notify", "sweep"];

fn sources() -> Vec<PathBuf> {
    files(&root(), ".rs")
}

fn folders(parent: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(parent).expect("the folder is there");
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Names in the registry of an axis: `name::Type` inside the static slice.
fn registered(lib: &Path) -> BTreeSet<String> {
    let text = read(lib);
    let registry = text.split_once("static ").expect("the registry is a static").1;
    let slice =
        registry.split_once("&[").and_then(|(_, rest)| rest.split_once("];")).expect("the registry is a slice").0;
    let names = slice.split('&').filter_map(|entry| entry.split_once("::"));
    names.map(|(module, _)| module.trim().to_owned()).collect()
}

#[test]
fn registry_lines_equal_folders() {
    for axis in ["contracts", "providers"] {
        let source = root().join("crates").join(axis).join("src");
        assert_eq!(registered(&source.join("lib.rs")), folders(&source), "{axis}");
    }
}

#[test]
fn siblings_do_not_know_each_other() {
    for axis in ["contracts", "providers"] {
        let source = root().join("crates").join(axis).join("src");
        let names = folders(&source);
        for name in &names {
            for file in files(&source.join(name), ".rs") {
                let text = read(&file);
                for other in names.iter().filter(|other| *other != name) {
                    let known =
                        text.contains(&format!("crate::{other}::")) || text.contains(&format!("crate::{other};"));
                    assert!(!known, "{} knows its sibling {other}", file.display());
                }
            }
        }
    }
    for stage in STAGES {
        let text = read(&root().join("workers/src").join(format!("{stage}.rs")));
        for other in STAGES.iter().filter(|other| *other != stage) {
            assert!(!text.contains(&format!("crate::{other}")), "stage {stage} knows stage {other}");
        }
    }
}

#[test]
fn migrations_have_equal_names_for_both_engines() {
    let names = |engine: &str| -> BTreeSet<String> {
        let found = files(&root().join("migrations").join(engine), ".sql");
        found.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect()
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn no_source_file_is_too_long() {
    for file in sources() {
        let lines = read(&file).lines().count();
        let name = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        if LONGER.contains(&name.as_str()) {
            assert!(lines > LINES_MAX, "{name} has become short enough: take it off the list");
        } else {
            assert!(lines <= LINES_MAX, "{name} has {lines} lines");
        }
    }
}

#[test]
fn modules_have_names_that_say_something() {
    for file in sources() {
        let stem = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let parent =
            file.parent().and_then(Path::file_name).expect("a file has a folder").to_string_lossy().into_owned();
        for name in [stem, parent] {
            assert!(!EMPTY_NAMES.contains(&name.as_str()), "{} is called {name}", file.display());
        }
    }
}

#[test]
fn nothing_is_left_over() {
    let marks = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME"), concat!("#[ign", "ore")];
    for file in sources() {
        let text = read(&file);
        for mark in marks {
            assert!(!text.contains(mark), "{} holds {mark}", file.display());
        }
        let allowed = text.lines().any(|line| line.trim_start().starts_with(concat!("#[al", "low(")));
        assert!(!allowed, "{}: use #[expect(…, reason)]", file.display());
    }
}
