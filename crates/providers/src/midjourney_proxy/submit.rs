//! A submission as a request (`upstream/midjourney.md` section 2).

use super::options::{Flavour, Options};
use super::{NAME, buttons, request};
use crate::dialect::{Parent, Submission};
use crate::json_tree::JsonTree;
use crate::wire::{Encoding, Request};
use serde_json::{Map, Value};
use task::{Failure, FailureKind, InputData, Kind, Spec, Speed};

/// The longest `notifyHook` that `trueai` takes.
const HOOK_MAX_CHARS: usize = 2_000;

/// How many pictures a blend takes.
const BLEND_INPUTS: std::ops::RangeInclusive<usize> = 2..=5;

/// Fields that the submission itself decides. A caller's raw field of that name never goes up: it
/// would name the caller's task, address or text where ours belong.
const OWNED: &[&str] = &[
    "prompt",
    "state",
    "notifyHook",
    "taskId",
    "customId",
    "content",
    "action",
    "index",
    "base64",
    "base64Array",
    "maskBase64",
    "link",
];

/// Fields that only `trueai` knows.
const TRUEAI_ONLY: &[&str] = &["botType", "accountFilter", "enableRemix", "strong", "language"];

/// The submission's only request, and the paid one.
pub(super) fn request(submission: &Submission<'_>) -> Result<Request, Failure> {
    let options = Options::read(submission.account.options);
    let spec = submission.spec;
    check(submission)?;
    let mut body = JsonTree::object();
    let call = match spec.kind {
        Kind::Image => imagine(spec, &mut body)?,
        Kind::Blend => blend(spec, &mut body)?,
        Kind::Describe => describe(spec, &mut body)?,
        Kind::Shorten if options.flavour == Flavour::TrueAi => shorten(spec, &mut body)?,
        Kind::FollowUp => follow_up(spec, parent(submission)?, options.flavour, &mut body)?,
        Kind::Modal if options.flavour == Flavour::TrueAi => modal(spec, parent(submission)?, &mut body),
        _ => return Err(impossible(spec.kind)),
    };
    common_fields(submission, options, &mut body);
    let path = format!("{}/submit/{call}", prefix(spec.speed, options));
    Ok(request::post(submission.account, path, body.into_pieces(), true))
}

/// What was asked for and could not be put in this flavour of the protocol, a sentence each.
pub(super) fn warnings(submission: &Submission<'_>) -> Vec<String> {
    let options = Options::read(submission.account.options);
    let mut warnings: Vec<String> = Vec::new();
    if options.flavour == Flavour::NoviceZk {
        if submission.spec.speed.is_some() {
            warnings.push("the upstream has no speed modes; speed was left out".to_owned());
        }
        for (name, _) in raw_fields(submission.spec).filter(|(name, _)| TRUEAI_ONLY.contains(name)) {
            warnings.push(format!("the upstream does not know {name}; it was left out"));
        }
    }
    warnings
}

fn check(submission: &Submission<'_>) -> Result<(), Failure> {
    for input in &submission.spec.inputs {
        if let InputData::Broken(reason) = &input.data {
            return Err(invalid(reason.clone()));
        }
    }
    if request::secret_value(submission.account.key).is_none() {
        let private = "the channel's key can't be sent in a header";
        return Err(Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private));
    }
    Ok(())
}

fn imagine(spec: &Spec, body: &mut JsonTree) -> Result<&'static str, Failure> {
    body.put("prompt", prompt(spec)?);
    if !spec.inputs.is_empty() {
        body.put("base64Array", JsonTree::Array((0..spec.inputs.len()).map(data_uri).collect()));
    }
    Ok("imagine")
}

fn blend(spec: &Spec, body: &mut JsonTree) -> Result<&'static str, Failure> {
    if !BLEND_INPUTS.contains(&spec.inputs.len()) {
        return Err(invalid(format!("a blend takes 2 to 5 pictures, not {}", spec.inputs.len())));
    }
    body.put("base64Array", JsonTree::Array((0..spec.inputs.len()).map(data_uri).collect()));
    Ok("blend")
}

fn data_uri(position: usize) -> JsonTree {
    JsonTree::Input { position, encoding: Encoding::DataUri }
}

fn describe(spec: &Spec, body: &mut JsonTree) -> Result<&'static str, Failure> {
    if spec.inputs.is_empty() {
        return Err(invalid("describe takes a picture"));
    }
    body.put("base64", data_uri(0));
    Ok("describe")
}

fn shorten(spec: &Spec, body: &mut JsonTree) -> Result<&'static str, Failure> {
    body.put("prompt", prompt(spec)?);
    Ok("shorten")
}

fn follow_up(spec: &Spec, parent: Parent<'_>, flavour: Flavour, body: &mut JsonTree) -> Result<&'static str, Failure> {
    let Some(button) = spec.button.as_deref().filter(|button| !button.is_empty()) else {
        return Err(invalid("no button was named"));
    };
    body.put("taskId", parent.operation.id.as_str());
    if flavour == Flavour::TrueAi {
        body.put("customId", button);
        return Ok("action");
    }
    let Some(change) = buttons::pressed(button) else {
        return Err(invalid("the upstream knows only upscale, variation and reroll"));
    };
    body.put("action", change.action);
    if let Some(index) = change.index {
        body.put("index", index);
    }
    Ok("change")
}

fn modal(spec: &Spec, parent: Parent<'_>, body: &mut JsonTree) -> &'static str {
    body.put("taskId", parent.operation.id.as_str());
    if !spec.prompt.is_empty() {
        body.put("prompt", spec.prompt.as_str());
    }
    if !spec.inputs.is_empty() {
        body.put("maskBase64", data_uri(0));
    }
    "modal"
}

fn common_fields(submission: &Submission<'_>, options: Options, body: &mut JsonTree) {
    body.put("state", submission.client.to_string());
    if let Some(hook) = submission.hook_url.filter(|url| url.chars().count() <= HOOK_MAX_CHARS) {
        body.put("notifyHook", hook);
    }
    let novicezk = options.flavour == Flavour::NoviceZk;
    if let Some(filter) = account_filter(submission.spec, options) {
        body.put("accountFilter", filter);
    }
    for (name, value) in raw_fields(submission.spec) {
        let unknown = novicezk && TRUEAI_ONLY.contains(&name);
        if !unknown && !body.has(name) {
            body.put(name, value.clone());
        }
    }
}

/// The caller's own filter with the speed written into it, when speeds do not go by path.
fn account_filter(spec: &Spec, options: Options) -> Option<Value> {
    if options.flavour == Flavour::NoviceZk || options.speed_prefixes {
        return None;
    }
    let mode = match spec.speed? {
        Speed::Relax => "RELAX",
        Speed::Fast => "FAST",
        Speed::Turbo => "TURBO",
    };
    let mut filter: Map<String, Value> =
        spec.extra(NAME, "accountFilter").and_then(Value::as_object).cloned().unwrap_or_default();
    filter.insert("modes".to_owned(), Value::from(vec![mode]));
    Some(Value::Object(filter))
}

/// Raw fields that may go up. `null` and `""` count as absent (`contract/DECISIONS.md`, request
/// tolerance).
fn raw_fields(spec: &Spec) -> impl Iterator<Item = (&str, &Value)> {
    let bag = spec.extras.get(NAME).into_iter().flatten();
    bag.map(|(name, value)| (name.as_str(), value))
        .filter(|(name, value)| !OWNED.contains(name) && !value.is_null() && value.as_str() != Some(""))
}

fn prefix(speed: Option<Speed>, options: Options) -> &'static str {
    if options.flavour == Flavour::NoviceZk || !options.speed_prefixes {
        return "/mj";
    }
    match speed {
        None => "/mj",
        Some(Speed::Relax) => "/mj-relax/mj",
        Some(Speed::Fast) => "/mj-fast/mj",
        Some(Speed::Turbo) => "/mj-turbo/mj",
    }
}

fn prompt(spec: &Spec) -> Result<&str, Failure> {
    if spec.prompt.trim().is_empty() { Err(invalid("prompt is empty")) } else { Ok(&spec.prompt) }
}

fn parent<'a>(submission: &Submission<'a>) -> Result<Parent<'a>, Failure> {
    submission.parent.ok_or_else(|| invalid("the task that this one follows up is not known upstream"))
}

fn impossible(kind: Kind) -> Failure {
    let public = format!("the upstream can't do {}", kind.as_str());
    Failure::elsewhere(FailureKind::Refused, public, "the channel's flavour has no such call")
}

fn invalid(public: impl Into<String>) -> Failure {
    Failure::never(FailureKind::InvalidInput, public, "refused before it was sent")
}
