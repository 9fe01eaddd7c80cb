//! Texts are fitted to each version's limits, and the caller is told.

use crate::desk::{Desk, described, sung};
use task::{Song, Spec};

fn song(version: &str) -> Spec {
    sung(Song {
        lyrics: Some("la ".repeat(2_000)),
        title: Some("t".repeat(120)),
        tags: Some("s".repeat(1_200)),
        version: Some(version.into()),
        ..Song::default()
    })
}

#[test]
fn each_version_has_its_own_limits() {
    for (version, words, style, title) in [
        ("V4", 3_000, 200, 80),
        ("V4_5", 5_000, 1_000, 100),
        ("V4_5PLUS", 5_000, 1_000, 100),
        ("V4_5ALL", 5_000, 1_000, 80),
        ("V5", 5_000, 1_000, 100),
        ("V5_5", 5_000, 1_000, 100),
    ] {
        let desk = Desk::new();
        let (_, body) = desk.sent(&song(version));
        let length = |name: &str| body[name].as_str().expect("is a text").chars().count();
        assert!(length("prompt") <= words && length("prompt") > words - 10, "{version}: {}", length("prompt"));
        assert_eq!((length("style"), length("title")), (style, title), "{version}");
        let warnings = desk.warned(&song(version));
        assert_eq!(warnings.len(), 3, "{version}: {warnings:?}");
        assert!(warnings[0].contains(&words.to_string()), "{}", warnings[0]);
    }
}

#[test]
fn a_description_has_five_hundred_characters() {
    let spec = described(&"貓".repeat(501));
    let (_, body) = Desk::new().sent(&spec);
    assert_eq!(body["prompt"].as_str().map(|text| text.chars().count()), Some(500));
    assert_eq!(
        Desk::new().warned(&spec),
        ["the description was cut to 500 characters, the most that the upstream takes"]
    );
    assert!(Desk::new().warned(&described(&"貓".repeat(500))).is_empty());
}

#[test]
fn what_a_description_leaves_unused_is_told() {
    let song = Song { title: Some("La".into()), ..Song::default() };
    let spec = Spec { song: Some(Box::new(song)), ..described("cat") };
    assert_eq!(Desk::new().warned(&spec).len(), 1);
}
