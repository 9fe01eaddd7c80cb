//! Lengths and sizes as the vendor takes them (`upstream/sora.md`, section 2; `contract/DECISIONS.md`, size
//! and length: the next longer length, the nearest size of the same orientation).

use crate::dialect::Fit;
use crate::film;
use task::{Fitted, Size, Spec};

/// Lengths that the protocol's first vendor takes, s.
const SECONDS: [f64; 5] = [4.0, 8.0, 12.0, 16.0, 20.0];

/// Sizes of every model, then those of the larger one alone.
const SIZES: [Size; 6] = [
    Size { width: 720, height: 1280 },
    Size { width: 1280, height: 720 },
    Size { width: 1024, height: 1792 },
    Size { width: 1792, height: 1024 },
    Size { width: 1080, height: 1920 },
    Size { width: 1920, height: 1080 },
];
const SIZES_OF_ALL: usize = 4;

/// Whether the model is one of the protocol's first vendor; others take what they take.
pub(super) fn is_sora(upstream_model: &str) -> bool {
    upstream_model.starts_with("sora-2")
}

/// Whether a raw field goes up: the first vendor refuses names that it does not know, relays pass them on.
pub(super) fn passes(upstream_model: &str, name: &str) -> bool {
    !is_sora(upstream_model) || name == "characters"
}

/// What is made of a request.
pub(super) fn fit(upstream_model: &str, spec: &Spec) -> Fit {
    let mut warnings: Vec<String> = film::joined_warning(spec).into_iter().collect();
    if !is_sora(upstream_model) {
        return Fit { warnings, ..Fit::default() };
    }
    let seconds = film::next_longer(spec.seconds.unwrap_or(SECONDS[0]), &SECONDS);
    warnings.extend(spec.seconds.and_then(|asked| film::length_warning(asked, seconds)));
    let sizes = if upstream_model.contains("pro") { &SIZES[..] } else { &SIZES[..SIZES_OF_ALL] };
    let size = film::nearest(wanted(spec), sizes);
    warnings.extend(spec.size.and_then(|asked| film::size_warning(asked, size)));
    for (name, given) in [("negative_prompt", spec.negative_prompt.is_some()), ("seed", spec.seed.is_some())] {
        if given {
            warnings.push(format!("the upstream does not know {name}; it was left out"));
        }
    }
    for name in spec.extras.get(super::NAME).into_iter().flatten().map(|(name, _)| name) {
        if !passes(upstream_model, name) {
            warnings.push(format!("the upstream does not know {name}; it was left out"));
        }
    }
    if spec.sound == Some(false) {
        warnings.push("the upstream always makes sound".to_owned());
    }
    Fit { fitted: Fitted { seconds: Some(seconds), size: Some(size) }, warnings }
}

/// Pixels as asked for, or what the words for them come to. The vendor's own default is upright.
fn wanted(spec: &Spec) -> Size {
    if let Some(size) = spec.size {
        return size;
    }
    let short = if film::short_side(spec).is_some_and(|side| side >= 1080) { 1080 } else { 720 };
    let long = short * 16 / 9;
    match film::lies(spec) {
        Some(true) => Size { width: long, height: short },
        _ => Size { width: short, height: long },
    }
}
