//! Request bodies in, orders out. Nothing is decoded, fetched or resolved.
//!
//! Common fields go to the spec, for whatever dialect gets it. All fields, as the caller gave them, go raw to
//! the bag for Kling's own dialect, but for files, callback and ids. Where the page has two names for one
//! field, the bag holds the one that the page calls official.

use super::way::Way;
use super::{pictures, shots, values};
use crate::callback_url;
use crate::family::{Input, Order};
use crate::fields::Fields;
use crate::problem::Problem;
use serde_json::{Map, Value};
use task::{Spec, catalogue};

/// The most characters of a prompt.
pub const PROMPT_MAX_CHARS: usize = 8_192;
/// The most characters of the caller's own id.
pub const EXTERNAL_ID_MAX_CHARS: usize = 512;
/// The most bytes of raw fields that are kept, written as JSON.
pub const BAG_MAX_BYTES: usize = 256 * 1024;

/// The most characters of a model's name.
const MODEL_MAX_CHARS: usize = 255;
/// The most characters of a mode, a ratio or a resolution.
const WORD_MAX_CHARS: usize = 32;
/// The longest film that can be asked for, s (`contract/DECISIONS.md`, size and length).
const SECONDS_MAX: i64 = 60;
/// The most pictures of one task (`upstream/kling.md` section 2.5).
pub(super) const COUNT_MAX: i64 = 9;

/// Raw fields travel to the dialect of this name only.
pub(super) const BAG: &str = "kling";
/// Within the bag: the path that a film was asked for by.
const ROUTE: &str = "route";

/// What an item of a list says that its file's role carries too, or that only names it for the caller.
const SAID: &[&str] = &["image_id", "type"];

/// The models that the omni path takes (`contract/kling.md`, `contract/DECISIONS.md`).
pub(super) const OMNI_MODELS: &[&str] = &["kling-v3", "kling-v3-omni", "kling-video-o1"];

/// Reads a submission by its route's name.
pub(super) fn order(input: &Input<'_>) -> Result<Order, Problem> {
    let asked = Way::of(input.route.name).ok_or_else(|| Problem::no_route(&input.route.path))?;
    let mut fields = Fields::of(input.body)?;
    let fields = &mut fields;
    let model = model(fields, asked)?;
    let mut draft = Draft { way: asked, spec: Spec::new(asked.kind()), bag: Map::new() };
    match asked {
        Way::Pictures => draft.pictures(fields)?,
        Way::TryOn => draft.try_on(fields)?,
        _ => draft.film(fields)?,
    }
    let external_id = fields.text("external_task_id", EXTERNAL_ID_MAX_CHARS)?.map(str::to_owned);
    let callback_url = callback_url::read(fields)?;
    draft.keep_rest(fields)?;
    let Draft { way, mut spec, bag } = draft;
    if !bag.is_empty() {
        spec.extras.insert(BAG.to_owned(), bag);
    }
    Ok(Order { callback_url, external_id, ..Order::new(spec, way.action(), model) })
}

/// `model_name` wins over `model`. 400 `missing_model` where there is no usual one, and 400 for a model that
/// this path does not take; one that is in no catalogue is left to the caller of this family.
fn model(fields: &mut Fields<'_>, way: Way) -> Result<String, Problem> {
    let (name, alias) = (fields.text("model_name", MODEL_MAX_CHARS)?, fields.text("model", MODEL_MAX_CHARS)?);
    let missing = || Problem::refused("missing_model", "model_name is required").at("model_name");
    let model = name.or(alias).or(way.default_model()).ok_or_else(missing)?;
    if way == Way::Omni && !OMNI_MODELS.contains(&model) && catalogue::find(model).is_some() {
        let message = format!("model_name has to be one of {} on this path", OMNI_MODELS.join(", "));
        return Err(Problem::invalid("model_name", message));
    }
    Ok(model.to_owned())
}

/// An order before what all paths have in common.
struct Draft {
    way: Way,
    spec: Spec,
    bag: Map<String, Value>,
}

impl Draft {
    fn film(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        self.spec.shots = shots::read(fields, PROMPT_MAX_CHARS)?;
        self.film_inputs(fields)?;
        self.film_prompt(fields)?;
        self.negative_prompt(fields)?;
        let asked = fields.integer("duration", 1..=SECONDS_MAX)?.map(|seconds| seconds as f64);
        self.spec.seconds = asked.or_else(|| shots::seconds(&self.spec.shots));
        self.film_form(fields)?;
        values::check_number(fields, "cfg_scale")?;
        fields.object("camera_control")?;
        fields.array("voice_list")?;
        for name in ["multi_prompt", "duration"] {
            self.keep_carried(fields, name);
        }
        for name in ["cfg_scale", "camera_control", "voice_list"] {
            self.keep(fields, name);
        }
        self.keep_elements(fields)?;
        if let Some(several) = fields.flag("multi_shots")?.or(fields.flag("multi_shot")?) {
            self.bag.insert("multi_shot".to_owned(), several.into());
        }
        self.bag.insert(ROUTE.to_owned(), self.way.word().into());
        self.carry(ROUTE);
        Ok(())
    }

    fn film_inputs(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        match self.way {
            Way::Text | Way::Frames => {
                self.spec.inputs = pictures::frames(fields)?;
                let has_frames = !self.spec.inputs.is_empty();
                if self.way == Way::Frames && !has_frames {
                    let message = "image_urls is required: the first frame, or the first and the last";
                    return Err(Problem::invalid("image_urls", message));
                }
                // A film from words that brings frames along is a film from frames.
                self.way = if has_frames { Way::Frames } else { Way::Text };
            }
            _ => {
                let listed = pictures::references(fields)?;
                if self.way == Way::References && listed.inputs.is_empty() {
                    return Err(Problem::invalid("image_list", "image_list is required: the pictures to go by"));
                }
                self.keep_listed("image_list", listed);
                let films = pictures::films(fields)?;
                self.keep_listed("video_list", films);
            }
        }
        Ok(())
    }

    /// Frames need no words; shots bring their own.
    fn film_prompt(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        let may_lack = self.way == Way::Frames || !self.spec.shots.is_empty();
        let prompt = match may_lack {
            true => fields.text("prompt", PROMPT_MAX_CHARS)?.unwrap_or_default(),
            false => fields.required_text("prompt", PROMPT_MAX_CHARS)?,
        };
        prompt.clone_into(&mut self.spec.prompt);
        Ok(())
    }

    fn film_form(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        self.aspect_ratio(fields)?;
        self.resolution(fields)?;
        if let Some(mode) = fields.text("mode", WORD_MAX_CHARS)? {
            let meant = values::resolution_of(mode).map(str::to_owned);
            self.keep(fields, "mode");
            if meant.is_some() {
                self.carry("mode");
            }
            self.spec.resolution = self.spec.resolution.take().or(meant);
        }
        if let Some(sound) = values::sound(fields)? {
            self.spec.sound = Some(sound);
            self.bag.insert("sound".to_owned(), if sound { "on" } else { "off" }.into());
            self.carry("sound");
        }
        Ok(())
    }

    fn pictures(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        fields.required_text("prompt", PROMPT_MAX_CHARS)?.clone_into(&mut self.spec.prompt);
        self.negative_prompt(fields)?;
        self.aspect_ratio(fields)?;
        self.resolution(fields)?;
        self.spec.count = fields.integer("n", 1..=COUNT_MAX)?;
        self.keep_carried(fields, "n");
        // Not promised by the page, but the vendor has it, and as a raw field it might be too large.
        self.spec.inputs.extend(pictures::file(fields, "image", "reference_image")?);
        Ok(())
    }

    fn try_on(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        let human = pictures::required_file(fields, "human_image", "human")?;
        let cloth = pictures::required_file(fields, "cloth_image", "cloth")?;
        self.spec.inputs = vec![human, cloth];
        Ok(())
    }

    fn negative_prompt(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        self.spec.negative_prompt = fields.text("negative_prompt", PROMPT_MAX_CHARS)?.map(str::to_owned);
        self.keep_carried(fields, "negative_prompt");
        Ok(())
    }

    fn aspect_ratio(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        self.spec.aspect_ratio = fields.text("aspect_ratio", WORD_MAX_CHARS)?.map(str::to_owned);
        self.keep_carried(fields, "aspect_ratio");
        Ok(())
    }

    fn resolution(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        self.spec.resolution = fields.text("resolution", WORD_MAX_CHARS)?.map(str::to_ascii_lowercase);
        self.keep_carried(fields, "resolution");
        Ok(())
    }

    /// `kling_elements` is another name for `element_list`; the latter wins.
    fn keep_elements(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        let (alias, official) = (fields.array("kling_elements")?, fields.array("element_list")?);
        if let Some(elements) = official.or(alias) {
            self.bag.insert("element_list".to_owned(), elements.into());
        }
        Ok(())
    }

    /// A list's files become inputs; the bag keeps what its items say beside them.
    fn keep_listed(&mut self, name: &str, listed: pictures::Listed) {
        self.spec.inputs.extend(listed.inputs);
        if listed.beside.is_empty() {
            return;
        }
        let is_said =
            |beside: &Value| beside.as_object().is_none_or(|item| item.keys().all(|key| SAID.contains(&&**key)));
        let is_carried = listed.beside.iter().all(is_said);
        self.bag.insert(name.to_owned(), listed.beside.into());
        if is_carried {
            self.carry(name);
        }
    }

    /// Keeps a field as the caller gave it; `""` is absent.
    fn keep(&mut self, fields: &mut Fields<'_>, name: &'static str) {
        if let Some(value) = fields.value(name).filter(|value| value.as_str() != Some("")) {
            self.bag.insert(name.to_owned(), value.clone());
        }
    }

    /// As [`Draft::keep`], of a field whose meaning the common fields carry too.
    fn keep_carried(&mut self, fields: &mut Fields<'_>, name: &'static str) {
        self.keep(fields, name);
        self.carry(name);
    }

    fn carry(&mut self, name: &str) {
        if self.bag.contains_key(name) {
            self.spec.carried.insert(name.to_owned());
        }
    }

    /// Keeps what this contract does not know; 413 when all raw fields together are too large.
    fn keep_rest(&mut self, fields: &mut Fields<'_>) -> Result<(), Problem> {
        fields.drop_unread(&[ROUTE]);
        self.bag.extend(fields.rest()?);
        let bytes = serde_json::to_vec(&self.bag).map_or(usize::MAX, |json| json.len());
        if bytes > BAG_MAX_BYTES {
            let message = format!("fields other than files take more than {BAG_MAX_BYTES} bytes");
            return Err(Problem::too_large(None, message));
        }
        Ok(())
    }
}
