//! What is known of the vendor's models by name (`upstream/kling.md` sections 2 and 5). Names that are not
//! known here go up as they are, and the vendor decides.

/// The one model of the multi-image path (section 2.3).
pub(super) const MULTI_IMAGE: &str = "kling-v1-6";

/// Models that make films and no pictures (sections 2.1, 2.4 and 2.5).
const FILM_ONLY: &[&str] = &[
    "kling-v1-6",
    "kling-v2-master",
    "kling-v2-1-master",
    "kling-v2-5-turbo",
    "kling-v2-6",
    "kling-v3-omni",
    "kling-video-o1",
];

/// The lengths that a model makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lengths {
    /// 5 or 10 s.
    FiveOrTen,
    /// Whole seconds from 3 to 15.
    ThreeToFifteen,
    /// Unknown: whole seconds as asked for.
    Any,
}

impl Lengths {
    /// The next longer length, else the longest.
    pub(super) fn fit(self, seconds: f64) -> i64 {
        // At most some hundreds, as every family checks.
        let whole = seconds.ceil().clamp(1.0, 3_600.0) as i64;
        match self {
            Self::FiveOrTen if whole <= 5 => 5,
            Self::FiveOrTen => 10,
            Self::ThreeToFifteen => whole.clamp(3, 15),
            Self::Any => whole,
        }
    }
}

/// How long the model's films are.
pub(super) fn lengths(model: &str) -> Lengths {
    if is_older(model) {
        Lengths::FiveOrTen
    } else if is_third(model) || is_omni(model) {
        Lengths::ThreeToFifteen
    } else {
        Lengths::Any
    }
}

/// Whether it is of the first or second line: no shots, no 4k.
pub(super) fn is_older(model: &str) -> bool {
    ["kling-v1", "kling-v2", "kling-1", "kling-2"].iter().any(|line| model.starts_with(line))
}

fn is_third(model: &str) -> bool {
    model.starts_with("kling-v3") || model.starts_with("kling-3")
}

/// Whether it lives on the omni path only.
pub(super) fn is_omni(model: &str) -> bool {
    model.ends_with("-omni") || model == "kling-video-o1"
}

/// The model of the omni path that belongs to this one: itself, or its sibling; `None` when there is none.
pub(super) fn omni(model: &str) -> Option<&str> {
    match model {
        "kling-v3" => Some("kling-v3-omni"),
        _ if is_omni(model) => Some(model),
        // The new generation has one for all.
        _ if ["kling-1.", "kling-2.", "kling-3."].iter().any(|line| model.starts_with(line)) => Some("kling-3.0-omni"),
        _ => None,
    }
}

/// Whether it makes pictures, as far as is known.
pub(super) fn makes_pictures(model: &str) -> bool {
    !FILM_ONLY.contains(&model)
}

/// The name that the new generation has for a legacy one.
pub(super) fn in_new_generation(model: &str) -> &str {
    match model {
        "kling-v3" => "kling-3.0",
        "kling-v3-omni" => "kling-3.0-omni",
        "kling-v2-6" => "kling-2.6",
        "kling-v2-5-turbo" => "kling-2.5-turbo",
        other => other,
    }
}
