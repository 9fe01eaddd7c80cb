//! Legacy submissions as they are read (sections 2.1 to 2.6).

use super::pictures::{self, LEGACY_MAX_BYTES};
use super::refusals::NO_MODEL;
use super::size;
use crate::job::{Arrived, Desk, Output, Refusal, Wish};
use crate::media::Media;
use serde_json::{Value, json};

/// Models of text and image to video; the retired 2.1 is not among them, its master is.
const FILM_MODELS: &[&str] = &[
    "kling-v1",
    "kling-v1-5",
    "kling-v1-6",
    "kling-v2-master",
    "kling-v2-1",
    "kling-v2-1-master",
    "kling-v2-5-turbo",
    "kling-v2-6",
    "kling-v3",
];
const OMNI_MODELS: &[&str] = &["kling-video-o1", "kling-v3-omni"];
const IMAGE_MODELS: &[&str] = &["kling-v3", "kling-v1", "kling-v1-5", "kling-v2", "kling-v2-new", "kling-v2-1"];
const TRY_ON_MODELS: &[&str] = &["kolors-virtual-try-on-v1", "kolors-virtual-try-on-v1-5"];

/// Models with lengths of 3 to 15 s; the others know 5 and 10.
const FREE_LENGTHS: &[&str] = &["kling-v3", "kling-video-o1", "kling-v3-omni"];

/// The most characters of a prompt.
const PROMPT_MAX_CHARS: usize = 2_500;

/// Pixels of a try-on's picture.
const TRY_ON_PX: (u32, u32) = (768, 1_024);

/// A body that is read field by field.
struct Form<'a>(&'a Arrived);

/// Reads what came on `/v1/{family}/{kind}`.
pub(super) fn read(desk: &Desk, family: &str, kind: &str, arrived: &Arrived) -> Result<Wish, Refusal> {
    let form = Form(arrived);
    let wish = match (family, kind) {
        ("videos", "text2video") => form.text_to_video(desk)?,
        ("videos", "image2video") => form.image_to_video(desk)?,
        ("videos", "multi-image2video") => form.images_to_video(desk)?,
        ("videos", "omni-video") => form.omni(desk)?,
        ("images", "generations") => form.images(desk)?,
        ("images", "kolors-virtual-try-on") => form.try_on(desk)?,
        _ => return Err(Refusal::Code(1202)),
    };
    Ok(Wish {
        client: form.0.text("external_task_id").to_owned(),
        notify_url: form.0.text("callback_url").to_owned(),
        ..wish
    })
}

impl Form<'_> {
    fn text_to_video(&self, desk: &Desk) -> Result<Wish, Refusal> {
        let model = self.model(FILM_MODELS, "kling-v1")?;
        let ratio = self.one_of("aspect_ratio", &["16:9", "9:16", "1:1"])?;
        self.film(desk, model, ratio, true)
    }

    fn image_to_video(&self, desk: &Desk) -> Result<Wish, Refusal> {
        let model = self.model(FILM_MODELS, "kling-v1")?;
        let first = self.picture("image")?;
        let last = self.picture("image_tail")?;
        if first.is_none() && last.is_none() {
            return Err(invalid("image and image_tail are both empty"));
        }
        let masked = ["static_mask", "dynamic_masks", "camera_control"].iter().any(|name| self.has(name));
        if last.is_some() && masked {
            return Err(invalid("image_tail, masks and camera_control exclude each other"));
        }
        let size = first.flatten().or(last.flatten());
        let ratio = size.map_or("16:9", |(width, height)| size::nearest(width, height));
        self.film(desk, model, ratio, false)
    }

    fn images_to_video(&self, desk: &Desk) -> Result<Wish, Refusal> {
        let model = self.model(&["kling-v1-6"], "kling-v1-6")?;
        let count = self.pictures("image_list", "image")?;
        if !(1..=4).contains(&count) {
            return Err(invalid("image_list must hold 1 to 4 images"));
        }
        let ratio = self.one_of("aspect_ratio", &["16:9", "9:16", "1:1"])?;
        self.film(desk, model, ratio, true)
    }

    fn omni(&self, desk: &Desk) -> Result<Wish, Refusal> {
        let model = self.model(OMNI_MODELS, "kling-video-o1")?;
        let count = self.pictures("image_list", "image_url")?;
        let films = self.0.body["video_list"].as_array().map_or(0, Vec::len);
        let most = if films > 0 { 4 } else { 7 };
        if count > most || films > 1 {
            return Err(invalid("image_list or video_list holds too much"));
        }
        if films > 0 && self.0.text("sound") == "on" {
            return Err(invalid("sound must be off with a video"));
        }
        let ratio = self.one_of("aspect_ratio", &["16:9", "9:16", "1:1"])?;
        self.film(desk, model, ratio, true)
    }

    fn images(&self, desk: &Desk) -> Result<Wish, Refusal> {
        let model = self.model(IMAGE_MODELS, "kling-v3")?;
        self.picture("image")?;
        let all = ["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"];
        let ratio = self.one_of("aspect_ratio", &all)?;
        let count = match &self.0.body["n"] {
            Value::Null => 1,
            number => number.as_u64().filter(|n| (1..=9).contains(n)).ok_or_else(|| invalid("n must be 1 to 9"))?,
        };
        let scale = if self.one_of("resolution", &["1k", "2k"])? == "2k" { 2 } else { 1 };
        let (width, height) = size::of_picture(ratio, desk.config().picture_px * scale);
        Ok(Wish {
            prompt: self.prompt(true)?,
            outputs: (0..count).map(|_| Output::at_end(Media::Png { width, height })).collect(),
            take_ms: desk.config().pace.picture_ms,
            memo: json!({"model": model, "units": count.to_string()}),
            ..Wish::default()
        })
    }

    fn try_on(&self, desk: &Desk) -> Result<Wish, Refusal> {
        let model = self.model(TRY_ON_MODELS, "kolors-virtual-try-on-v1")?;
        for name in ["human_image", "cloth_image"] {
            self.picture(name)?.ok_or_else(|| invalid(&format!("{name} is empty")))?;
        }
        let (width, height) = TRY_ON_PX;
        Ok(Wish {
            outputs: vec![Output::at_end(Media::Png { width, height })],
            take_ms: desk.config().pace.picture_ms,
            memo: json!({"model": model, "units": "1"}),
            ..Wish::default()
        })
    }

    /// What all film paths share: length, mode, sound, shots.
    fn film(&self, desk: &Desk, model: &str, ratio: &str, needs_prompt: bool) -> Result<Wish, Refusal> {
        let shots = self.shots()?;
        let prompt = match &shots {
            Some(words) => words.clone(),
            None => self.prompt(needs_prompt)?,
        };
        let seconds = self.seconds(model)?;
        let mode = self.one_of("mode", &["std", "pro", "4k"])?;
        if mode == "4k" && !model.starts_with("kling-v3") {
            return Err(invalid("mode 4k is not supported by this model"));
        }
        let short_px = match mode {
            "pro" => 1_080,
            "4k" => 2_160,
            _ => 720,
        };
        let with_sound = self.one_of("sound", &["off", "on"])? == "on";
        let (width, height) = size::of_video(ratio, short_px);
        let duration_ms = seconds * 1_000;
        Ok(Wish {
            prompt,
            outputs: vec![Output::at_end(Media::Mp4 { width, height, duration_ms, with_sound })],
            take_ms: desk.config().pace.video_ms,
            memo: json!({"model": model, "seconds": seconds, "units": (seconds.div_ceil(5)).to_string()}),
            ..Wish::default()
        })
    }

    /// A text, whole seconds: numbers are refused (section 2.1).
    fn seconds(&self, model: &str) -> Result<u32, Refusal> {
        let text = match &self.0.body["duration"] {
            Value::Null => "5",
            Value::String(text) => text,
            _ => return Err(invalid("duration must be a string")),
        };
        let is_good = |seconds: &u32| match FREE_LENGTHS.contains(&model) {
            true => (3..=15).contains(seconds),
            false => matches!(seconds, 5 | 10),
        };
        text.parse().ok().filter(is_good).ok_or_else(|| invalid(&format!("duration {text} is not supported")))
    }

    /// The words of customised shots; `None` when there are none of them.
    fn shots(&self) -> Result<Option<String>, Refusal> {
        if self.0.body["multi_shot"] != true {
            return Ok(None);
        }
        if self.one_of("shot_type", &["", "customize", "intelligence"])? != "customize" {
            return Ok(None);
        }
        let shots = self.0.body["multi_prompt"].as_array().filter(|shots| (1..=6).contains(&shots.len()));
        let shots = shots.ok_or_else(|| invalid("multi_prompt must hold 1 to 6 shots"))?;
        let lengths = shots.iter().map(|shot| shot["duration"].as_str().and_then(|text| text.parse::<u32>().ok()));
        let sum: Option<u32> = lengths.sum();
        let whole = self.0.text("duration").parse().unwrap_or(5);
        if sum != Some(whole) {
            return Err(invalid("the durations of multi_prompt must add up to duration"));
        }
        let words: Vec<&str> = shots.iter().filter_map(|shot| shot["prompt"].as_str()).collect();
        Ok(Some(words.join(" / ")))
    }

    fn prompt(&self, is_needed: bool) -> Result<String, Refusal> {
        let prompt = self.0.text("prompt");
        if prompt.chars().count() > PROMPT_MAX_CHARS {
            return Err(invalid("prompt is too long"));
        }
        if prompt.is_empty() && is_needed {
            return Err(invalid("prompt is empty"));
        }
        Ok(prompt.to_owned())
    }

    fn model(&self, known: &[&'static str], usual: &'static str) -> Result<&'static str, Refusal> {
        match self.0.text("model_name") {
            "" => Ok(usual),
            name => known.iter().find(|known| **known == name).copied().ok_or(NO_MODEL),
        }
    }

    /// One of these words; the first when nothing is said.
    fn one_of(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Refusal> {
        let usual = words.first().copied().unwrap_or_default();
        match &self.0.body[name] {
            Value::Null => Ok(usual),
            Value::String(text) if text.is_empty() => Ok(usual),
            given => {
                let known = words.iter().find(|word| given == **word).copied();
                known.ok_or_else(|| invalid(&format!("{name} is not one of {words:?}")))
            }
        }
    }

    /// `None` without a picture; its size when it is known.
    fn picture(&self, name: &str) -> Result<Option<Option<(u32, u32)>>, Refusal> {
        match self.0.text(name) {
            "" => Ok(None),
            text => pictures::read(text, name, LEGACY_MAX_BYTES).map(Some),
        }
    }

    /// How many pictures a list holds, each an object with `field`.
    fn pictures(&self, list: &str, field: &str) -> Result<usize, Refusal> {
        let items = self.0.body[list].as_array().map(Vec::as_slice).unwrap_or_default();
        for item in items {
            let text = item[field].as_str().ok_or_else(|| invalid(&format!("{list} needs {field}")))?;
            pictures::read(text, list, LEGACY_MAX_BYTES)?;
        }
        Ok(items.len())
    }

    fn has(&self, name: &str) -> bool {
        !self.0.body[name].is_null()
    }
}

fn invalid(text: &str) -> Refusal {
    Refusal::Invalid(text.to_owned())
}
