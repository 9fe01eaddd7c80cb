//! Request bodies in, orders out. Nothing is decoded, fetched or resolved.

use crate::callback_url::{self, CALLBACK_URL_MAX_CHARS};
use crate::family::{Input, Order};
use crate::fields::Fields;
use crate::inputs;
use crate::problem::Problem;
use serde_json::{Map, Value};
use task::{Kind, Song, Spec};

/// The most characters of a description, of lyrics and of a lyrics' theme.
pub const PROMPT_MAX_CHARS: usize = 10_000;
/// The most ids of one batch fetch.
pub const LIST_MAX_IDS: usize = 200;

/// The most characters of style words.
pub(super) const TAGS_MAX_CHARS: usize = 2_000;
/// The most characters of a title.
pub(super) const TITLE_MAX_CHARS: usize = 500;
/// The most characters of a model version's name.
pub(super) const VERSION_MAX_CHARS: usize = 64;
/// The most characters of a clip id; vendors give UUIDs.
pub(super) const CLIP_MAX_CHARS: usize = 128;
/// The latest place at which a song can be continued, s.
pub(super) const CONTINUE_AT_MAX_S: f64 = 36_000.0;

/// The words that a path may end with, in any letter case.
const ACTIONS: [&str; 3] = ["music", "lyrics", "concat"];

/// Raw fields in snake case travel to the dialect of this name, which writes its own so.
const BAG: &str = "suno_api";
/// Raw fields in camel case travel to the dialect of this name, which writes its own so.
const CAMEL_BAG: &str = "sunoapi_org";

/// Ids that would name a caller's task where ours belong: never passed on raw.
const RESERVED: &[&str] = &["task_id", "clip_id", "continue_clip_id", "continue_at", "is_infill", "audio_url"];

/// Reads a submission: what it is stands in the path.
pub(super) fn order(input: &Input<'_>) -> Result<Order, Problem> {
    let word = input.path("action").unwrap_or(input.route.name);
    let action = ACTIONS.into_iter().find(|action| action.eq_ignore_ascii_case(word)).ok_or_else(invalid_action)?;
    let mut fields = Fields::of(input.body)?;
    let (spec, name, model) = match action {
        "lyrics" => (lyrics(&mut fields)?, "LYRICS", "suno_lyrics"),
        "concat" => (concat(&mut fields)?, "CONCAT", "suno_concat"),
        _ => (music(&mut fields)?, "MUSIC", "suno_music"),
    };
    let callback_url = callback(&mut fields)?;
    let clip = spec.song.as_ref().and_then(|song| song.clip.clone());
    let mut order = Order { callback_url, clip, ..Order::new(spec, name, model) };
    fields.drop_unread(RESERVED);
    keep_raw(&mut order.spec, fields.rest()?);
    Ok(order)
}

fn invalid_action() -> Problem {
    let message = format!("invalid_action: it has to be one of {}", ACTIONS.join(", "));
    Problem::refused("invalid_request", message).at("action")
}

fn music(fields: &mut Fields<'_>) -> Result<Spec, Problem> {
    let mut spec = Spec::new(Kind::Music);
    let description = text(fields, "gpt_description_prompt", PROMPT_MAX_CHARS)?;
    let song = Song {
        lyrics: text(fields, "prompt", PROMPT_MAX_CHARS)?,
        title: text(fields, "title", TITLE_MAX_CHARS)?,
        tags: text(fields, "tags", TAGS_MAX_CHARS)?,
        negative_tags: text(fields, "negative_tags", TAGS_MAX_CHARS)?,
        singer_style: text(fields, "singer_style", TAGS_MAX_CHARS)?,
        instrumental: fields.flag("make_instrumental")?.unwrap_or(false),
        version: text(fields, "mv", VERSION_MAX_CHARS)?,
        clip: text(fields, "continue_clip_id", CLIP_MAX_CHARS)?,
        continue_at_s: continue_at_s(fields)?,
        infill: false,
    };
    if let Some(sound) = fields.long_text("audio_url")? {
        spec.inputs.push(inputs::input("audio_url", "reference_audio", sound)?);
    }
    // `contract/DECISIONS.md`, Suno: what submit requires.
    let says_enough = description.is_some() || song.lyrics.is_some() || (song.instrumental && song.tags.is_some());
    if !says_enough {
        let message = "one of gpt_description_prompt, prompt, or make_instrumental with tags is required";
        return Err(Problem::invalid("prompt", message));
    }
    spec.prompt = description.unwrap_or_default();
    spec.song = Some(Box::new(song));
    Ok(spec)
}

fn lyrics(fields: &mut Fields<'_>) -> Result<Spec, Problem> {
    let mut spec = Spec::new(Kind::Lyrics);
    fields.required_text("prompt", PROMPT_MAX_CHARS)?.clone_into(&mut spec.prompt);
    Ok(spec)
}

fn concat(fields: &mut Fields<'_>) -> Result<Spec, Problem> {
    let mut spec = Spec::new(Kind::Concat);
    let clip = fields.required_text("clip_id", CLIP_MAX_CHARS)?.to_owned();
    let infill = fields.flag("is_infill")?.unwrap_or(false);
    spec.song = Some(Box::new(Song { clip: Some(clip), infill, ..Song::default() }));
    Ok(spec)
}

/// Text that holds more than white space.
fn text(fields: &mut Fields<'_>, name: &'static str, max_chars: usize) -> Result<Option<String>, Problem> {
    let text = fields.text(name, max_chars)?;
    Ok(text.filter(|text| !text.trim().is_empty()).map(str::to_owned))
}

fn continue_at_s(fields: &mut Fields<'_>) -> Result<Option<f64>, Problem> {
    const FIELD: &str = "continue_at";
    let number = match fields.value(FIELD) {
        None => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_f64(),
    };
    let within = number.filter(|seconds| (0.0..=CONTINUE_AT_MAX_S).contains(seconds));
    let refused =
        || Problem::invalid(FIELD, format!("{FIELD} has to be a number of seconds, 0 to {CONTINUE_AT_MAX_S}"));
    within.map(Some).ok_or_else(refused)
}

/// The two names that every family takes, then the one that clients of this protocol know.
fn callback(fields: &mut Fields<'_>) -> Result<Option<String>, Problem> {
    const FIELD: &str = "notify_hook";
    let usual = callback_url::read(fields)?;
    let known = fields.text(FIELD, CALLBACK_URL_MAX_CHARS)?;
    match (usual, known) {
        (Some(url), _) => Ok(Some(url)),
        (None, Some(url)) => callback_url::check_form(FIELD, url).map(|()| Some(url.to_owned())),
        (None, None) => Ok(None),
    }
}

/// Fields that this contract does not know go raw to the dialect that spells its own in the same way.
fn keep_raw(spec: &mut Spec, rest: Map<String, Value>) {
    for (name, value) in rest {
        let bag = if name.chars().any(char::is_uppercase) { CAMEL_BAG } else { BAG };
        spec.extras.entry(bag.to_owned()).or_default().insert(name, value);
    }
}

/// The ids that a request names: in its path, or in `ids`, in the order asked and each once.
pub(super) fn ids(input: &Input<'_>) -> Result<Vec<String>, Problem> {
    if input.route.name != "fetch-many" {
        return Ok(vec![input.path("id").unwrap_or_default().to_owned()]);
    }
    let mut fields = Fields::of(input.body)?;
    let items = fields.array("ids")?.ok_or_else(|| Problem::invalid("ids", "ids is required: an array of task ids"))?;
    if items.len() > LIST_MAX_IDS {
        let message = format!("ids may hold at most {LIST_MAX_IDS} ids; it holds {}", items.len());
        return Err(Problem::invalid("ids", message));
    }
    let mut ids: Vec<String> = Vec::with_capacity(items.len());
    for id in fields.texts("ids")?.unwrap_or_default() {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}
