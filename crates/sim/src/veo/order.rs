//! `instances` and `parameters` of `:predictLongRunning` (sections A2 and B).

use super::fields::{choice, field, flag, number, text, wrong};
use crate::job::{Output, Refusal};
use crate::media::Media;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::ops::RangeInclusive;

/// Durations, s; the last is the usual, and the only one for everything out of the ordinary.
const DURATIONS_S: [i64; 3] = [4, 6, 8];
const LONGEST_S: i64 = 8;

/// The most pictures that guide a video.
const REFERENCES_MAX: usize = 3;

/// Seeds are unsigned, 32 bits.
const SEEDS: RangeInclusive<i64> = 0..=4_294_967_295;

/// Parameters that the developer surface has none of. (Its page claims `seed`, the SDK refuses it; so
/// it is let pass here.)
const VERTEX_ONLY: [&str; 6] =
    ["generateAudio", "fps", "storageUri", "pubsubTopic", "compressionQuality", "resizeMode"];

/// Which of the two is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// The developer API: bytes in, links out.
    Developer,
    /// Vertex AI: also `gs://` in and out.
    Vertex,
}

/// A video that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub prompt: String,
    /// One MP4 for each sample.
    pub outputs: Vec<Output>,
    /// `gs://…`, `""` when the bytes are wanted in the answer.
    pub storage_uri: String,
    /// Link of the video that is to go on; `""` for none.
    pub extends: String,
}

/// What the instance holds besides words.
#[derive(Debug, Clone, Copy, Default)]
struct Material {
    has_image: bool,
    has_last: bool,
    has_references: bool,
    is_extension: bool,
}

/// Reads a body for this model.
pub(crate) fn read(surface: Surface, model: &str, body: &Value) -> Result<Order, Refusal> {
    let instances = field(body, "instances").and_then(Value::as_array);
    let instance = instances.filter(|all| all.len() == 1).and_then(|all| all.first());
    let instance = instance.ok_or_else(|| wrong("instances", "needs to be a list of one"))?;
    let parameters = body.get("parameters").unwrap_or(&Value::Null);
    let (material, extends) = material(surface, model, instance)?;
    let prompt = text(instance, "prompt")?.unwrap_or_default().to_owned();
    if prompt.is_empty() && !material.has_image && !material.is_extension {
        return Err(wrong("prompt", "is missing"));
    }
    let (width, height, seconds) = measures(parameters, material)?;
    let samples = samples(surface, model, parameters)?;
    let (with_sound, storage_uri) = match surface {
        Surface::Developer => {
            refuse_vertex_only(body, parameters)?;
            (true, "")
        }
        Surface::Vertex => vertex_only(parameters)?,
    };
    people(surface, parameters, material)?;
    text(parameters, "negativePrompt")?;
    flag(parameters, "enhancePrompt")?;
    let duration_ms = u32::try_from(seconds * 1_000).unwrap_or(0);
    let film = Output::at_end(Media::Mp4 { width, height, duration_ms, with_sound });
    Ok(Order { prompt, outputs: vec![film; samples], storage_uri: storage_uri.to_owned(), extends })
}

/// What the instance holds, and the link of a video that is to go on.
fn material(surface: Surface, model: &str, instance: &Value) -> Result<(Material, String), Refusal> {
    let image = |name: &str| -> Result<bool, Refusal> {
        field(instance, name).map_or(Ok(false), |image| check_image(surface, name, image).map(|()| true))
    };
    let mut material = Material { has_image: image("image")?, has_last: image("lastFrame")?, ..Material::default() };
    if material.has_last && !material.has_image {
        return Err(wrong("lastFrame", "needs an image beside it"));
    }
    if surface == Surface::Developer && field(instance, "mask").is_some() {
        return Err(wrong("mask", "is not supported by this model"));
    }
    if let Some(references) = field(instance, "referenceImages") {
        let references = references.as_array().filter(|all| (1..=REFERENCES_MAX).contains(&all.len()));
        let references = references.ok_or_else(|| wrong("referenceImages", "needs to be a list of at most three"))?;
        if model.contains("-lite") {
            return Err(wrong("referenceImages", "is not known with this model"));
        }
        for reference in references {
            choice(reference, "referenceType", &["asset"])?;
            let image = field(reference, "image").ok_or_else(|| wrong("referenceImages.image", "is missing"))?;
            check_image(surface, "referenceImages.image", image)?;
        }
        material.has_references = true;
    }
    let Some(video) = field(instance, "video") else { return Ok((material, String::new())) };
    material.is_extension = true;
    let (link, bytes) = match surface {
        Surface::Developer => (text(video, "uri")?, text(video, "encodedVideo")?),
        Surface::Vertex => (text(video, "gcsUri")?, text(video, "bytesBase64Encoded")?),
    };
    match (link, bytes) {
        (Some(link), None) => Ok((material, link.to_owned())),
        (None, Some(bytes)) => {
            is_base64(bytes).then(|| (material, String::new())).ok_or_else(|| wrong("video", "is no base64"))
        }
        _ => Err(wrong("video", "needs either a link or bytes")),
    }
}

/// Bytes in base64 with their type; on Vertex `gs://` as well. No other link is taken.
fn check_image(surface: Surface, name: &str, image: &Value) -> Result<(), Refusal> {
    let gcs = field(image, "gcsUri").and_then(Value::as_str).filter(|_| surface == Surface::Vertex);
    match (text(image, "bytesBase64Encoded")?, gcs) {
        (Some(bytes), None) if is_base64(bytes) => {}
        (None, Some(link)) if link.starts_with("gs://") => {}
        _ => return Err(wrong(name, "needs bytesBase64Encoded")),
    }
    let kind = choice(image, "mimeType", &["image/png", "image/jpeg", "image/webp"])?;
    kind.map(drop).ok_or_else(|| wrong(&format!("{name}.mimeType"), "is missing"))
}

fn is_base64(text: &str) -> bool {
    STANDARD.decode(text).is_ok_and(|bytes| !bytes.is_empty())
}

/// Pixels across and down, and seconds.
fn measures(parameters: &Value, material: Material) -> Result<(u32, u32, i64), Refusal> {
    let resolution = choice(parameters, "resolution", &["720p", "1080p", "4k"])?.unwrap_or("720p");
    let aspect = choice(parameters, "aspectRatio", &["16:9", "9:16"])?.unwrap_or("16:9");
    let seconds = number(parameters, "durationSeconds")?.unwrap_or(LONGEST_S);
    if !DURATIONS_S.contains(&seconds) {
        return Err(wrong("durationSeconds", "needs to be 4, 6 or 8"));
    }
    if material.is_extension && resolution != "720p" {
        return Err(wrong("resolution", "needs to be 720p when a video goes on"));
    }
    let is_special = resolution != "720p" || material.has_last || material.has_references || material.is_extension;
    if is_special && seconds != LONGEST_S {
        return Err(wrong("durationSeconds", "needs to be 8 here"));
    }
    let (long, short) = match resolution {
        "1080p" => (1_920, 1_080),
        "4k" => (3_840, 2_160),
        _ => (1_280, 720),
    };
    Ok(if aspect == "9:16" { (short, long, seconds) } else { (long, short, seconds) })
}

fn samples(surface: Surface, model: &str, parameters: &Value) -> Result<usize, Refusal> {
    let most = if surface == Surface::Developer && model.contains("veo-3") { 1 } else { 4 };
    let samples = number(parameters, "sampleCount")?.unwrap_or(1);
    let samples = usize::try_from(samples).ok().filter(|samples| (1..=most).contains(samples));
    samples.ok_or_else(|| wrong("sampleCount", &format!("needs to be from 1 to {most}")))
}

/// Whether the video has sound, and where it is to be stored.
fn vertex_only(parameters: &Value) -> Result<(bool, &str), Refusal> {
    choice(parameters, "compressionQuality", &["optimized", "lossless"])?;
    choice(parameters, "resizeMode", &["pad", "crop"])?;
    text(parameters, "pubsubTopic")?;
    number(parameters, "fps")?;
    if number(parameters, "seed")?.is_some_and(|seed| !SEEDS.contains(&seed)) {
        return Err(wrong("seed", "needs to be an unsigned number of 32 bits"));
    }
    let storage_uri = text(parameters, "storageUri")?.unwrap_or_default();
    let bucket = storage_uri.strip_prefix("gs://").map(|rest| rest.split('/').next().unwrap_or_default());
    if !storage_uri.is_empty() && bucket.is_none_or(str::is_empty) {
        return Err(wrong("storageUri", "needs to begin with gs:// and a bucket"));
    }
    Ok((flag(parameters, "generateAudio")?.unwrap_or(true), storage_uri.trim_end_matches('/')))
}

fn refuse_vertex_only(body: &Value, parameters: &Value) -> Result<(), Refusal> {
    let given = VERTEX_ONLY.into_iter().find(|name| field(parameters, name).is_some());
    match given.or_else(|| field(body, "labels").map(|_| "labels")) {
        Some(name) => Err(wrong(name, "is not supported by this model")),
        None => Ok(()),
    }
}

/// Whom the video may show: with pictures only grown-ups (developer surface).
fn people(surface: Surface, parameters: &Value, material: Material) -> Result<(), Refusal> {
    let given = match surface {
        Surface::Developer => choice(parameters, "personGeneration", &["allow_all", "allow_adult"])?,
        Surface::Vertex => text(parameters, "personGeneration")?,
    };
    let has_pictures = material.has_image || material.has_references;
    if surface == Surface::Developer && has_pictures && given == Some("allow_all") {
        return Err(wrong("personGeneration", "needs to be allow_adult with pictures"));
    }
    Ok(())
}
