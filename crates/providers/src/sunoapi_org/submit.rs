//! A submission as a request (section 2.2).

use super::options::Options;
use super::song::{self, Text, Wish};
use super::{NAME, NO_CALLBACK_URL};
use crate::dialect::Submission;
use crate::http_call::{bearer, post_json};
use crate::json_tree::JsonTree;
use crate::wire::{Encoding, Request};
use serde_json::Value;
use task::{Failure, FailureKind, InputData, Kind, Song, Spec};

/// The input that a song is made from.
const SOUND: &str = "reference_audio";

/// Raw fields that go up as they are: the vendor's own, which nothing else decides (section 2.2).
const RAW: &[&str] =
    &["vocalGender", "styleWeight", "weirdnessConstraint", "audioWeight", "personaId", "personaModel", "negativeTags"];

/// The submission's only request, and the paid one.
pub(super) fn request(submission: &Submission<'_>) -> Result<Request, Failure> {
    let options = Options::read(submission.account.options);
    let spec = submission.spec;
    if let Some(reason) = spec.inputs.iter().find_map(|input| broken(&input.data)) {
        return Err(invalid(reason));
    }
    let mut body = JsonTree::object();
    let path = match spec.kind {
        Kind::Music => music(submission, &options, &mut body)?,
        Kind::Lyrics => lyrics(spec, &mut body)?,
        kind => return Err(impossible(kind.as_str())),
    };
    body.put("callBackUrl", submission.hook_url.or(options.callback_url).unwrap_or(NO_CALLBACK_URL));
    Ok(post_json(path, bearer(submission.account.key), body.into_pieces(), true))
}

/// What is made otherwise than it was asked for, a sentence each.
pub(super) fn fitted(options: &Options<'_>, upstream_model: &str, spec: &Spec) -> Vec<String> {
    if spec.kind != Kind::Music {
        return Vec::new();
    }
    let wish = song::wish(options, upstream_model, spec, None, continues(spec));
    wish.map(|wish| wish.fitted).unwrap_or_default()
}

/// What became clear only with the parent, a sentence each.
pub(super) fn fitted_to_parent(submission: &Submission<'_>) -> Vec<String> {
    let spec = submission.spec;
    if spec.kind != Kind::Music {
        return Vec::new();
    }
    let options = Options::read(submission.account.options);
    let wish = song::wish(&options, submission.upstream_model, spec, submission.parent, continues(spec));
    wish.map(|wish| wish.fitted_to_parent).unwrap_or_default()
}

/// Whether a song goes on from something: a clip, or a place in a sound.
fn continues(spec: &Spec) -> bool {
    let song = spec.song.as_deref();
    let from_place = song.is_some_and(|song| song.continue_at_s.is_some());
    song.is_some_and(|song| song.clip.is_some()) || (from_place && spec.inputs_as(SOUND).next().is_some())
}

fn music(submission: &Submission<'_>, options: &Options<'_>, body: &mut JsonTree) -> Result<&'static str, Failure> {
    let spec = submission.spec;
    let untold = Song::default();
    let song = spec.song.as_deref().unwrap_or(&untold);
    let wish = song::wish(options, submission.upstream_model, spec, submission.parent, continues(spec));
    let wish = wish.ok_or_else(|| invalid("a song takes a description, words or a style"))?;
    body.put("model", wish.version.name);
    put_raw(spec, song, body);
    if song.clip.is_some() {
        return Ok(extend(submission, song, &wish, body));
    }
    let Some((position, _)) = spec.inputs_as(SOUND).next() else {
        body.put("customMode", matches!(wish.text, Text::Own { .. })).put("instrumental", wish.instrumental);
        put_text(&wish.text, body);
        return Ok("/api/v1/generate");
    };
    body.put("uploadUrl", JsonTree::Input { position, encoding: Encoding::Link });
    body.put("instrumental", wish.instrumental);
    put_text(&wish.text, body);
    let own = matches!(wish.text, Text::Own { .. });
    match song.continue_at_s {
        Some(seconds) => {
            body.put("defaultParamFlag", own).put("continueAt", number(seconds));
            Ok("/api/v1/generate/upload-extend")
        }
        None => {
            body.put("customMode", own);
            Ok("/api/v1/generate/upload-cover")
        }
    }
}

/// With a place to begin, the caller's own texts; without one, the vendor goes on from the end with those of
/// the source.
fn extend(submission: &Submission<'_>, song: &Song, wish: &Wish, body: &mut JsonTree) -> &'static str {
    body.put("audioId", song.clip.as_deref().unwrap_or_default());
    let end_s = || song::source_clip(song, submission.parent)?.duration_s;
    let from_s = song.continue_at_s.or_else(end_s).filter(|_| matches!(wish.text, Text::Own { .. }));
    body.put("defaultParamFlag", from_s.is_some());
    if let Some(seconds) = from_s {
        body.put("continueAt", number(seconds));
        put_text(&wish.text, body);
    }
    "/api/v1/generate/extend"
}

fn put_text(text: &Text, body: &mut JsonTree) {
    match text {
        Text::Description(text) => {
            body.put("prompt", text.as_str());
        }
        Text::Own { words, style, title } => {
            if let Some(words) = words {
                body.put("prompt", words.as_str());
            }
            body.put("style", style.as_str()).put("title", title.as_str());
        }
    }
}

fn put_raw(spec: &Spec, song: &Song, body: &mut JsonTree) {
    if let Some(tags) = &song.negative_tags {
        body.put("negativeTags", tags.as_str());
    }
    for name in RAW {
        let value = spec.extra(NAME, name).filter(|value| !value.is_null() && value.as_str() != Some(""));
        if let Some(value) = value.filter(|_| !body.has(name)) {
            body.put(name, value.clone());
        }
    }
}

fn lyrics(spec: &Spec, body: &mut JsonTree) -> Result<&'static str, Failure> {
    if spec.prompt.trim().is_empty() {
        return Err(invalid("lyrics take a theme"));
    }
    body.put("prompt", spec.prompt.as_str());
    Ok("/api/v1/lyrics")
}

/// Whole seconds as an integer.
fn number(seconds: f64) -> Value {
    if seconds.fract() == 0.0 && seconds.abs() < 1e9 { Value::from(seconds as i64) } else { Value::from(seconds) }
}

fn broken(data: &InputData) -> Option<String> {
    match data {
        InputData::Broken(reason) => Some(reason.clone()),
        _ => None,
    }
}

fn impossible(what: &str) -> Failure {
    let public = format!("the upstream can't make {what}");
    Failure::elsewhere(FailureKind::Refused, public, "this protocol has no such call")
}

fn invalid(public: impl Into<String>) -> Failure {
    Failure::never(FailureKind::InvalidInput, public, "refused before it was sent")
}
