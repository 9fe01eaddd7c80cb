//! Inputs as members of a body: a caller's URL as it stands, anything else as bare base64, without the `data:`
//! that this vendor does not take (`upstream/kling.md` section 2.2).

use super::NAME;
use super::endpoint::{is_frame, is_picture};
use crate::json_tree::JsonTree;
use crate::wire::Encoding;
use serde_json::{Map, Value};
use task::{Failure, FailureKind, Input, InputData, Spec};

/// How a file goes up that is no URL yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As bytes.
    Base64,
    /// As a link, where the vendor takes nothing else.
    Link,
}

/// The input at this place.
pub(super) fn file(position: usize, input: &Input, form: Form) -> JsonTree {
    match (&input.data, form) {
        (InputData::Url(url), _) => JsonTree::from(url.as_str()),
        (_, Form::Base64) => JsonTree::Input { position, encoding: Encoding::Base64 },
        (_, Form::Link) => JsonTree::Input { position, encoding: Encoding::Link },
    }
}

/// The first input of this role.
pub(super) fn first<'a>(spec: &'a Spec, role: &'a str) -> Option<(usize, &'a Input)> {
    spec.inputs_as(role).next()
}

/// Everything that is looked at, in order, with what its item said beside the file.
pub(super) fn pictures(spec: &Spec) -> Vec<(usize, &Input, Map<String, Value>)> {
    with_beside(spec, "image_list", is_picture)
}

/// Films to go by, in order, with what their items said beside the file.
pub(super) fn films(spec: &Spec) -> Vec<(usize, &Input, Map<String, Value>)> {
    with_beside(spec, "video_list", |input| input.role == "reference_video")
}

fn with_beside<'a>(
    spec: &'a Spec,
    list: &str,
    belongs: impl Fn(&Input) -> bool,
) -> Vec<(usize, &'a Input, Map<String, Value>)> {
    let beside = spec.extra(NAME, list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let inputs = spec.inputs.iter().enumerate().filter(|(_, input)| belongs(input));
    let item = |(place, (position, input)): (usize, (usize, &'a Input))| {
        let beside = beside.get(place).and_then(Value::as_object).cloned().unwrap_or_default();
        (position, input, beside)
    };
    inputs.enumerate().map(item).collect()
}

/// The vendor's word for a frame in a list; `None` for a picture to go by.
pub(super) fn frame_word(input: &Input, last: &'static str) -> Option<&'static str> {
    is_frame(input).then_some(if input.role == "last_frame" { last } else { "first_frame" })
}

/// Refuses inputs that could not be decoded, before anything is paid.
pub(super) fn check(spec: &Spec) -> Result<(), Failure> {
    let broken = spec.inputs.iter().find_map(|input| match &input.data {
        InputData::Broken(reason) => Some(reason.clone()),
        _ => None,
    });
    broken.map_or(Ok(()), |reason| Err(invalid(reason)))
}

/// Refuses more files than the path takes.
pub(super) fn check_count(count: usize, most: usize, what: &str) -> Result<(), Failure> {
    if count <= most {
        Ok(())
    } else {
        Err(invalid(format!("the upstream takes at most {most} {what}; {count} were given")))
    }
}

/// A request that can never work as it is.
pub(super) fn invalid(public: impl Into<String>) -> Failure {
    Failure::never(FailureKind::InvalidInput, public, "refused before it was sent")
}

/// A request that this channel can't put into its protocol, though another might.
pub(super) fn impossible(private: &str) -> Failure {
    Failure::elsewhere(FailureKind::Refused, "the upstream does not offer this", private)
}
