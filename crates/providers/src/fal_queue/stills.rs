//! Pictures (`README.md`, section 7.3): which endpoint makes them, and what is sent.

use super::choice::invalid;
use super::fit::nearest_ratio;
use super::models;
use super::submit::picture;
use crate::dialect::Fit;
use crate::json_tree::JsonTree;
use serde_json::Value;
use task::{Failure, InputData, Kind, Spec};

/// Rows that make pictures too: the row, and the endpoints from words and from a picture.
const PICTURES: &[(&str, &str, &str)] =
    &[("fal-ai/kling-video/v3/pro", "fal-ai/kling-image/v3/text-to-image", "fal-ai/kling-image/v3/image-to-image")];
/// Endpoints where clothes are tried on.
const TRY_ON: &[&str] = &["fal-ai/kling/v1-5/kolors-virtual-try-on"];

/// Shapes that the picture endpoints make, the usual one first.
const RATIOS: &[&str] = &["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"];
/// The most pictures of one request.
const COUNT_MAX: i64 = 9;

/// What is sent, to which endpoint, and what its caller is told.
#[derive(Debug)]
pub(super) struct Still {
    pub endpoint: String,
    pub body: JsonTree,
    pub fit: Fit,
}

/// Whether a spec is for this module, and not for a film's endpoints.
pub(super) fn makes(spec: &Spec) -> bool {
    matches!(spec.kind, Kind::Image | Kind::TryOn)
}

/// `Err` when the row makes nothing of the kind, or not of these inputs.
pub(super) fn of(upstream_model: &str, spec: &Spec) -> Result<Still, Failure> {
    for input in &spec.inputs {
        if let InputData::Broken(reason) = &input.data {
            return Err(invalid(reason));
        }
    }
    if spec.kind == Kind::TryOn { tried_on(upstream_model, spec) } else { drawn(upstream_model, spec) }
}

fn tried_on(upstream_model: &str, spec: &Spec) -> Result<Still, Failure> {
    if !TRY_ON.contains(&upstream_model) && !is_unknown(upstream_model) {
        return Err(invalid("the upstream model tries no clothes on"));
    }
    let mut body = JsonTree::object();
    for (field, role) in [("human_image_url", "human"), ("garment_image_url", "cloth")] {
        let place = spec.inputs.iter().position(|input| input.role == role);
        body.put(field, picture(spec, place.ok_or_else(|| invalid("one picture of two is missing"))?));
    }
    Ok(Still { endpoint: upstream_model.to_owned(), body, fit: Fit::default() })
}

fn drawn(upstream_model: &str, spec: &Spec) -> Result<Still, Failure> {
    let endpoint = drawn_at(upstream_model, spec.inputs.len())?;
    let (mut body, mut fit) = (JsonTree::object(), Fit::default());
    body.put("prompt", Value::from(spec.prompt.as_str()));
    match spec.inputs.len() {
        0 => {}
        1 => {
            body.put("image_url", picture(spec, 0));
        }
        count => {
            body.put("image_urls", JsonTree::Array((0..count).map(|place| picture(spec, place)).collect()));
        }
    }
    match &spec.negative_prompt {
        Some(text) if spec.inputs.is_empty() => {
            body.put("negative_prompt", Value::from(text.as_str()));
        }
        Some(_) => fit.warnings.push("the upstream does not know negative_prompt; it was left out".to_owned()),
        None => {}
    }
    if let Some(ratio) = ratio(spec, &mut fit) {
        body.put("aspect_ratio", Value::from(ratio));
    }
    if let Some(resolution) = resolution(spec, &mut fit) {
        body.put("resolution", Value::from(resolution));
    }
    if let Some(count) = spec.count {
        body.put("num_images", Value::from(count.clamp(1, COUNT_MAX)));
    }
    Ok(Still { endpoint, body, fit })
}

/// The endpoint of a row; any other endpoint id is posted to as it is, with the names that most share.
fn drawn_at(upstream_model: &str, pictures: usize) -> Result<String, Failure> {
    let row = PICTURES.iter().find(|(row, ..)| *row == upstream_model);
    match (row, pictures) {
        (Some((_, from_words, _)), 0) => Ok((*from_words).to_owned()),
        (Some((_, _, from_picture)), 1) => Ok((*from_picture).to_owned()),
        (Some(_), _) => Err(invalid("the upstream model takes one picture at most")),
        (None, _) if is_unknown(upstream_model) => Ok(upstream_model.to_owned()),
        (None, _) => Err(invalid("the upstream model makes no pictures")),
    }
}

/// Whether a name is no row of ours, but an endpoint's own id.
fn is_unknown(upstream_model: &str) -> bool {
    models::find(upstream_model).is_none() && !TRY_ON.contains(&upstream_model)
}

fn ratio(spec: &Spec, fit: &mut Fit) -> Option<&'static str> {
    let asked = super::fit::asked_ratio(spec)?;
    let ratio = nearest_ratio(asked, RATIOS)?;
    let named = spec.size.map(|size| size.to_string()).or_else(|| spec.aspect_ratio.clone()).unwrap_or_default();
    if spec.size.is_some() || named != ratio {
        fit.warnings.push(format!("{named} was asked for; the upstream makes {ratio}"));
    }
    Some(ratio)
}

/// `1k` and `2k`, which the endpoints spell with a capital.
fn resolution(spec: &Spec, fit: &mut Fit) -> Option<&'static str> {
    match spec.resolution.as_deref()? {
        "1k" => Some("1K"),
        "2k" => Some("2K"),
        other => {
            fit.warnings.push(format!("{other} was asked for; the upstream makes 1k or 2k"));
            None
        }
    }
}
