//! Where cases start from: files of our own, the registries' examples, and the words of the sources.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The longest word that is taken from a source.
const WORD_MAX_CHARS: usize = 40;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("it lies two folders deep").to_owned()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn values(folder: &str) -> Vec<Value> {
    let folder = root().join("tests/fuzz/corpus").join(folder);
    let parsed = files(&folder, "json").into_iter().map(|path| {
        serde_json::from_str(&read(&path)).unwrap_or_else(|error| panic!("{} is no JSON: {error}", path.display()))
    });
    parsed.collect()
}

/// Bodies that callers send: the pages' and every route's own example.
pub(crate) static BODIES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let routes = contracts::all().iter().flat_map(|family| family.routes());
    let examples = routes.map(|route| route.example).filter(|example| !example.is_null());
    let bodies: Vec<Value> = examples.chain(values("bodies")).collect();
    assert!(bodies.len() > 100, "the corpus of bodies is there");
    bodies
});

/// What upstreams answer and call back with.
pub(crate) static ANSWERS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let answers = values("answers");
    assert!(answers.len() > 30, "the corpus of answers is there");
    answers.into_iter().chain(values("bodies")).collect()
});

/// Texts that stand in the sources of families and dialects: names of fields, status words, codes.
pub(crate) static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words = BTreeSet::new();
    for folder in ["crates/contracts/src", "crates/providers/src"] {
        for path in files(&root().join(folder), "rs") {
            // Every other piece between quotes; a quote within a text only costs a few words.
            for line in read(&path).lines().filter(|line| !line.trim_start().starts_with("//")) {
                let texts = line.split('"').skip(1).step_by(2).filter(|text| text.len() <= WORD_MAX_CHARS);
                words.extend(texts.filter(|text| !text.is_empty()).map(str::to_owned));
            }
        }
    }
    for model in task::catalogue::all() {
        words.insert(model.name.clone());
        words.extend(model.upstream.values().cloned());
    }
    assert!(words.len() > 500, "the sources hold words");
    words.into_iter().collect()
});
