//! Lengths, shapes and resolutions as an endpoint takes them (`README.md`, section 7).

use super::models::{Endpoint, Sound, Spelling};
use crate::dialect::Fit;
use crate::film;
use serde_json::{Value, json};
use task::{Fitted, Size, Spec};

/// What is sent, and what the caller is told of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Plan {
    /// Fields beside prompt and pictures.
    pub fields: Vec<(&'static str, Value)>,
    pub fit: Fit,
}

impl Plan {
    fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.fields.push((name, value.into()));
    }

    fn warn(&mut self, warning: impl Into<Option<String>>) {
        self.fit.warnings.extend(warning.into());
    }
}

/// The plan for an endpoint of the table.
pub(super) fn plan(endpoint: &Endpoint, spec: &Spec) -> Plan {
    let mut plan = Plan::default();
    plan.warn(film::joined_warning(spec));
    let seconds = length(&mut plan, endpoint, spec);
    let size = shape(&mut plan, endpoint, spec);
    plan.fit.fitted = Fitted { seconds: Some(seconds), size };
    sound(&mut plan, endpoint, spec);
    match (&spec.negative_prompt, endpoint.negative_prompt) {
        (Some(text), true) => plan.put("negative_prompt", text.as_str()),
        (Some(_), false) => plan.warn(left_out("negative_prompt")),
        (None, _) => {}
    }
    match (spec.seed, endpoint.seed) {
        (Some(seed), true) => plan.put("seed", seed),
        (Some(_), false) => plan.warn(left_out("seed")),
        (None, _) => {}
    }
    plan
}

/// The plan for an endpoint that nobody knows: what was asked for, under the names that most endpoints use.
pub(super) fn as_asked(spec: &Spec) -> Plan {
    let mut plan = Plan::default();
    plan.warn(film::joined_warning(spec));
    if let Some(seconds) = spec.seconds {
        plan.put("duration", seconds.to_string());
    }
    let texts = [
        ("aspect_ratio", &spec.aspect_ratio),
        ("resolution", &spec.resolution),
        ("negative_prompt", &spec.negative_prompt),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            plan.put(name, text.as_str());
        }
    }
    if let Some(seed) = spec.seed {
        plan.put("seed", seed);
    }
    if let Some(sound) = spec.sound {
        plan.put("generate_audio", sound);
    }
    plan
}

fn length(plan: &mut Plan, endpoint: &Endpoint, spec: &Spec) -> f64 {
    let (usual, lengths) = endpoint.lengths;
    let seconds = film::next_longer(spec.seconds.unwrap_or(usual), lengths);
    plan.warn(spec.seconds.and_then(|asked| film::length_warning(asked, seconds)));
    match endpoint.spelling {
        Spelling::Unit => plan.put("duration", format!("{seconds}s")),
        Spelling::Text => plan.put("duration", seconds.to_string()),
        Spelling::Number => plan.put("duration", json!(seconds as i64)),
        Spelling::Unsaid => {}
    }
    seconds
}

/// Aspect ratio and resolution; the pixels that come of them, when both are certain.
fn shape(plan: &mut Plan, endpoint: &Endpoint, spec: &Spec) -> Option<Size> {
    let asked = asked_ratio(spec);
    let ratio = asked.and_then(|asked| nearest_ratio(asked, endpoint.ratios));
    let short = film::short_side(spec);
    let resolution = short.and_then(|short| nearest_resolution(short, endpoint.resolutions));
    if let Some(ratio) = ratio {
        plan.put("aspect_ratio", ratio);
    }
    if let Some(resolution) = resolution {
        plan.put("resolution", resolution);
    }
    let made_ratio = ratio.or(endpoint.ratios.first().copied()).filter(|ratio| *ratio != "auto");
    let made_short = match resolution.or(endpoint.resolutions.first().copied()) {
        Some(name) => pixels(name),
        None => Some(endpoint.short_px).filter(|px| *px > 0),
    };
    let size = made_ratio.zip(made_short).and_then(|(ratio, short)| size(ratio, short));
    match (spec.size, size) {
        (Some(asked), Some(made)) => plan.warn(film::size_warning(asked, made)),
        (Some(asked), None) => plan.warn(format!("{asked} was asked for; the upstream goes by the picture")),
        (None, _) => other_words(plan, spec, ratio, made_short),
    }
    size
}

/// Tells of a shape or resolution that was asked for by name and not met.
fn other_words(plan: &mut Plan, spec: &Spec, ratio: Option<&str>, made_short: Option<i64>) {
    if let Some(asked) = spec.aspect_ratio.as_deref().filter(|asked| *asked != "adaptive" && Some(*asked) != ratio) {
        let made = ratio.unwrap_or("the picture's shape");
        plan.warn(format!("{asked} was asked for; the upstream makes {made}"));
    }
    let (short, named) = (film::short_side(spec), spec.resolution.as_deref());
    if let (Some(short), Some(named), Some(made)) = (short, named, made_short)
        && short != made
    {
        plan.warn(format!("{named} was asked for; the upstream makes {made} lines"));
    }
}

fn sound(plan: &mut Plan, endpoint: &Endpoint, spec: &Spec) {
    match (endpoint.sound, spec.sound) {
        (Sound::Chosen, Some(sound)) => plan.put("generate_audio", sound),
        (Sound::Always, Some(false)) => plan.warn("the upstream always makes sound".to_owned()),
        (Sound::Never, Some(true)) => plan.warn("the upstream makes no sound".to_owned()),
        _ => {}
    }
}

fn left_out(name: &str) -> String {
    format!("the upstream does not know {name}; it was left out")
}

/// Width by height, as asked for in pixels or by name.
pub(super) fn asked_ratio(spec: &Spec) -> Option<f64> {
    match spec.size {
        Some(Size { width, height }) if width > 0 && height > 0 => Some(width as f64 / height as f64),
        Some(_) => None,
        None => parts(spec.aspect_ratio.as_deref()?).map(|(wide, high)| wide as f64 / high as f64),
    }
}

fn parts(ratio: &str) -> Option<(i64, i64)> {
    let (wide, high) = ratio.split_once(':')?;
    let (wide, high): (i64, i64) = (wide.parse().ok()?, high.parse().ok()?);
    ((1..=100).contains(&wide) && (1..=100).contains(&high)).then_some((wide, high))
}

/// The nearest ratio that lies or stands as the one asked for, else the nearest.
pub(super) fn nearest_ratio(asked: f64, ratios: &[&'static str]) -> Option<&'static str> {
    let known = ratios.iter().filter_map(|name| parts(name).map(|(wide, high)| (*name, wide as f64 / high as f64)));
    let off = |ratio: f64| {
        let turned = (ratio >= 1.0) != (asked >= 1.0);
        (ratio.ln() - asked.ln()).abs() + if turned { 10.0 } else { 0.0 }
    };
    known.min_by(|a, b| off(a.1).total_cmp(&off(b.1))).map(|(name, _)| name)
}

fn nearest_resolution(short: i64, names: &[&'static str]) -> Option<&'static str> {
    let known = names.iter().filter_map(|name| pixels(name).map(|px| (*name, px)));
    known.min_by_key(|(_, px)| (px - short).abs()).map(|(name, _)| name)
}

fn pixels(resolution: &str) -> Option<i64> {
    match resolution {
        "4k" => Some(2_160),
        name => name.strip_suffix('p')?.parse().ok(),
    }
}

/// Even pixels whose shorter side is `short`.
fn size(ratio: &str, short: i64) -> Option<Size> {
    let (wide, high) = parts(ratio)?;
    let long = |a: i64, b: i64| (short * a / b) & !1;
    Some(if wide >= high {
        Size { width: long(wide, high), height: short }
    } else {
        Size { width: short, height: long(high, wide) }
    })
}
