//! The fields beside `content`: into the common fields of a spec, and raw into the bag.

use crate::fields::Fields;
use crate::problem::Problem;
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;
use task::Spec;

/// Lengths that are taken at all, s; -1 leaves it to the model. Each model has bounds of its own.
pub(super) const DURATION: RangeInclusive<i64> = -1..=600;
/// Frame counts that are taken at all.
pub(super) const FRAMES: RangeInclusive<i64> = 1..=14_400;
/// Seeds (`upstream/seedance.md`, section 2); -1 leaves it to chance.
pub(super) const SEED: RangeInclusive<i64> = -1..=4_294_967_295;
/// Seconds after which an unfinished task expires; the vendor has narrower bounds.
pub(super) const EXPIRES_AFTER: RangeInclusive<i64> = 1..=2_592_000;
/// Priorities that are taken at all; the vendor's range is not published.
pub(super) const PRIORITY: RangeInclusive<i64> = -1_000_000..=1_000_000;
/// The most characters of a short word.
pub(super) const WORD_MAX_CHARS: usize = 64;
/// Frames of one second, where nothing else is told (`contract/seedance.md`, example).
pub(super) const FRAMES_PER_SECOND: f64 = 24.0;

/// Yes-or-no fields that are only passed on.
const FLAGS: [&str; 3] = ["watermark", "return_last_frame", "draft"];
/// Fields whose meaning the common fields of a spec carry too.
const CARRIED: [&str; 6] = ["resolution", "ratio", "duration", "frames", "seed", "generate_audio"];
/// Short words that are only passed on.
const WORDS: [&str; 4] = ["service_tier", "safety_identifier", "output_format", "omni_reference_task_type"];

/// What a submission asks for beside its content.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    /// A named resolution, in lower case.
    pub resolution: Option<String>,
    /// A shape.
    pub ratio: Option<String>,
    /// Whole seconds, or -1.
    pub duration: Option<i64>,
    /// A number of frames instead.
    pub frames: Option<i64>,
    /// Where chance begins, or -1.
    pub seed: Option<i64>,
    /// Whether there is sound.
    pub generate_audio: Option<bool>,
    /// Whether the camera stands still.
    pub camera_fixed: Option<bool>,
    /// Every field that was given, read ones in their proper types, unknown ones as they came.
    pub raw: Map<String, Value>,
}

impl Settings {
    /// Reads every field that is left. 400 names the one that is of the wrong type.
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let mut raw = Map::new();
        let resolution = fields.text("resolution", WORD_MAX_CHARS)?.map(str::to_ascii_lowercase);
        let ratio = fields.text("ratio", WORD_MAX_CHARS)?.map(str::to_owned);
        let duration = fields.integer("duration", DURATION)?;
        let frames = frames(fields)?;
        let seed = fields.integer("seed", SEED)?;
        let generate_audio = fields.flag("generate_audio")?;
        let camera_fixed = fields.flag("camera_fixed")?;
        for (name, value) in [
            ("resolution", resolution.clone().map(Value::from)),
            ("ratio", ratio.clone().map(Value::from)),
            ("duration", duration.map(Value::from)),
            ("frames", frames.map(Value::from)),
            ("seed", seed.map(Value::from)),
            ("generate_audio", generate_audio.map(Value::from)),
            ("camera_fixed", camera_fixed.map(Value::from)),
            ("execution_expires_after", fields.integer("execution_expires_after", EXPIRES_AFTER)?.map(Value::from)),
            ("priority", fields.integer("priority", PRIORITY)?.map(Value::from)),
            ("tools", fields.array("tools")?.map(|tools| json!(tools))),
        ] {
            raw.extend(value.map(|value| (name.to_owned(), value)));
        }
        for name in FLAGS {
            raw.extend(fields.flag(name)?.map(|flag| (name.to_owned(), json!(flag))));
        }
        for name in WORDS {
            raw.extend(fields.text(name, WORD_MAX_CHARS)?.map(|word| (name.to_owned(), json!(word))));
        }
        raw.extend(fields.rest()?);
        Ok(Self { resolution, ratio, duration, frames, seed, generate_audio, camera_fixed, raw })
    }

    /// Puts into a spec what three vendors share. A count of frames wins over a length.
    pub(super) fn fill(&self, spec: &mut Spec) {
        spec.carried.extend(CARRIED.iter().filter(|name| self.raw.contains_key(**name)).map(|name| (*name).to_owned()));
        let of_frames = self.frames.map(|frames| frames as f64 / FRAMES_PER_SECOND);
        let of_duration = self.duration.filter(|seconds| *seconds > 0).map(|seconds| seconds as f64);
        spec.seconds = of_frames.or(of_duration).or(spec.seconds.filter(|_| self.duration.is_none()));
        spec.resolution = self.resolution.clone().or(spec.resolution.take());
        spec.aspect_ratio = self.ratio.clone().or(spec.aspect_ratio.take());
        spec.seed = self.seed.or(spec.seed).filter(|seed| *seed >= 0);
        spec.sound = self.generate_audio.or(spec.sound);
    }
}

/// `false` passes like null (`contract/DECISIONS.md`, checks at the door).
fn frames(fields: &mut Fields<'_>) -> Result<Option<i64>, Problem> {
    if fields.value("frames") == Some(&Value::Bool(false)) {
        return Ok(None);
    }
    fields.integer("frames", FRAMES)
}
