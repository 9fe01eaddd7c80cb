//! `content` as an array (`contract/seedance.md`, request parameters).
//!
//! Every file of it becomes an input, in order, and leaves `null` where its URL stood, so that the
//! array goes into the bag without the files: the n-th such `null` belongs to the n-th input. An
//! `asset://` id names a file that the vendor has already, so it stays where it is.

use crate::fields::check_text;
use crate::inputs;
use crate::problem::Problem;
use serde_json::{Map, Value};
use task::{Input, TaskId};

/// The most items of one submission.
pub const ITEMS_MAX: usize = 64;
/// The most characters of one text.
pub const TEXT_MAX_CHARS: usize = 8_192;
/// The most characters of an id or an `asset://` address.
const ID_MAX_CHARS: usize = 512;

/// Where a draft's id stands.
pub(super) const DRAFT_FIELD: &str = "content[].draft_task.id";

/// The types of an item.
pub(super) const TYPES: [&str; 5] = ["text", "image_url", "video_url", "audio_url", "draft_task"];
/// What a picture may be for.
pub(super) const IMAGE_ROLES: &[&str] = &["first_frame", "last_frame", "reference_image"];
/// How many files of each sort there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Pictures.
    pub images: usize,
    /// Films.
    pub videos: usize,
    /// Sound files.
    pub audios: usize,
}

impl Counts {
    /// All of them.
    pub(super) fn files(self) -> usize {
        self.images + self.videos + self.audios
    }
}

/// The array, read.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// The texts, a line each.
    pub text: String,
    /// The files, in order.
    pub inputs: Vec<Input>,
    /// How many files there are, those named by `asset://` too.
    pub counts: Counts,
    /// The draft to go on from.
    pub draft: Option<TaskId>,
    /// The array without its files.
    pub items: Vec<Value>,
}

/// Reads the items. `null` items are absent.
pub(super) fn read(items: &[Value]) -> Result<Content, Problem> {
    if items.len() > ITEMS_MAX {
        return Err(Problem::invalid("content", format!("content may hold at most {ITEMS_MAX} items")));
    }
    let mut content = Content::default();
    for (place, value) in items.iter().enumerate().filter(|(_, value)| !value.is_null()) {
        let item = Item::of(place, value)?;
        let kept = match item.kind {
            "text" => content.add_text(&item)?,
            "draft_task" => content.add_draft(&item)?,
            _ => content.add_file(&item)?,
        };
        content.items.push(Value::Object(kept));
    }
    if content.items.is_empty() {
        let message = "content is empty; it has to hold at least one item, such as {\"type\":\"text\",\"text\":\"…\"}";
        return Err(Problem::invalid("content", message));
    }
    name_plain_pictures(&mut content.inputs);
    Ok(content)
}

/// A picture without a role is where the film begins; several are to go by.
fn name_plain_pictures(inputs: &mut [Input]) {
    let plain = inputs.iter().filter(|input| input.role.is_empty()).count();
    let role = if plain == 1 { "first_frame" } else { "reference_image" };
    for input in inputs.iter_mut().filter(|input| input.role.is_empty()) {
        role.clone_into(&mut input.role);
    }
}

struct Item<'a> {
    /// `content[2]`, for messages.
    name: String,
    kind: &'static str,
    object: &'a Map<String, Value>,
}

impl<'a> Item<'a> {
    fn of(place: usize, value: &'a Value) -> Result<Self, Problem> {
        let name = format!("content[{place}]");
        let object = value.as_object();
        let object =
            object.ok_or_else(|| Problem::invalid(&name, format!("{name} has to be an object with a type")))?;
        let field = format!("{name}.type");
        let word = object.get("type").and_then(Value::as_str).unwrap_or_default();
        let kind = TYPES.into_iter().find(|kind| *kind == word);
        let refused = || Problem::invalid(&field, format!("{field} has to be one of {}", TYPES.join(", ")));
        Ok(Self { kind: kind.ok_or_else(refused)?, name, object })
    }

    fn field(&self, path: &str) -> String {
        format!("{}.{path}", self.name)
    }

    fn given(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// The role that the item names; `""` where it names none and there is a choice.
    fn role(&self) -> Result<&'static str, Problem> {
        let (accepted, usual): (&[&'static str], _) = match self.kind {
            "video_url" => (&["reference_video"], "reference_video"),
            "audio_url" => (&["reference_audio"], "reference_audio"),
            _ => (IMAGE_ROLES, ""),
        };
        let field = self.field("role");
        let refused = || Problem::invalid(&field, format!("{field} has to be one of {}", accepted.join(", ")));
        match self.given("role") {
            None => Ok(usual),
            Some(Value::String(word)) if word.is_empty() => Ok(usual),
            Some(Value::String(word)) => accepted.iter().find(|role| *role == word).copied().ok_or_else(refused),
            Some(_) => Err(refused()),
        }
    }

    /// The text of `<kind>.<field>`, or of `<kind>` itself.
    fn inner(&self, inner: &str) -> Result<&'a str, Problem> {
        let field = self.field(&format!("{}.{inner}", self.kind));
        let value = self.given(self.kind);
        let value = if let Some(Value::Object(object)) = value { object.get(inner) } else { value };
        match value {
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
            _ => Err(Problem::invalid(&field, format!("{field} is required with type {}: a string", self.kind))),
        }
    }

    /// The item with `value` where `<kind>.<field>` stood.
    fn with(&self, inner: &str, value: Value) -> Map<String, Value> {
        let keep = |object: &Map<String, Value>, without: &str| -> Map<String, Value> {
            let kept = object.iter().filter(|(name, value)| *name != without && !value.is_null());
            kept.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let inside = self.given(self.kind).and_then(Value::as_object);
        let mut inside = inside.map(|object| keep(object, inner)).unwrap_or_default();
        inside.insert(inner.to_owned(), value);
        let mut kept = keep(self.object, self.kind);
        kept.insert(self.kind.to_owned(), Value::Object(inside));
        kept
    }
}

impl Content {
    fn add_text(&mut self, item: &Item<'_>) -> Result<Map<String, Value>, Problem> {
        let field = item.field("text");
        let text = item.given("text").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let text =
            text.ok_or_else(|| Problem::invalid(&field, format!("{field} is required with type text: a string")))?;
        check_text(&field, text, TEXT_MAX_CHARS)?;
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        Ok(item.object.clone())
    }

    fn add_draft(&mut self, item: &Item<'_>) -> Result<Map<String, Value>, Problem> {
        let field = item.field("draft_task.id");
        let text = item.inner("id")?;
        check_text(&field, text, ID_MAX_CHARS)?;
        if self.draft.is_some() {
            return Err(Problem::invalid(&field, "content may name one draft"));
        }
        // Text that is no id of ours names a task that does not exist.
        self.draft = Some(text.trim().parse().map_err(|_| Problem::no_task().at(field))?);
        Ok(item.with("id", Value::Null))
    }

    fn add_file(&mut self, item: &Item<'_>) -> Result<Map<String, Value>, Problem> {
        let role = item.role()?;
        let field = item.field(&format!("{}.url", item.kind));
        let url = item.inner("url")?;
        match item.kind {
            "image_url" => self.counts.images += 1,
            "video_url" => self.counts.videos += 1,
            _ => self.counts.audios += 1,
        }
        if url.starts_with("asset://") {
            check_text(&field, url, ID_MAX_CHARS)?;
            return Ok(item.with("url", Value::from(url)));
        }
        self.inputs.push(inputs::input(&field, role, url)?);
        Ok(item.with("url", Value::Null))
    }
}
