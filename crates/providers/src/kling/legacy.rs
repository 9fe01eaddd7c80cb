//! Bodies of the legacy generation: the model in the body, lengths as text (`upstream/kling.md` section 2).

use super::endpoint::Endpoint;
use super::files::{self, Form, file, invalid};
use super::options::Generation;
use super::{NAME, fit, shots};
use crate::dialect::Submission;
use crate::film::joined_prompt;
use crate::json_tree::JsonTree;
use serde_json::{Map, Value};
use task::{Failure, Input, Spec};

/// The most pictures of the multi-image path (section 2.3).
const MULTI_IMAGES_MAX: usize = 4;
/// The most pictures of the omni path, and how many of them beside a film (section 2.4).
const OMNI_IMAGES_MAX: usize = 7;
const OMNI_IMAGES_WITH_FILM_MAX: usize = 4;
/// The most films of the omni path.
const OMNI_FILMS_MAX: usize = 1;
/// How many pictures one task makes (section 2.5).
const COUNT_RANGE: (i64, i64) = (1, 9);

/// Fields that the submission itself decides, or that are made from the spec. Any other field of the bag goes
/// up untouched.
const OWNED: &[&str] = &[
    "model",
    "model_name",
    "prompt",
    "negative_prompt",
    "aspect_ratio",
    "duration",
    "mode",
    "resolution",
    "sound",
    "n",
    "image",
    "image_tail",
    "image_list",
    "video_list",
    "human_image",
    "cloth_image",
    "multi_shot",
    "shot_type",
    "multi_prompt",
    "route",
    "callback_url",
    "external_task_id",
];

/// The body for this path.
pub(super) fn body(submission: &Submission<'_>, endpoint: Endpoint) -> Result<JsonTree, Failure> {
    let (spec, model) = (submission.spec, submission.upstream_model);
    let mut body = JsonTree::object();
    if let Some(model) = endpoint.model(model) {
        body.put("model_name", model);
    }
    match endpoint {
        Endpoint::Pictures => pictures(spec, &mut body)?,
        Endpoint::TryOn => try_on(spec, &mut body)?,
        _ => film(endpoint, model, spec, &mut body)?,
    }
    for (name, value) in raw_fields(spec) {
        body.put(name, value.clone());
    }
    if let Some(hook) = submission.hook_url {
        body.put("callback_url", hook);
    }
    body.put("external_task_id", submission.client.to_string());
    Ok(body)
}

fn film(endpoint: Endpoint, model: &str, spec: &Spec, body: &mut JsonTree) -> Result<(), Failure> {
    let listed = shots::are_listed(Generation::Legacy, endpoint, model, spec);
    let prompt = if listed { spec.prompt.clone() } else { joined_prompt(spec) };
    let may_lack = listed || endpoint == Endpoint::Frames;
    match prompt.trim().is_empty() {
        false => drop(body.put("prompt", prompt)),
        true if may_lack => {}
        true => return Err(invalid("prompt is empty")),
    }
    put_text(body, "negative_prompt", spec.negative_prompt.as_deref());
    match endpoint {
        Endpoint::Frames => frames(spec, body)?,
        Endpoint::MultiImage => multi_image(spec, body)?,
        Endpoint::Omni => omni(spec, body)?,
        _ => {}
    }
    let seconds = match listed {
        true => Some(fit::seconds_of_shots(endpoint, model, spec)),
        false => fit::seconds(endpoint, model, spec),
    };
    put_text(body, "duration", seconds.map(|seconds| seconds.to_string()).as_deref());
    put_text(body, "aspect_ratio", fit::ratio(endpoint, spec).as_deref());
    if let Some(mode) = fit::mode(model, spec) {
        body.put("mode", mode);
    }
    put_text(body, "sound", spec.sound.map(|sound| if sound { "on" } else { "off" }));
    put_shots(spec, listed.then_some(seconds.unwrap_or_default()), body);
    Ok(())
}

/// `multi_shot` needs a `shot_type`: the caller's shots, or the vendor's own choice.
fn put_shots(spec: &Spec, listed_s: Option<i64>, body: &mut JsonTree) {
    let told = spec.extra(NAME, "multi_shot").and_then(Value::as_bool);
    let Some(several) = told.or(listed_s.map(|_| true)) else { return };
    body.put("multi_shot", several);
    let usual = if listed_s.is_some() { "customize" } else { "intelligence" };
    match spec.extra(NAME, "shot_type") {
        Some(told) => drop(body.put("shot_type", told.clone())),
        None if several => drop(body.put("shot_type", usual)),
        None => {}
    }
    if let Some(total_s) = listed_s {
        body.put("multi_prompt", shots::list(spec, total_s));
    }
}

fn frames(spec: &Spec, body: &mut JsonTree) -> Result<(), Failure> {
    for (name, role) in [("image", "first_frame"), ("image_tail", "last_frame")] {
        if let Some((position, input)) = files::first(spec, role) {
            body.put(name, file(position, input, Form::Base64));
        }
    }
    if body.has("image") || body.has("image_tail") { Ok(()) } else { Err(invalid("a first or last frame is needed")) }
}

fn multi_image(spec: &Spec, body: &mut JsonTree) -> Result<(), Failure> {
    let pictures = files::pictures(spec);
    if pictures.is_empty() {
        return Err(invalid("at least one picture to go by is needed"));
    }
    files::check_count(pictures.len(), MULTI_IMAGES_MAX, "pictures to go by")?;
    let items =
        pictures.into_iter().map(|(position, input, beside)| item("image", position, input, beside, Form::Base64));
    body.put("image_list", JsonTree::Array(items.collect()));
    Ok(())
}

fn omni(spec: &Spec, body: &mut JsonTree) -> Result<(), Failure> {
    let (pictures, films) = (files::pictures(spec), files::films(spec));
    files::check_count(films.len(), OMNI_FILMS_MAX, "films to go by")?;
    let most = if films.is_empty() { OMNI_IMAGES_MAX } else { OMNI_IMAGES_WITH_FILM_MAX };
    files::check_count(pictures.len(), most, "pictures to go by")?;
    if !pictures.is_empty() {
        let items = pictures.into_iter().map(|(position, input, mut beside)| {
            if let Some(word) = files::frame_word(input, "end_frame") {
                beside.insert("type".to_owned(), word.into());
            }
            item("image_url", position, input, beside, Form::Base64)
        });
        body.put("image_list", JsonTree::Array(items.collect()));
    }
    if !films.is_empty() {
        let items =
            films.into_iter().map(|(position, input, beside)| item("video_url", position, input, beside, Form::Link));
        body.put("video_list", JsonTree::Array(items.collect()));
    }
    Ok(())
}

fn item(name: &str, position: usize, input: &Input, beside: Map<String, Value>, form: Form) -> JsonTree {
    let mut item = JsonTree::object();
    item.put(name, file(position, input, form));
    for (name, value) in beside {
        item.put(&name, value);
    }
    item
}

fn pictures(spec: &Spec, body: &mut JsonTree) -> Result<(), Failure> {
    if spec.prompt.trim().is_empty() {
        return Err(invalid("prompt is empty"));
    }
    body.put("prompt", spec.prompt.as_str());
    put_text(body, "negative_prompt", spec.negative_prompt.as_deref());
    if let Some((position, input)) = spec.inputs.iter().enumerate().next() {
        body.put("image", file(position, input, Form::Base64));
    }
    let resolution = match spec.resolution.as_deref() {
        Some("4k") => Some("2k"),
        known @ Some("1k" | "2k") => known,
        _ => None,
    };
    put_text(body, "resolution", resolution);
    put_text(body, "aspect_ratio", fit::ratio(Endpoint::Pictures, spec).as_deref());
    if let Some(count) = spec.count {
        body.put("n", count.clamp(COUNT_RANGE.0, COUNT_RANGE.1));
    }
    Ok(())
}

/// By role, or in order where the roles are others.
fn try_on(spec: &Spec, body: &mut JsonTree) -> Result<(), Failure> {
    for (place, name, role) in [(0, "human_image", "human"), (1, "cloth_image", "cloth")] {
        let by_place = || spec.inputs.get(place).map(|input| (place, input));
        let Some((position, input)) = files::first(spec, role).or_else(by_place) else {
            return Err(invalid("try-on takes a picture of a person and one of clothes"));
        };
        body.put(name, file(position, input, Form::Base64));
    }
    Ok(())
}

fn put_text(body: &mut JsonTree, name: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        body.put(name, text);
    }
}

/// Raw fields that go up as they are. `null` and `""` count as absent.
fn raw_fields(spec: &Spec) -> impl Iterator<Item = (&str, &Value)> {
    let bag = spec.extras.get(NAME).into_iter().flatten();
    bag.map(|(name, value)| (name.as_str(), value))
        .filter(|(name, value)| !OWNED.contains(name) && !value.is_null() && value.as_str() != Some(""))
}
