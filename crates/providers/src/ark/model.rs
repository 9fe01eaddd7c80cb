//! What each generation of the model takes (section 2). A name that tells nothing, such as an endpoint's
//! `ep-…`, takes whatever it is given.

use std::ops::RangeInclusive;

/// Shapes, across by down.
pub(super) const RATIOS: [(&str, f64); 6] = [
    ("16:9", 16.0 / 9.0),
    ("4:3", 4.0 / 3.0),
    ("1:1", 1.0),
    ("3:4", 3.0 / 4.0),
    ("9:16", 9.0 / 16.0),
    ("21:9", 21.0 / 9.0),
];

/// Named resolutions, with the pixels of a picture of that name.
pub(super) const RESOLUTIONS: [(&str, f64); 6] = [
    ("480p", 854.0 * 480.0),
    ("720p", 1280.0 * 720.0),
    ("768p", 1366.0 * 768.0),
    ("1080p", 1920.0 * 1080.0),
    ("2k", 2560.0 * 1440.0),
    ("4k", 3840.0 * 2160.0),
];

/// What a model takes.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Whole seconds.
    pub seconds: RangeInclusive<i64>,
    /// Named resolutions.
    pub resolutions: &'static [&'static str],
    /// Whether it can make sound.
    pub sound: bool,
    /// Whether these bounds are known to be the model's.
    pub known: bool,
}

impl Rules {
    /// Of what the vendor calls the model.
    pub(super) fn of(upstream_model: &str) -> Self {
        let is = |part: &str| upstream_model.contains(part);
        let all: &[&str] = &["480p", "720p", "1080p"];
        let (seconds, resolutions, sound) = match () {
            () if is("seedance-1-0") => (2..=12, all, false),
            () if is("seedance-1-5") => (4..=12, all, true),
            () if is("seedance-2-0") => (4..=15, &["480p", "720p"][..], true),
            () if is("seedance-2-5") => (4..=30, all, true),
            () => return Self { seconds: 1..=600, resolutions: all, sound: true, known: false },
        };
        Self { seconds, resolutions, sound, known: true }
    }

    /// The pixels of a named resolution that the model takes.
    pub(super) fn areas(&self) -> impl Iterator<Item = (&'static str, f64)> {
        RESOLUTIONS.into_iter().filter(|(name, _)| self.resolutions.contains(name))
    }
}
