//! What the page promises to check before a task exists, for Seedance 2.0 alone (`contract/seedance.md`,
//! capability boundary; `contract/DECISIONS.md`, checks at the door).

use super::content::Counts;
use super::settings::Settings;
use crate::problem::Problem;

/// The most pictures.
const IMAGES_MAX: usize = 9;
/// The most films.
const VIDEOS_MAX: usize = 3;
/// The most sound files.
const AUDIOS_MAX: usize = 3;
/// The most files of all sorts.
const FILES_MAX: usize = 12;
/// Lengths that can be asked for, s; -1 leaves it to the model.
const SECONDS: std::ops::RangeInclusive<i64> = 4..=15;
/// Resolutions that can be asked for.
const RESOLUTIONS: [&str; 2] = ["480p", "720p"];

/// Which generation a public model belongs to, as far as this contract treats them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// Seedance 1.x: commands within the prompt still work.
    First,
    /// Seedance 2.0 and 2.0 fast: checked at the door.
    Second,
    /// Any other: left to the upstream.
    Other,
}

impl Generation {
    /// Of a public name or alias.
    pub(super) fn of(model: &str) -> Self {
        let known = task::catalogue::find(model).map_or(model, |model| model.name.as_str());
        if known.contains("seedance-2-0") {
            return Self::Second;
        }
        let first = known.contains("seedance-1-") || known == "doubao-video";
        if first { Self::First } else { Self::Other }
    }
}

/// 400 for what Seedance 2.0 does not take.
pub(super) fn second(counts: Counts, settings: &Settings) -> Result<(), Problem> {
    for (count, most, what) in [
        (counts.images, IMAGES_MAX, "images"),
        (counts.videos, VIDEOS_MAX, "videos"),
        (counts.audios, AUDIOS_MAX, "audios"),
        (counts.files(), FILES_MAX, "files"),
    ] {
        if count > most {
            let message = format!("content holds {count} {what}; this model takes at most {most}");
            return Err(Problem::invalid("content", message));
        }
    }
    if counts.audios > 0 && counts.images + counts.videos == 0 {
        let message = "content holds audio alone; at least one image or video has to go with it";
        return Err(Problem::invalid("content", message));
    }
    if settings.duration.is_some_and(|seconds| seconds != -1 && !SECONDS.contains(&seconds)) {
        return Err(Problem::invalid("duration", "duration has to be an integer from 4 to 15, or -1, for this model"));
    }
    if settings.resolution.as_deref().is_some_and(|name| !RESOLUTIONS.contains(&name)) {
        return Err(Problem::invalid("resolution", "resolution has to be 480p or 720p for this model"));
    }
    if settings.frames.is_some() {
        return Err(Problem::invalid("frames", "frames is not supported by this model; use duration"));
    }
    if settings.camera_fixed == Some(true) {
        return Err(Problem::invalid("camera_fixed", "camera_fixed is not supported by this model"));
    }
    Ok(())
}
