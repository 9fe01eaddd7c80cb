//! Request bodies in, orders out. Nothing is decoded, fetched or resolved.

use super::actions;
use crate::callback_url;
use crate::family::{Body, Input, Order};
use crate::fields::Fields;
use crate::inputs;
use crate::problem::Problem;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use task::{Kind, Spec, Speed, TaskId};

/// The most characters of a prompt.
pub const PROMPT_MAX_CHARS: usize = 8_192;
/// The most characters of the caller's `state`.
pub const STATE_MAX_CHARS: usize = 4_096;
/// The most reference pictures of an imagine.
pub const REFERENCES_MAX: usize = 10;
/// The most pictures of one `upload-discord-images`.
pub const UPLOADS_MAX: usize = 10;
/// The most ids of one `list-by-condition` (`contract/DECISIONS.md`).
pub const LIST_MAX_IDS: usize = 200;

/// How many pictures a blend takes (`contract/midjourney.md`).
const BLEND_COUNT: RangeInclusive<usize> = 2..=5;
/// The most characters of a `customId`.
const CUSTOM_ID_MAX_CHARS: usize = 512;
/// The most characters of a task id in a body; longer text is no id of anyone.
const ID_MAX_CHARS: usize = 128;

/// Raw fields travel to the dialect of this name only.
pub(super) const BAG: &str = "midjourney_proxy";
/// Within the bag, until the parent is known: which picture `change` means.
pub(super) const INDEX: &str = "index";

pub(super) const BOTS: &[&str] = &["MID_JOURNEY", "NIJI_JOURNEY"];
pub(super) const DIMENSIONS: &[&str] = &["PORTRAIT", "SQUARE", "LANDSCAPE"];

/// Fields that mean something on other routes: never passed on raw.
const RESERVED: &[&str] =
    &["taskId", "customId", "base64", "base64Array", "maskBase64", "content", "action", "index", "link"];

/// Reads a submission by its route's name.
pub(super) fn order(input: &Input<'_>) -> Result<Order, Problem> {
    let mut fields = Fields::of(input.body)?;
    let fields = &mut fields;
    let draft = match input.route.name {
        "imagine" => imagine(fields)?,
        "blend" => blend(fields)?,
        "describe" => describe(fields)?,
        "shorten" => shorten(fields)?,
        "action" => action(fields)?,
        "change" => change(fields)?,
        "simple-change" => simple_change(fields)?,
        "modal" => modal(fields)?,
        _ => return Err(Problem::no_route(&input.route.path)),
    };
    complete(draft, fields, speed_of(&input.route.path))
}

/// An order before the fields that all routes have in common; the parent is still text.
struct Draft {
    spec: Spec,
    action: &'static str,
    model: &'static str,
    parent: Option<String>,
}

impl Draft {
    fn new(kind: Kind, (action, model): actions::Action) -> Self {
        Self { spec: Spec::new(kind), action, model, parent: None }
    }

    fn keep_raw(&mut self, field: &str, value: impl Into<Value>) {
        self.spec.extras.entry(BAG.to_owned()).or_default().insert(field.to_owned(), value.into());
    }

    fn keep_word(
        &mut self,
        fields: &mut Fields<'_>,
        field: &'static str,
        words: &[&'static str],
    ) -> Result<(), Problem> {
        if let Some(word) = fields.word(field, words)? {
            self.keep_raw(field, word);
        }
        Ok(())
    }

    fn keep_flag(&mut self, fields: &mut Fields<'_>, field: &'static str) -> Result<(), Problem> {
        if let Some(flag) = fields.flag(field)? {
            self.keep_raw(field, flag);
        }
        Ok(())
    }
}

fn complete(mut draft: Draft, fields: &mut Fields<'_>, speed: Option<Speed>) -> Result<Order, Problem> {
    let external_id = fields.text("state", STATE_MAX_CHARS)?.map(str::to_owned);
    let callback_url = callback_url::read(fields)?;
    draft.keep_word(fields, "botType", BOTS)?;
    if let Some(filter) = fields.object("accountFilter")? {
        draft.keep_raw("accountFilter", filter.clone());
    }
    fields.drop_unread(RESERVED);
    let rest: Map<String, Value> = fields.rest()?;
    if !rest.is_empty() {
        draft.spec.extras.entry(BAG.to_owned()).or_default().extend(rest);
    }
    draft.spec.speed = speed;
    // Last of all, so that a broken body is told before a missing parent. Text that is no id of ours
    // names a task that does not exist.
    if let Some(parent) = &draft.parent {
        draft.spec.parent = Some(parent.parse::<TaskId>().map_err(|_| Problem::no_task().at("taskId"))?);
    }
    Ok(Order {
        only_child: draft.spec.kind == Kind::Modal,
        callback_url,
        external_id,
        ..Order::new(draft.spec, draft.action, draft.model)
    })
}

fn imagine(fields: &mut Fields<'_>) -> Result<Draft, Problem> {
    let mut draft = Draft::new(Kind::Image, ("IMAGINE", "mj_imagine"));
    fields.required_text("prompt", PROMPT_MAX_CHARS)?.clone_into(&mut draft.spec.prompt);
    // Empty items count too, as the schema counts them.
    check_count("base64Array", fields.array("base64Array")?.map_or(0, <[_]>::len), 0..=REFERENCES_MAX)?;
    let pictures = fields.texts("base64Array")?.unwrap_or_default();
    draft.spec.inputs = pictures_in(&pictures, "reference")?;
    Ok(draft)
}

fn blend(fields: &mut Fields<'_>) -> Result<Draft, Problem> {
    let mut draft = Draft::new(Kind::Blend, ("BLEND", "mj_blend"));
    let pictures = required_pictures(fields, BLEND_COUNT)?;
    draft.spec.inputs = pictures_in(&pictures, "blend")?;
    draft.keep_word(fields, "dimensions", DIMENSIONS)?;
    Ok(draft)
}

fn describe(fields: &mut Fields<'_>) -> Result<Draft, Problem> {
    let mut draft = Draft::new(Kind::Describe, ("DESCRIBE", "mj_describe"));
    let picture = fields.long_text("base64")?;
    // Some clients of this protocol send a URL in a field of its own.
    let link = fields.long_text("link")?;
    let (field, text) = match (picture, link) {
        (Some(text), _) => ("base64", text),
        (None, Some(text)) => ("link", text),
        (None, None) => return Err(Problem::invalid("base64", "base64 is required: a picture as base64 text")),
    };
    draft.spec.inputs = vec![inputs::input(field, "describe", text)?];
    Ok(draft)
}

fn shorten(fields: &mut Fields<'_>) -> Result<Draft, Problem> {
    let mut draft = Draft::new(Kind::Shorten, ("SHORTEN", "mj_shorten"));
    fields.required_text("prompt", PROMPT_MAX_CHARS)?.clone_into(&mut draft.spec.prompt);
    Ok(draft)
}

fn action(fields: &mut Fields<'_>) -> Result<Draft, Problem> {
    let parent = fields.required_text("taskId", ID_MAX_CHARS)?;
    let button = fields.required_text("customId", CUSTOM_ID_MAX_CHARS)?;
    let mut draft = Draft::new(Kind::FollowUp, actions::of_button(button));
    draft.parent = Some(parent.to_owned());
    draft.spec.button = Some(button.to_owned());
    draft.keep_flag(fields, "enableRemix")?;
    draft.keep_flag(fields, "strong")?;
    Ok(draft)
}

fn change(fields: &mut Fields<'_>) -> Result<Draft, Problem> {
    let parent = fields.required_text("taskId", ID_MAX_CHARS)?.to_owned();
    let expected =
        || Problem::invalid("action", format!("action is required: one of {}", actions::CHANGE_WORDS.join(", ")));
    let word = fields.word("action", actions::CHANGE_WORDS)?.ok_or_else(expected)?;
    let index = fields.integer("index", 1..=4)?;
    changed(parent, word, index, "index")
}

fn simple_change(fields: &mut Fields<'_>) -> Result<Draft, Problem> {
    const EXPECTED: &str = "content has to be a task id and U1–U4, V1–V4 or R, such as \"task_… U2\"";
    let refused = || Problem::invalid("content", EXPECTED);
    let content = fields.required_text("content", ID_MAX_CHARS + 8)?;
    let mut parts = content.split_whitespace();
    let (Some(parent), Some(wish), None) = (parts.next(), parts.next(), parts.next()) else { return Err(refused()) };
    let (word, index) = match wish.to_ascii_uppercase().as_bytes() {
        [b'U', digit @ b'1'..=b'4'] => ("UPSCALE", Some(i64::from(digit - b'0'))),
        [b'V', digit @ b'1'..=b'4'] => ("VARIATION", Some(i64::from(digit - b'0'))),
        [b'R'] => ("REROLL", None),
        _ => return Err(refused()),
    };
    changed(parent.to_owned(), word, index, "content")
}

fn changed(parent: String, word: &'static str, index: Option<i64>, field: &'static str) -> Result<Draft, Problem> {
    let mut draft = Draft::new(Kind::FollowUp, actions::of_change(word));
    draft.parent = Some(parent);
    match index {
        _ if word == "REROLL" => {}
        Some(index) => draft.keep_raw(INDEX, index),
        None => {
            return Err(Problem::invalid(field, format!("{field} is required with {word}: an integer from 1 to 4")));
        }
    }
    Ok(draft)
}

fn modal(fields: &mut Fields<'_>) -> Result<Draft, Problem> {
    let mut draft = Draft::new(Kind::Modal, ("MODAL", "mj_modal"));
    draft.parent = Some(fields.required_text("taskId", ID_MAX_CHARS)?.to_owned());
    if let Some(prompt) = fields.text("prompt", PROMPT_MAX_CHARS)? {
        prompt.clone_into(&mut draft.spec.prompt);
    }
    if let Some(mask) = fields.long_text("maskBase64")? {
        draft.spec.inputs = vec![inputs::input("maskBase64", "mask", mask)?];
    }
    Ok(draft)
}

/// The pictures of a route that is about them; an empty item is a mistake there.
fn required_pictures<'a>(fields: &mut Fields<'a>, range: RangeInclusive<usize>) -> Result<Vec<&'a str>, Problem> {
    const FIELD: &str = "base64Array";
    let items = fields.array(FIELD)?.map_or(0, <[Value]>::len);
    let pictures = fields.texts(FIELD)?.unwrap_or_default();
    check_count(FIELD, items, range)?;
    if pictures.len() < items {
        return Err(Problem::invalid(FIELD, format!("{FIELD} must not hold empty items")));
    }
    Ok(pictures)
}

fn pictures_in(texts: &[&str], role: &str) -> Result<Vec<task::Input>, Problem> {
    let field = |place: usize| format!("base64Array[{place}]");
    texts.iter().enumerate().map(|(place, text)| inputs::input(&field(place), role, text)).collect()
}

fn check_count(field: &str, count: usize, range: RangeInclusive<usize>) -> Result<(), Problem> {
    if range.contains(&count) {
        return Ok(());
    }
    let message = format!("{field} has to hold {} to {} pictures; it holds {count}", range.start(), range.end());
    Err(Problem::invalid(field, message))
}

/// The speed that a path's prefix asks for.
fn speed_of(path: &str) -> Option<Speed> {
    let prefix = path.strip_prefix("/mj-")?.split('/').next()?;
    match prefix {
        "relax" => Some(Speed::Relax),
        "fast" => Some(Speed::Fast),
        "turbo" => Some(Speed::Turbo),
        _ => None,
    }
}

/// The ids that a request names: in its path, or in `ids`, in the order asked and each once.
pub(super) fn ids(input: &Input<'_>) -> Result<Vec<String>, Problem> {
    if input.route.name == "list-by-condition" {
        return listed_ids(input.body);
    }
    let id = input.path("id").unwrap_or_default();
    // Pictures are often asked for with an extension, for the sake of `<img>`.
    let id = if input.route.name == "image" { id.split('.').next().unwrap_or_default() } else { id };
    Ok(vec![id.to_owned()])
}

fn listed_ids(body: &Body) -> Result<Vec<String>, Problem> {
    if *body == Body::Empty {
        return Ok(Vec::new());
    }
    let mut fields = Fields::of(body)?;
    let count = fields.array("ids")?.map_or(0, <[Value]>::len);
    if count > LIST_MAX_IDS {
        let message = format!("ids may hold at most {LIST_MAX_IDS} ids; it holds {count}");
        return Err(Problem::invalid("ids", message));
    }
    let mut ids: Vec<String> = Vec::with_capacity(count);
    for id in fields.texts("ids")?.unwrap_or_default() {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

/// The pictures of `upload-discord-images`.
pub(super) fn uploads(input: &Input<'_>) -> Result<Vec<String>, Problem> {
    let mut fields = Fields::of(input.body)?;
    let pictures = required_pictures(&mut fields, 1..=UPLOADS_MAX)?;
    for (place, picture) in pictures.iter().enumerate() {
        inputs::check_size(&format!("base64Array[{place}]"), picture)?;
    }
    Ok(pictures.into_iter().map(str::to_owned).collect())
}
