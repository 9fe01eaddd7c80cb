//! What was made, for the answers: as the vendor told, else as asked for, else as measured.

use super::read::BAG;
use super::settings::FRAMES_PER_SECOND;
use crate::video;
use serde_json::{Map, Value};
use task::{Artifact, Task};

/// The vendor's length where none is asked for (`upstream/seedance.md`, section 2).
const SECONDS_USUAL: f64 = 5.0;

/// The shapes that these models make, across by down.
const RATIOS: [(&str, i64, i64); 6] =
    [("16:9", 16, 9), ("4:3", 4, 3), ("1:1", 1, 1), ("3:4", 3, 4), ("9:16", 9, 16), ("21:9", 21, 9)];

/// Named resolutions with the pixels of a picture of that name.
const RESOLUTIONS: [(&str, i64); 4] =
    [("480p", 854 * 480), ("720p", 1280 * 720), ("1080p", 1920 * 1080), ("4k", 3840 * 2160)];

/// Fields of the vendor's own answer that are given back as they are. None of them holds a link.
const TOLD: [&str; 7] =
    ["resolution", "ratio", "framespersecond", "frames", "generate_audio", "service_tier", "execution_expires_after"];

/// Playing time as a number, whole where it is: as made, else as asked for, else as measured.
pub(super) fn duration(task: &Task) -> Value {
    number(told_seconds(task).or_else(|| video::duration_s(task)).unwrap_or(SECONDS_USUAL))
}

/// Playing time as a text; what was asked for until something is made. `-1` leaves it to the model.
pub(super) fn seconds(task: &Task) -> String {
    let left_open = || task.spec.extra(BAG, "duration").and_then(Value::as_i64) == Some(-1);
    match told_seconds(task) {
        Some(seconds) => number(seconds).to_string(),
        None if left_open() => match video::duration_s(task) {
            Some(measured) => number(measured).to_string(),
            None => "-1".to_owned(),
        },
        None => number(SECONDS_USUAL).to_string(),
    }
}

/// As made, else as asked for: files run a few milliseconds longer or shorter than either.
fn told_seconds(task: &Task) -> Option<f64> {
    task.seconds().filter(|seconds| seconds.is_finite() && *seconds > 0.0)
}

/// To a thousandth, without a fraction where there is none.
fn number(seconds: f64) -> Value {
    let rounded = (seconds * 1_000.0).round() / 1_000.0;
    if rounded.fract() == 0.0 { Value::from(rounded as i64) } else { Value::from(rounded) }
}

/// The resolution's name.
pub(super) fn resolution(task: &Task) -> String {
    let measured = || {
        let (width, height) = pixels(task)?;
        let nearest = RESOLUTIONS.into_iter().min_by_key(|(_, area)| (area - width * height).abs());
        nearest.map(|(name, _)| name.to_owned())
    };
    let asked = || task.spec.resolution.clone();
    text(task, "resolution").or_else(asked).or_else(measured).unwrap_or_else(|| "720p".to_owned())
}

/// The shape.
pub(super) fn ratio(task: &Task) -> String {
    let measured = || {
        let (width, height) = pixels(task)?;
        let off = |across: i64, down: i64| ((width * down - height * across) as f64 / (height * down) as f64).abs();
        let nearest = RATIOS.into_iter().min_by(|a, b| off(a.1, a.2).total_cmp(&off(b.1, b.2)));
        nearest.map(|(name, ..)| name.to_owned())
    };
    let asked = || task.spec.aspect_ratio.clone().filter(|ratio| ratio != "adaptive");
    text(task, "ratio").or_else(asked).or_else(measured).unwrap_or_else(|| "16:9".to_owned())
}

/// Frames of one second.
pub(super) fn frames_per_second(task: &Task) -> Value {
    told(task, "framespersecond").and_then(Value::as_f64).map_or_else(|| number(FRAMES_PER_SECOND), number)
}

/// `{completion_tokens, total_tokens}`; null when the vendor told none.
pub(super) fn usage(task: &Task) -> Value {
    match told(task, "usage") {
        Some(Value::Object(usage)) => Value::Object(usage.clone()),
        _ => Value::Null,
    }
}

/// The seed as a number; null when neither the vendor nor the caller told one.
pub(super) fn seed(task: &Task) -> Value {
    let told = task.details.seed.as_deref().and_then(|seed| seed.parse::<i64>().ok());
    told.or(task.spec.seed).map_or(Value::Null, Value::from)
}

/// Beside the page's fields, those of the vendor's own answer that it told.
pub(super) fn others(task: &Task) -> Map<String, Value> {
    let known = TOLD.iter().filter_map(|name| Some(((*name).to_owned(), told(task, name)?.clone())));
    known.filter(|(_, value)| !value.is_object() && !value.is_array()).collect()
}

fn told<'a>(task: &'a Task, name: &str) -> Option<&'a Value> {
    task.details.extras.get(name)
}

fn text(task: &Task, name: &str) -> Option<String> {
    told(task, name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn pixels(task: &Task) -> Option<(i64, i64)> {
    let sides = |artifact: &Artifact| artifact.width.zip(artifact.height);
    video::outputs(task).find_map(sides).filter(|(width, height)| *width > 0 && *height > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_no_needless_fraction() {
        assert_eq!(number(5.0), Value::from(5));
        assert_eq!(number(49.0 / 24.0), Value::from(2.042));
    }
}
