//! A submission's body, read and checked (section 2).

use super::envelope::Envelope;
use super::record::Flavour;
use crate::fields::text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

/// The most characters of `state` and of `notifyHook`.
const STATE_MAX_CHARS: usize = 255;
const HOOK_MAX_CHARS: usize = 2_000;

/// How fast, by path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speed {
    Relax,
    Fast,
    Turbo,
}

impl Speed {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Relax => "RELAX",
            Self::Fast => "FAST",
            Self::Turbo => "TURBO",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Relax, Self::Fast, Self::Turbo].into_iter().find(|speed| speed.as_str() == word)
    }
}

/// Which way a request came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    pub flavour: Flavour,
    pub speed: Speed,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    Imagine,
    Shorten,
    Blend {
        aspect: f64,
    },
    Describe,
    /// A button of a task, as `customId`.
    Press {
        task: String,
        custom_id: String,
    },
    /// An answer to a task that asked.
    Modal {
        task: String,
    },
    /// Pictures to be kept, answered at once.
    Upload,
}

/// A picture that came in.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// `png`, `jpeg`, `webp` …
    pub extension: String,
    pub bytes: Bytes,
}

/// A submission.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub door: Door,
    /// The route's last word.
    pub route: String,
    pub wish: Wish,
    pub speed: Speed,
    pub prompt: String,
    pub state: String,
    pub notify_hook: String,
    pub bot_type: String,
    pub pictures: Vec<Picture>,
}

impl Order {
    /// Reads the body of `POST …/submit/{route}`; `Err` is the proxy's refusal, `Ok(None)` no such route.
    pub(crate) fn read(door: Door, route: &str, body: &Map<String, Value>) -> Result<Option<Self>, Envelope> {
        let mut pictures = Vec::new();
        let Some(wish) = wish(door.flavour, route, body, &mut pictures)? else {
            return Ok(None);
        };
        let (state, notify_hook) = (text(body, "state"), text(body, "notifyHook"));
        if state.chars().count() > STATE_MAX_CHARS || notify_hook.chars().count() > HOOK_MAX_CHARS {
            return Err(bad("state or notifyHook is too long"));
        }
        let mode = body.get("accountFilter").and_then(|filter| filter.get("modes")?.get(0)?.as_str());
        let bot_type = match text(body, "botType") {
            "" => "MID_JOURNEY",
            word @ ("MID_JOURNEY" | "NIJI_JOURNEY") => word,
            _ => return Err(bad("botType must be MID_JOURNEY or NIJI_JOURNEY")),
        };
        Ok(Some(Self {
            door,
            route: route.to_owned(),
            wish,
            speed: mode.and_then(Speed::of).unwrap_or(door.speed),
            prompt: text(body, "prompt").to_owned(),
            state: state.to_owned(),
            notify_hook: notify_hook.to_owned(),
            bot_type: bot_type.to_owned(),
            pictures,
        }))
    }
}

fn wish(
    flavour: Flavour,
    route: &str,
    body: &Map<String, Value>,
    pictures: &mut Vec<Picture>,
) -> Result<Option<Wish>, Envelope> {
    let trueai = flavour == Flavour::TrueAi;
    let array = || match body.get("base64Array") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(picture).collect::<Result<Vec<_>, _>>(),
        Some(_) => Err(bad("base64Array is no array")),
    };
    let needed = |name: &str| match text(body, name) {
        "" => Err(bad(&format!("{name} must not be empty"))),
        found => Ok(found.to_owned()),
    };
    let wish = match route {
        "imagine" => {
            needed("prompt")?;
            *pictures = array()?;
            Wish::Imagine
        }
        "shorten" if trueai => {
            needed("prompt")?;
            Wish::Shorten
        }
        "blend" => {
            *pictures = array()?;
            if !(2..=5).contains(&pictures.len()) {
                return Err(bad("base64Array takes 2 to 5 pictures"));
            }
            Wish::Blend { aspect: aspect(text(body, "dimensions"))? }
        }
        "describe" => {
            pictures.push(picture(body.get("base64").unwrap_or(&Value::Null))?);
            Wish::Describe
        }
        "upload-discord-images" if trueai => {
            *pictures = array()?;
            if pictures.is_empty() {
                return Err(bad("base64Array must not be empty"));
            }
            Wish::Upload
        }
        "action" if trueai => Wish::Press { task: needed("taskId")?, custom_id: needed("customId")? },
        "modal" if trueai => {
            if let Some(mask) = body.get("maskBase64").filter(|mask| !mask.is_null() && mask.as_str() != Some("")) {
                pictures.push(picture(mask)?);
            }
            Wish::Modal { task: needed("taskId")? }
        }
        "change" if !trueai => {
            let index = body.get("index").and_then(Value::as_i64).unwrap_or(0);
            Wish::Press { task: needed("taskId")?, custom_id: changed(text(body, "action"), index)? }
        }
        "simple-change" if !trueai => simple_change(&needed("content")?)?,
        _ => return Ok(None),
    };
    Ok(Some(wish))
}

/// `"<task id> U2"`, `V3` or `R`.
fn simple_change(content: &str) -> Result<Wish, Envelope> {
    let wrong = || bad("content must be like `1320098173412546 U2`");
    let (task, change) = content.trim().split_once(' ').ok_or_else(wrong)?;
    let change = change.trim().to_ascii_uppercase();
    let index = change.get(1..).and_then(|text| text.parse().ok()).unwrap_or(0);
    let action = match change.chars().next() {
        Some('U') => "UPSCALE",
        Some('V') => "VARIATION",
        Some('R') => "REROLL",
        _ => return Err(wrong()),
    };
    Ok(Wish::Press { task: task.to_owned(), custom_id: changed(action, index)? })
}

/// The button that a change stands for, without the job that only its task knows.
fn changed(action: &str, index: i64) -> Result<String, Envelope> {
    match (action, index) {
        ("UPSCALE", 1..=4) => Ok(format!("MJ::JOB::upsample::{index}")),
        ("VARIATION", 1..=4) => Ok(format!("MJ::JOB::variation::{index}")),
        ("REROLL", _) => Ok("MJ::JOB::reroll::0".to_owned()),
        ("UPSCALE" | "VARIATION", _) => Err(bad("index must be 1 to 4")),
        _ => Err(bad("action must be UPSCALE, VARIATION or REROLL")),
    }
}

fn aspect(dimensions: &str) -> Result<f64, Envelope> {
    match dimensions {
        "" | "SQUARE" => Ok(1.0),
        "PORTRAIT" => Ok(2.0 / 3.0),
        "LANDSCAPE" => Ok(3.0 / 2.0),
        _ => Err(bad("dimensions must be PORTRAIT, SQUARE or LANDSCAPE")),
    }
}

/// `data:image/png;base64,…`, nothing else.
fn picture(value: &Value) -> Result<Picture, Envelope> {
    let wrong = || bad("base64 format error");
    let uri = value.as_str().ok_or_else(wrong)?;
    let (kind, data) =
        uri.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,")).ok_or_else(wrong)?;
    let bytes = STANDARD.decode(data).map_err(|_| wrong())?;
    let plain = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric());
    if bytes.is_empty() || !plain {
        return Err(wrong());
    }
    Ok(Picture { extension: kind.to_owned(), bytes: bytes.into() })
}

fn bad(description: &str) -> Envelope {
    Envelope::of(4, description)
}
