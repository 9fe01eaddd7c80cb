//! A task as the vendor tells it, in either generation and in callbacks: the fields have two sets of names.

use serde_json::{Map, Value};
use task::{Details, Output, Role, Source};

/// The longest id that is taken for one; the vendor uses about 20 digits.
const ID_MAX_CHARS: usize = 255;
/// The most outputs that are taken from one task.
const OUTPUTS_MAX: usize = 32;
/// Bills and the like, kept under the vendor's names.
const EXTRAS: &[&str] = &["final_unit_deduction", "final_balance_deduction", "billing"];

/// A task, read.
#[derive(Debug, Clone)]
pub(super) struct UpstreamTask {
    /// The vendor's id.
    pub id: String,
    /// The status word, in lower case; `""` when there is none.
    pub word: String,
    /// The vendor's line about it, `""` when none.
    pub text: String,
    /// The id that was sent along with the submission.
    pub external_id: Option<String>,
    /// Files, in order.
    pub outputs: Vec<Output>,
    /// What came beside them.
    pub details: Details,
}

/// Reads a task object; `None` when it has no id.
pub(super) fn read(object: &Map<String, Value>) -> Option<UpstreamTask> {
    let id = word_of(object.get("task_id")).or_else(|| word_of(object.get("id")))?;
    let text = |names: [&str; 2]| names.iter().find_map(|name| text_of(object.get(*name))).unwrap_or_default();
    let external_id = object.get("task_info").and_then(|info| text_of(info.get("external_task_id")));
    let extras = EXTRAS.iter().filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone())));
    Some(UpstreamTask {
        id,
        word: text(["task_status", "status"]).to_ascii_lowercase(),
        text: text(["task_status_msg", "message"]).to_owned(),
        external_id: external_id.or_else(|| text_of(object.get("external_id"))).map(str::to_owned),
        outputs: outputs(object),
        details: Details { extras: extras.filter(|(_, value)| !value.is_null()).collect(), ..Details::default() },
    })
}

/// An id: a string that is not blank, or a whole number.
pub(super) fn word_of(value: Option<&Value>) -> Option<String> {
    let word = match value? {
        Value::Number(number) if !number.is_f64() => number.to_string(),
        other => text_of(Some(other))?.to_owned(),
    };
    (word.chars().count() <= ID_MAX_CHARS).then_some(word)
}

fn text_of(value: Option<&Value>) -> Option<&str> {
    value?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// `task_result` of the legacy generation, or `outputs` of the new one.
fn outputs(object: &Map<String, Value>) -> Vec<Output> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let result = object.get("task_result");
    let films = list(result.and_then(|result| result.get("videos")));
    let mut pictures = list(result.and_then(|result| result.get("images")));
    // A stable sort: pictures without an index keep the order in which they came.
    pictures.sort_by_key(|picture| picture.get("index").and_then(Value::as_i64).unwrap_or(0));
    let legacy = films.iter().map(|film| (Role::Video, film)).chain(pictures.iter().map(|one| (Role::Image, one)));
    let listed = list(object.get("outputs"));
    let new = listed.iter().filter_map(|output| {
        let role = match output.get("type")?.as_str()? {
            "video" => Role::Video,
            "image" => Role::Image,
            "audio" => Role::Audio,
            _ => return None,
        };
        Some((role, output))
    });
    let named =
        legacy.chain(new).filter_map(|(role, file)| Some(Output::new(role, Source::Url(link(file)?.to_owned()))));
    named.take(OUTPUTS_MAX).collect()
}

/// The file without a watermark where there is one.
fn link(file: &Value) -> Option<&str> {
    let web =
        |name: &str| text_of(file.get(name)).filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    web("url").or_else(|| web("watermark_url"))
}
