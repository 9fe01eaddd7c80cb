//! The common fields in this protocol's words, and what is fitted on the way (`contract/DECISIONS.md`,
//! size and length: the next longer length, the nearest size of the same orientation).
//!
//! A field that the caller gave in the protocol's own words goes up as it is; the vendor judges it.

use super::NAME;
use super::model::{RATIOS, RESOLUTIONS, Rules};
use crate::dialect::Fit;
use serde_json::{Value, json};
use task::{Size, Spec};

/// Seeds that the vendor takes; it also takes -1, which says nothing.
const SEED_MAX: i64 = 4_294_967_295;

/// Fields to be sent, and what differs from what was asked for.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// In the protocol's words.
    pub fields: Vec<(&'static str, Value)>,
    /// What is told to the caller.
    pub fit: Fit,
}

impl Made {
    fn warn(&mut self, warning: impl Into<String>) {
        self.fit.warnings.push(warning.into());
    }
}

/// Whether a submission came in the protocol's own words.
pub(super) fn is_own(spec: &Spec) -> bool {
    spec.extra(NAME, "content").is_some_and(Value::is_array)
}

/// What is made of a request for this model.
pub(super) fn make(upstream_model: &str, spec: &Spec) -> Made {
    let mut made = Made::default();
    if is_own(spec) {
        return made;
    }
    let rules = Rules::of(upstream_model);
    let given = |name: &str| spec.extra(NAME, name).is_some_and(|value| !value.is_null());
    if !given("duration") && !given("frames") {
        length(&rules, spec, &mut made);
    }
    if !given("resolution") && !given("ratio") {
        picture(&rules, spec, &mut made);
    }
    if !given("generate_audio") {
        sound(&rules, spec, &mut made);
    }
    if !given("seed")
        && let Some(seed) = spec.seed
    {
        match seed {
            0..=SEED_MAX => made.fields.push(("seed", json!(seed))),
            _ => made.warn(format!("the upstream takes seeds from 0 to {SEED_MAX}; seed was left out")),
        }
    }
    left_out(spec, &mut made);
    made
}

fn length(rules: &Rules, spec: &Spec, made: &mut Made) {
    let Some(asked_s) = spec.seconds.filter(|seconds| seconds.is_finite()) else { return };
    let (least, most) = (*rules.seconds.start(), *rules.seconds.end());
    let whole_s = (asked_s.ceil() as i64).clamp(least, most);
    made.fields.push(("duration", json!(whole_s)));
    if whole_s as f64 != asked_s {
        made.fit.fitted.seconds = Some(whole_s as f64);
        made.warn(format!("{asked_s} s were asked for; the upstream makes {whole_s} s"));
    }
}

/// Pixels become a named resolution and a shape; else each word by itself.
fn picture(rules: &Rules, spec: &Spec, made: &mut Made) {
    if let Some(size) = spec.size.filter(|size| size.width > 0 && size.height > 0) {
        return pixels(rules, size, made);
    }
    if let Some(asked) = spec.resolution.as_deref() {
        let area = RESOLUTIONS.into_iter().find(|(name, _)| *name == asked).map(|(_, area)| area);
        let name = match area {
            Some(area) if rules.known => nearest(rules.areas(), area),
            _ => asked,
        };
        made.fields.push(("resolution", json!(name)));
        if name != asked {
            made.warn(format!("{asked} was asked for; the upstream makes {name}"));
        }
    }
    if let Some(asked) = spec.aspect_ratio.as_deref() {
        let ratio =
            if asked == "adaptive" { asked } else { shape_of(asked).map_or(asked, |shape| nearest_shape(shape).0) };
        made.fields.push(("ratio", json!(ratio)));
        if ratio != asked {
            made.warn(format!("a shape of {asked} was asked for; the upstream makes {ratio}"));
        }
    }
}

fn pixels(rules: &Rules, asked: Size, made: &mut Made) {
    let (width, height) = (asked.width as f64, asked.height as f64);
    let resolution = nearest(rules.areas(), width * height);
    let (ratio, shape) = nearest_shape(width / height);
    made.fields.push(("resolution", json!(resolution)));
    made.fields.push(("ratio", json!(ratio)));
    let area = RESOLUTIONS.into_iter().find(|(name, _)| *name == resolution).map_or(0.0, |(_, area)| area);
    let made_size = Size { width: even((area * shape).sqrt()), height: even((area / shape).sqrt()) };
    if made_size != asked {
        made.fit.fitted.size = Some(made_size);
        made.warn(format!(
            "{asked} was asked for; the upstream makes {resolution} of shape {ratio}, about {made_size}"
        ));
    }
}

fn sound(rules: &Rules, spec: &Spec, made: &mut Made) {
    match spec.sound {
        Some(true) if !rules.sound => made.warn("the upstream's model makes no sound"),
        Some(sound) if rules.sound => made.fields.push(("generate_audio", json!(sound))),
        _ => {}
    }
}

fn left_out(spec: &Spec, made: &mut Made) {
    if spec.negative_prompt.is_some() {
        made.warn("the upstream does not know negative_prompt; it was left out");
    }
    if spec.count.is_some_and(|count| count > 1) {
        made.warn("the upstream makes one film at a time");
    }
    if !spec.shots.is_empty() {
        made.warn("the upstream has no storyboard: its shots were joined into the prompt");
    }
}

/// The nearest by proportion.
fn nearest(choice: impl Iterator<Item = (&'static str, f64)>, wanted: f64) -> &'static str {
    let off = |number: f64| (number / wanted).ln().abs();
    choice.min_by(|a, b| off(a.1).total_cmp(&off(b.1))).map_or("720p", |(name, _)| name)
}

/// The nearest shape that lies or stands like `shape`; a square is both.
fn nearest_shape(shape: f64) -> (&'static str, f64) {
    let off = |other: f64| (other / shape).ln().abs();
    let alike = |other: f64| (other >= 1.0 && shape >= 1.0) || (other <= 1.0 && shape <= 1.0);
    let fitting = RATIOS.into_iter().filter(|(_, other)| alike(*other));
    fitting.min_by(|a, b| off(a.1).total_cmp(&off(b.1))).unwrap_or(RATIOS[0])
}

fn shape_of(text: &str) -> Option<f64> {
    let (across, down) = text.split_once(':')?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    Some(number(across)? / number(down)?)
}

fn even(side: f64) -> i64 {
    2 * (side / 2.0).round() as i64
}
