//! The submission that the general film routes share (`/v1/videos`, `/v1/video/create`,
//! `/v1/video/generations`): JSON or a form, one set of fields (`contract/openai-video.md`,
//! `contract/unified-video.md`, `contract/DECISIONS.md`, Unified / Veo / Sora / alias, OpenAI video).

use crate::callback_url;
use crate::family::{Body, Order};
use crate::field_schema;
use crate::fields::{Fields, check_text};
use crate::form::{self, Form};
use crate::inputs;
use crate::problem::Problem;
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;
use task::{Input, InputData, Kind, Shot, Size, Spec};

/// The most characters of a prompt (`upstream/sora.md`, section 2).
pub const PROMPT_MAX_CHARS: usize = 32_000;
/// The most characters of a model's name.
pub const MODEL_MAX_CHARS: usize = 200;
/// Lengths that are taken, s; the vendor's own are fewer.
pub const SECONDS: RangeInclusive<i64> = 1..=60;
/// The most pictures of one list, empty items counted; `image_url` and a reference may come beside it.
pub const IMAGES_MAX: usize = 10;
/// The most shots of a storyboard.
pub const SHOTS_MAX: usize = 50;
/// The most pixels along one side.
const SIDE_MAX: i64 = 8_192;
/// Named resolutions, in lower case.
const RESOLUTIONS: [&str; 6] = ["480p", "720p", "768p", "1080p", "2k", "4k"];
/// Pixels or a named resolution, as a pattern's inside.
const MEASURE: &str = "[1-7][0-9]{2,3}[xX*][1-7][0-9]{2,3}|480[pP]|720[pP]|768[pP]|1080[pP]|2[kK]|4[kK]";
/// Raw fields travel to the dialect of this name only.
const BAG: &str = "openai_videos";

/// Reads a submission; `default_model` stands in for a missing name where the route has one.
pub fn read(body: &Body, default_model: Option<&str>) -> Result<Order, Problem> {
    let Form { object, files } = form::read(body)?;
    let mut fields = Fields::new(&object);
    let fields = &mut fields;
    let model = fields.text("model", MODEL_MAX_CHARS)?.or(default_model);
    let missing = || Problem::refused("missing_model", "model is required: the name of a model").at("model");
    let model = model.ok_or_else(missing)?.to_owned();
    let mut spec = Spec::new(Kind::Video);
    spec.shots = shots(fields)?;
    spec.prompt = match fields.text("prompt", PROMPT_MAX_CHARS)?.filter(|text| !text.trim().is_empty()) {
        Some(text) => text.to_owned(),
        None if !spec.shots.is_empty() => String::new(),
        None => return Err(Problem::invalid("prompt", "prompt is required: a text that says what is to be seen")),
    };
    measures(fields, &mut spec)?;
    spec.negative_prompt = fields.text("negative_prompt", PROMPT_MAX_CHARS)?.map(str::to_owned);
    spec.seed = fields.integer("seed", 0..=i64::from(u32::MAX))?;
    spec.sound = fields.flag("generate_audio")?;
    spec.inputs = pictures(fields, files)?;
    let callback_url = callback_url::read(fields)?;
    let mut bag = Map::new();
    if let Some(private) = fields.flag("private")? {
        bag.insert("private".into(), json!(private));
    }
    bag.extend(fields.rest()?);
    if !bag.is_empty() {
        spec.extras.insert(BAG.to_owned(), bag);
    }
    Ok(Order { callback_url, ..Order::new(spec, "generate", model) })
}

/// Length, size and shape.
fn measures(fields: &mut Fields<'_>, spec: &mut Spec) -> Result<(), Problem> {
    let duration = fields.integer("duration", SECONDS)?;
    let seconds = fields.integer("seconds", SECONDS)?;
    let of_shots = || spec.shots.iter().map(|shot| shot.seconds).sum::<Option<f64>>().filter(|sum| *sum > 0.0);
    spec.seconds = duration.or(seconds).map(|whole| whole as f64).or_else(of_shots);
    spec.aspect_ratio = fields.text("aspect_ratio", 16)?.map(ratio).transpose()?;
    let size = fields.text("size", 16)?;
    let resolution = fields.text("resolution", 16)?;
    for text in [size, resolution].into_iter().flatten() {
        let field = if size == Some(text) { "size" } else { "resolution" };
        match (pixels(text), RESOLUTIONS.iter().find(|name| name.eq_ignore_ascii_case(text))) {
            (Some(size), _) => spec.size = Some(size),
            (None, Some(name)) => spec.resolution = Some((*name).to_owned()),
            (None, None) => {
                let message =
                    format!("{field} has to be pixels such as 1280x720, or one of {}", RESOLUTIONS.join(", "));
                return Err(Problem::invalid(field, message));
            }
        }
    }
    if spec.size.is_some() {
        // Pixels say more than a shape.
        spec.aspect_ratio = None;
    }
    Ok(())
}

fn ratio(text: &str) -> Result<String, Problem> {
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let good = text == "adaptive" || text.split_once(':').is_some_and(|(a, b)| is_number(a) && is_number(b));
    let refused = || Problem::invalid("aspect_ratio", "aspect_ratio has to be two numbers such as 16:9, or adaptive");
    good.then(|| text.to_owned()).ok_or_else(refused)
}

/// `1280x720`, also with `X` or `*`.
fn pixels(text: &str) -> Option<Size> {
    let (width, height) = text.split_once(['x', 'X', '*'])?;
    let side = |text: &str| text.trim().parse().ok().filter(|side| (16..=SIDE_MAX).contains(side));
    Some(Size { width: side(width)?, height: side(height)? })
}

fn shots(fields: &mut Fields<'_>) -> Result<Vec<Shot>, Problem> {
    let items = fields.array("storyboard")?.unwrap_or_default();
    if items.len() > SHOTS_MAX {
        return Err(Problem::invalid("storyboard", format!("storyboard may hold at most {SHOTS_MAX} shots")));
    }
    items.iter().enumerate().map(|(place, item)| shot(place, item)).collect()
}

fn shot(place: usize, item: &Value) -> Result<Shot, Problem> {
    let name = format!("storyboard[{place}]");
    let wrong = |what: &str| Problem::invalid(&name, format!("{name} has to be {what}"));
    let object = item.as_object().ok_or_else(|| wrong("an object with prompt and duration"))?;
    let prompt = object.get("prompt").and_then(Value::as_str).unwrap_or_default();
    if prompt.trim().is_empty() {
        return Err(wrong("an object whose prompt is a text"));
    }
    check_text(&format!("{name}.prompt"), prompt, PROMPT_MAX_CHARS)?;
    let seconds = match object.get("duration").or_else(|| object.get("seconds")) {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => Some(text.parse().map_err(|_| wrong("an object whose duration is a number"))?),
        Some(_) => return Err(wrong("an object whose duration is a number")),
    };
    if seconds.is_some_and(|seconds| !(seconds > 0.0 && seconds <= 60.0)) {
        return Err(wrong("an object whose duration is more than 0 and at most 60 seconds"));
    }
    Ok(Shot { prompt: prompt.to_owned(), seconds })
}

/// One picture is where the film begins; several are to go by.
fn pictures(fields: &mut Fields<'_>, files: Vec<Input>) -> Result<Vec<Input>, Problem> {
    let mut found = Vec::new();
    if let Some(text) = fields.long_text("image_url")? {
        found.push(inputs::input("image_url", "first_frame", text)?);
    }
    let too_many = || Problem::invalid("images", format!("images may hold at most {IMAGES_MAX} pictures"));
    if fields.array("images")?.is_some_and(|items| items.len() > IMAGES_MAX) {
        return Err(too_many());
    }
    if let Some(texts) = fields.texts("images")? {
        for text in texts {
            found.push(inputs::input("images", "first_frame", text)?);
        }
    }
    found.extend(reference(fields)?);
    found.extend(files);
    if found.len() > IMAGES_MAX + 2 {
        return Err(too_many());
    }
    if found.len() > 1 {
        found.iter_mut().for_each(|input| "reference_image".clone_into(&mut input.role));
    }
    Ok(found)
}

/// `input_reference` as an object; as a file it comes with the form.
fn reference(fields: &mut Fields<'_>) -> Result<Option<Input>, Problem> {
    const FIELD: &str = "input_reference";
    let Some(value) = fields.value(FIELD) else { return Ok(None) };
    let Some(object) = value.as_object() else {
        let message = "input_reference has to be a file, or an object with image_url";
        return Err(Problem::invalid(FIELD, message));
    };
    match (object.get("image_url").and_then(Value::as_str), object.get("file_id")) {
        (Some(text), None | Some(Value::Null)) if !text.is_empty() => {
            inputs::input(FIELD, "first_frame", text).map(Some)
        }
        (_, Some(_)) => Err(Problem::invalid(FIELD, "file_id names a file that this service does not have")),
        _ => Err(Problem::invalid(FIELD, "input_reference needs image_url: an http or https URL, or a data URL")),
    }
}

/// The length and size that a film of this task has, for shapes that always show both: as made, else as
/// asked for, else what these routes' first vendor takes for nothing said (`upstream/sora.md`, section 2).
pub fn shown_measures(task: &task::Task) -> (f64, Size) {
    const SECONDS: f64 = 4.0;
    let portrait = task.spec.aspect_ratio.as_deref().is_none_or(|ratio| ratio == "9:16");
    let short = match task.spec.resolution.as_deref() {
        Some("480p") => 480,
        Some("1080p") => 1080,
        Some("4k") => 2160,
        _ => 720,
    };
    let long = short * 16 / 9;
    let usual = if portrait { Size { width: short, height: long } } else { Size { width: long, height: short } };
    (task.seconds().unwrap_or(SECONDS), task.size().unwrap_or(usual))
}

/// JSON Schema of the body.
pub fn schema(model_required: bool) -> Value {
    let seconds = || {
        field_schema::whole(
            *SECONDS.start(),
            *SECONDS.end(),
            "[1-9]|[1-5][0-9]|60",
            "Seconds. The vendor's next longer length is made.",
        )
    };
    let model = "A name that GET /v1/models lists.";
    let measure = |description: &str| field_schema::word(MEASURE, description);
    let picture = json!({ "type": ["string", "null"] });
    let shot = json!({ "type": "object", "required": ["prompt"], "properties": {
        "prompt": field_schema::required_text(PROMPT_MAX_CHARS, "What is to be seen in it."),
        "duration": { "anyOf": [{ "type": "number", "exclusiveMinimum": 0, "maximum": 60 },
            { "type": "string", "pattern": "^([1-9]|[1-5][0-9]|60)$" }, { "type": "null" }] },
    } });
    json!({
        "type": "object",
        // A form is taken as well: front reads this.
        "x-multipart": true,
        "required": if model_required { json!(["model"]) } else { json!([]) },
        "anyOf": [field_schema::given("prompt"), { "required": ["storyboard"],
            "properties": { "storyboard": { "type": "array", "minItems": 1 } } }],
        "properties": {
            "model": if model_required { field_schema::required_text(MODEL_MAX_CHARS, model) }
                else { field_schema::text(MODEL_MAX_CHARS, model) },
            "prompt": field_schema::text(PROMPT_MAX_CHARS, "What is to be seen. May be left out with a storyboard."),
            "size": measure("Pixels such as 1280x720, or 720p, 1080p. The nearest size of the same orientation is made."),
            "resolution": measure("480p, 720p, 1080p, 4k."),
            "aspect_ratio": field_schema::word("adaptive|[0-9]{1,2}:[0-9]{1,2}", "16:9, 9:16, 1:1 … Pixels in size win over it."),
            "duration": seconds(),
            "seconds": seconds(),
            "image_url": { "type": ["string", "null"],
                "description": "A picture where the film begins: http, https or data URL." },
            "images": { "type": ["array", "null"], "items": picture, "maxItems": IMAGES_MAX },
            "input_reference": { "type": ["object", "null"], "required": ["image_url"],
                "properties": { "image_url": { "type": "string", "minLength": 1 }, "file_id": { "type": "null" } },
                "description": "A file in a form, or an object with image_url." },
            "storyboard": { "type": ["array", "null"], "maxItems": SHOTS_MAX, "items": shot },
            "negative_prompt": field_schema::text(PROMPT_MAX_CHARS, "What should not be there."),
            "seed": field_schema::whole(0, i64::from(u32::MAX), "0|[1-9][0-9]{0,8}", "Where chance begins."),
            "generate_audio": field_schema::flag("Whether the film has sound, where the vendor can choose."),
            "private": field_schema::flag("Passed on to vendors that have a public gallery."),
            "notifyHook": field_schema::callback("Called back whenever the status changes. Has to be public."),
            "callback_url": field_schema::callback("The same as notifyHook, which wins."),
        },
    })
}

/// Whether an input is a file of the form.
pub(crate) fn file_input(role: &str, bytes: bytes::Bytes) -> Input {
    Input { role: role.to_owned(), data: InputData::Bytes(bytes) }
}
