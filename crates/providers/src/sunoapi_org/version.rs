//! The vendor's model versions with their limits (section 2.2), and which one a caller's `mv` means.

/// A version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The vendor's name.
    pub name: &'static str,
    /// The most characters of the words that are sung.
    pub words_max_chars: usize,
    /// The most characters of the style.
    pub style_max_chars: usize,
    /// The most characters of the title.
    pub title_max_chars: usize,
}

const fn version(name: &'static str, words: usize, style: usize, title: usize) -> Version {
    Version { name, words_max_chars: words, style_max_chars: style, title_max_chars: title }
}

static V4: Version = version("V4", 3_000, 200, 80);
static V4_5: Version = version("V4_5", 5_000, 1_000, 100);
static V4_5_PLUS: Version = version("V4_5PLUS", 5_000, 1_000, 100);
static V4_5_ALL: Version = version("V4_5ALL", 5_000, 1_000, 80);
static V5: Version = version("V5", 5_000, 1_000, 100);
static V5_5: Version = version("V5_5", 5_000, 1_000, 100);

static VERSIONS: [&Version; 6] = [&V4, &V4_5, &V4_5_PLUS, &V4_5_ALL, &V5, &V5_5];

/// The one that every account may use and that takes long texts.
pub(super) static USUAL: &Version = &V4_5;

/// Suno's own names beside those that say their number (section 4: the newer ones are not confirmed).
static SUNO_NAMES: [(&str, &Version); 6] = [
    ("AUK", &V4_5),
    ("BLUEJAY", &V4_5_PLUS),
    ("CROW", &V5),
    ("V4_5_PLUS", &V4_5_PLUS),
    ("V4_5_ALL", &V4_5_ALL),
    ("V4_5+", &V4_5_PLUS),
];

/// Versions that the vendor no longer has; the oldest that it has takes their place.
const GONE: [&str; 5] = ["V2", "V3", "V3_0", "V3_5", "V3_5_TAU"];

/// What a name means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// This one.
    Known(&'static Version),
    /// One that is gone; this one comes closest.
    Gone(&'static Version),
    /// Nobody knows.
    Unknown,
}

/// The version of a caller's or of Suno's name: `chirp-v4`, `chirp-auk`, `v4.5`, `V4_5PLUS` …
pub(super) fn meant(name: &str) -> Meant {
    let plain = name.trim().to_ascii_uppercase().replace(['-', '.', ' '], "_");
    let plain = plain.strip_prefix("CHIRP_").unwrap_or(&plain);
    let by_suno = || SUNO_NAMES.iter().find(|(name, _)| *name == plain).map(|(_, version)| *version);
    match exactly(plain).or_else(by_suno) {
        Some(version) => Meant::Known(version),
        None if GONE.contains(&plain) => Meant::Gone(&V4),
        None => Meant::Unknown,
    }
}

/// The version of this name, as the vendor writes it.
pub(super) fn exactly(name: &str) -> Option<&'static Version> {
    VERSIONS.into_iter().find(|version| version.name == name)
}

/// The vendor's names.
pub(super) fn names() -> Vec<&'static str> {
    VERSIONS.iter().map(|version| version.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_names_are_understood() {
        for (name, version) in [
            ("chirp-v4", "V4"),
            ("chirp-auk", "V4_5"),
            ("chirp-v4-5", "V4_5"),
            ("v4.5", "V4_5"),
            ("chirp-bluejay", "V4_5PLUS"),
            ("chirp-v4-5-plus", "V4_5PLUS"),
            ("V4_5ALL", "V4_5ALL"),
            ("chirp-crow", "V5"),
            ("v5", "V5"),
            ("chirp-v5-5", "V5_5"),
        ] {
            assert_eq!(meant(name), Meant::Known(exactly(version).expect("is listed")), "{name}");
        }
        for name in ["chirp-v3-0", "chirp-v3-5", "chirp-v3.5"] {
            assert_eq!(meant(name), Meant::Gone(&V4), "{name}");
        }
        assert_eq!((meant("chirp-v9"), meant("")), (Meant::Unknown, Meant::Unknown));
    }
}
