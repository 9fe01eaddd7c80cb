//! Lengths, shapes and models as the vendor takes them (`contract/DECISIONS.md`, size and length: the next
//! longer length, the nearest shape), with a sentence for whatever differs.

use super::endpoint::Endpoint;
use super::options::{Generation, Options};
use super::{NAME, models, new_generation, shots};
use crate::dialect::Fit;
use crate::film::{joined_warning, length_warning, size_warning};
use serde_json::{Map, Value};
use task::{Fitted, Kind, Size, Spec};

/// The vendor's own length when none is asked for, s.
const USUAL_S: i64 = 5;

/// Shapes of films.
const FILM_RATIOS: &[&str] = &["16:9", "9:16", "1:1"];
/// Shapes of pictures.
const PICTURE_RATIOS: &[&str] = &["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"];

/// What is made of a request.
pub(super) fn fit(options: &Map<String, Value>, upstream_model: &str, spec: &Spec) -> Fit {
    let generation = Options::read(options).generation;
    let model = if generation == Generation::New { models::in_new_generation(upstream_model) } else { upstream_model };
    let endpoint = Endpoint::of(spec, model);
    let mut fit = Fit::default();
    models_told(endpoint, model, spec, &mut fit.warnings);
    if spec.kind == Kind::Video {
        fit.fitted = film(endpoint, generation, model, spec, &mut fit.warnings);
    }
    if spec.seed.is_some() {
        fit.warnings.push("the upstream has no seed; it was left out".to_owned());
    }
    if generation == Generation::New {
        let left_out = new_generation::left_out(spec, endpoint);
        fit.warnings.extend(left_out.map(|name| format!("the upstream does not know {name}; it was left out")));
    }
    fit
}

fn models_told(endpoint: Endpoint, model: &str, spec: &Spec, warnings: &mut Vec<String>) {
    match endpoint.model(model) {
        None => warnings.push(format!("the upstream makes no pictures with {model}; its usual model makes them")),
        // The omni path and its model are one and the same thing to callers of that path.
        Some(sent) if sent != model && !asks_for_omni(spec) => {
            warnings.push(format!("the upstream takes {sent} for pictures and films to go by, not {model}"));
        }
        Some(_) => {}
    }
    if endpoint == Endpoint::Pictures && spec.inputs.len() > 1 {
        warnings.push("the upstream takes one picture to go by; the others were left out".to_owned());
    }
}

fn asks_for_omni(spec: &Spec) -> bool {
    spec.extra(NAME, "route").and_then(Value::as_str) == Some("omni-video")
}

fn film(endpoint: Endpoint, generation: Generation, model: &str, spec: &Spec, warnings: &mut Vec<String>) -> Fitted {
    let seconds = seconds(endpoint, model, spec).unwrap_or(USUAL_S) as f64;
    warnings.extend(spec.seconds.and_then(|asked| length_warning(asked, seconds)));
    if shots::are_listed(generation, endpoint, model, spec) {
        warnings.extend(shots::lengths_warning(&spec.shots, seconds_of_shots(endpoint, model, spec)));
    } else {
        warnings.extend(joined_warning(spec));
    }
    if spec.count.is_some_and(|count| count > 1) {
        warnings.push("the upstream makes one film at a time".to_owned());
    }
    if spec.inputs.iter().any(|input| input.role == "reference_audio") {
        warnings.push("the upstream takes no sound to go by; it was left out".to_owned());
    }
    let ratio = ratio(endpoint, spec);
    if let (Some(asked), Some(made)) = (&spec.aspect_ratio, &ratio)
        && asked != made
        && asked != "adaptive"
    {
        warnings.push(format!("{asked} was asked for; the upstream makes {made}"));
    }
    let size = spec.size.and_then(|asked| {
        let made = pixels(ratio.as_deref()?, resolution(model, spec)?)?;
        warnings.extend(size_warning(asked, made));
        Some(made)
    });
    Fitted { seconds: Some(seconds), size }
}

/// The length that goes up; `None` for the vendor's own.
pub(super) fn seconds(endpoint: Endpoint, model: &str, spec: &Spec) -> Option<i64> {
    let of_shots: Option<f64> = spec.shots.iter().map(|shot| shot.seconds).sum();
    let asked = spec.seconds.or(of_shots.filter(|seconds| *seconds > 0.0))?;
    let fitted = models::lengths(endpoint.model(model).unwrap_or(model)).fit(asked);
    Some(fitted.max(i64::try_from(spec.shots.len()).unwrap_or(0)))
}

/// The length of a film with shots, which all together have to reach.
pub(super) fn seconds_of_shots(endpoint: Endpoint, model: &str, spec: &Spec) -> i64 {
    let least = i64::try_from(spec.shots.len()).unwrap_or(USUAL_S);
    seconds(endpoint, model, spec).unwrap_or(USUAL_S.max(least))
}

/// The shape that goes up: what was said to this vendor as it stands, else the nearest of the same orientation.
/// A film from frames has theirs.
pub(super) fn ratio(endpoint: Endpoint, spec: &Spec) -> Option<String> {
    if spec.extra(NAME, "aspect_ratio").is_some() {
        return spec.aspect_ratio.clone();
    }
    if endpoint == Endpoint::Frames {
        return None;
    }
    let known = if endpoint == Endpoint::Pictures { PICTURE_RATIOS } else { FILM_RATIOS };
    let wanted = match (&spec.aspect_ratio, spec.size) {
        (Some(ratio), _) if known.contains(&ratio.as_str()) => return Some(ratio.clone()),
        (Some(ratio), _) => proportion(ratio)?,
        (None, Some(Size { width, height })) if width > 0 && height > 0 => width as f64 / height as f64,
        _ => return None,
    };
    let distance = |ratio: &str| proportion(ratio).map_or(f64::MAX, |known| (known / wanted).ln().abs());
    let lies = |ratio: f64| ratio.total_cmp(&1.0);
    let same = known.iter().filter(|ratio| proportion(ratio).is_some_and(|known| lies(known) == lies(wanted)));
    same.min_by(|a, b| distance(a).total_cmp(&distance(b))).map(|ratio| (*ratio).to_owned())
}

fn proportion(ratio: &str) -> Option<f64> {
    let (width, height) = ratio.split_once(':')?;
    let (width, height): (f64, f64) = (width.trim().parse().ok()?, height.trim().parse().ok()?);
    let proportion = width / height;
    (proportion.is_finite() && proportion > 0.0).then_some(proportion)
}

/// A film's resolution in the new generation's words; `None` for the vendor's own.
pub(super) fn resolution(model: &str, spec: &Spec) -> Option<&'static str> {
    let largest = if models::is_older(model) { "1080p" } else { "4k" };
    match (spec.resolution.as_deref(), spec.size) {
        (Some("360p" | "480p" | "540p" | "720p"), _) => Some("720p"),
        (Some("1080p" | "2k"), _) => Some("1080p"),
        (Some("4k"), _) => Some(largest),
        (Some(_), _) | (None, None) => None,
        (None, Some(size)) => Some(match size.width.min(size.height) {
            ..=800 => "720p",
            801..=1_300 => "1080p",
            _ => largest,
        }),
    }
}

/// The same in the legacy generation's words.
pub(super) fn mode(model: &str, spec: &Spec) -> Option<Value> {
    if let Some(mode) = spec.extra(NAME, "mode") {
        return Some(mode.clone());
    }
    let mode = match resolution(model, spec)? {
        "720p" => "std",
        "1080p" => "pro",
        other => other,
    };
    Some(Value::from(mode))
}

fn pixels(ratio: &str, resolution: &str) -> Option<Size> {
    let (long, short) = match resolution {
        "720p" => (1_280, 720),
        "1080p" => (1_920, 1_080),
        "4k" => (3_840, 2_160),
        _ => return None,
    };
    match ratio {
        "16:9" => Some(Size { width: long, height: short }),
        "9:16" => Some(Size { width: short, height: long }),
        // What a square measures is not documented.
        _ => None,
    }
}
