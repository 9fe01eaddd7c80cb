//! A submission as a request (`upstream/suno.md` section 1.2).

use super::NAME;
use super::options::{Flavour, Options};
use crate::dialect::Submission;
use crate::http_call::{bearer, post_json};
use crate::json_tree::JsonTree;
use crate::wire::{Encoding, Request};
use serde_json::Value;
use task::{Failure, FailureKind, InputData, Kind, Song, Spec};

/// The input that a song is made from.
const SOUND: &str = "reference_audio";

/// Fields that the submission itself decides. A caller's raw field of that name never goes up: it would
/// name the caller's task, clip or address where ours belong.
const OWNED: &[&str] = &[
    "prompt",
    "mv",
    "title",
    "tags",
    "negative_tags",
    "gpt_description_prompt",
    "make_instrumental",
    "continue_clip_id",
    "continue_at",
    "task_id",
    "clip_id",
    "is_infill",
    "singer_style",
    "audio_url",
    "notify_hook",
    "action",
    "ids",
];

/// The submission's only request, and the paid one.
pub(super) fn request(submission: &Submission<'_>) -> Result<Request, Failure> {
    let options = Options::read(submission.account.options);
    let spec = submission.spec;
    if let Some(InputData::Broken(reason)) = spec.inputs.iter().map(|input| &input.data).find(|data| is_broken(data)) {
        return Err(invalid(reason.clone()));
    }
    let mut body = JsonTree::object();
    let call = match (spec.kind, options.flavour) {
        (Kind::Music, _) => music(submission, &options, &mut body)?,
        (Kind::Lyrics, _) => lyrics(spec, &mut body)?,
        (Kind::Concat, Flavour::Extended) => concat(submission, &mut body)?,
        (kind, _) => return Err(impossible(kind.as_str())),
    };
    if options.flavour == Flavour::Extended
        && let Some(hook) = submission.hook_url
    {
        body.put("notify_hook", hook);
    }
    for (name, value) in raw_fields(spec) {
        body.put(name, value.clone());
    }
    let headers = bearer(submission.account.key);
    Ok(post_json(format!("/suno/submit/{call}"), headers, body.into_pieces(), true))
}

/// What is made otherwise than it was asked for, a sentence each.
pub(super) fn warnings(options: &Options<'_>, spec: &Spec) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(song) = spec.song.as_deref().filter(|_| spec.kind == Kind::Music) else { return warnings };
    let custom = [&song.lyrics, &song.title, &song.tags, &song.clip].into_iter().any(Option::is_some);
    if custom && !spec.prompt.is_empty() {
        warnings
            .push("the upstream makes a song from its description alone; words, title and style are not used".into());
    }
    if options.flavour == Flavour::Original && song.singer_style.is_some() {
        warnings.push("the upstream has no field for the singer; it was told among the words for the style".into());
    }
    if options.flavour == Flavour::Original && song.negative_tags.is_some() {
        warnings.push("the upstream can't keep away from styles; they were left out".into());
    }
    warnings
}

fn music(submission: &Submission<'_>, options: &Options<'_>, body: &mut JsonTree) -> Result<&'static str, Failure> {
    let spec = submission.spec;
    let untold = Song::default();
    let song = spec.song.as_deref().unwrap_or(&untold);
    let extended = options.flavour == Flavour::Extended;
    let says_enough = !spec.prompt.trim().is_empty() || song.lyrics.is_some() || song.tags.is_some();
    if !says_enough {
        return Err(invalid("a song takes a description, words or a style"));
    }
    let singer = song.singer_style.as_deref().filter(|_| !extended);
    if !spec.prompt.is_empty() {
        body.put("gpt_description_prompt", joined(Some(&spec.prompt), singer));
    }
    put(body, "prompt", song.lyrics.as_deref());
    put(body, "title", song.title.as_deref());
    if song.tags.is_some() || (singer.is_some() && spec.prompt.is_empty()) {
        body.put("tags", joined(song.tags.as_deref(), singer));
    }
    put(body, "mv", song.version.as_deref().or(options.version));
    body.put("make_instrumental", song.instrumental);
    if extended {
        put(body, "negative_tags", song.negative_tags.as_deref());
        put(body, "singer_style", song.singer_style.as_deref());
    }
    if let Some(clip) = &song.clip {
        body.put("continue_clip_id", clip.as_str());
        if let Some(seconds) = song.continue_at_s {
            body.put("continue_at", seconds);
        }
        put_owner(submission, body);
    }
    if let Some((position, _)) = spec.inputs_as(SOUND).next() {
        if !extended {
            return Err(impossible("a song from a sound"));
        }
        body.put("audio_url", JsonTree::Input { position, encoding: Encoding::Link });
    }
    Ok("music")
}

fn lyrics(spec: &Spec, body: &mut JsonTree) -> Result<&'static str, Failure> {
    if spec.prompt.trim().is_empty() {
        return Err(invalid("lyrics take a theme"));
    }
    body.put("prompt", spec.prompt.as_str());
    Ok("lyrics")
}

fn concat(submission: &Submission<'_>, body: &mut JsonTree) -> Result<&'static str, Failure> {
    let song = submission.spec.song.as_deref();
    let Some(clip) = song.and_then(|song| song.clip.as_deref()) else {
        return Err(invalid("no clip was named"));
    };
    body.put("clip_id", clip);
    body.put("is_infill", song.is_some_and(|song| song.infill));
    put_owner(submission, body);
    Ok("concat")
}

/// The upstream's task that owns the clip: it picks the account by it. Known only of the caller's own clips.
fn put_owner(submission: &Submission<'_>, body: &mut JsonTree) {
    if let Some(parent) = submission.parent {
        body.put("task_id", parent.operation.id.as_str());
    }
}

fn put(body: &mut JsonTree, name: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        body.put(name, text);
    }
}

fn joined(text: Option<&str>, more: Option<&str>) -> String {
    [text, more].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Raw fields that may go up. `null` and `""` count as absent (`contract/DECISIONS.md`, request tolerance).
fn raw_fields(spec: &Spec) -> impl Iterator<Item = (&str, &Value)> {
    let bag = spec.extras.get(NAME).into_iter().flatten();
    bag.map(|(name, value)| (name.as_str(), value))
        .filter(|(name, value)| !OWNED.contains(name) && !value.is_null() && value.as_str() != Some(""))
}

fn is_broken(data: &InputData) -> bool {
    matches!(data, InputData::Broken(_))
}

fn impossible(what: &str) -> Failure {
    let public = format!("the upstream can't make {what}");
    Failure::elsewhere(FailureKind::Refused, public, "the channel's flavour has no such call")
}

fn invalid(public: impl Into<String>) -> Failure {
    Failure::never(FailureKind::InvalidInput, public, "refused before it was sent")
}
