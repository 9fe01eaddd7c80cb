//! Which of the vendor's paths a task takes, and by which path it is asked for again.

use super::options::{Generation, Options};
use super::{NAME, models};
use serde_json::{Map, Value, json};
use task::{Input, Kind, Spec};

/// The query path of all tasks of the new generation.
pub(super) const TASKS: &str = "/tasks";

/// The film paths of the legacy generation, for a task of which only the id is known.
pub(super) const FILM_PATHS: [&str; 4] =
    ["/v1/videos/text2video", "/v1/videos/image2video", "/v1/videos/multi-image2video", "/v1/videos/omni-video"];

/// A path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A film from words.
    Text,
    /// A film from its first or last frame.
    Frames,
    /// A film of what is on several pictures.
    MultiImage,
    /// A film from words and whatever they refer to.
    Omni,
    /// Pictures.
    Pictures,
    /// A person in other clothes.
    TryOn,
}

impl Endpoint {
    /// The path for what was asked: the bag's `route` where there is one, else by the files that go in.
    /// Pictures to go by take the omni path wherever the model has an omni sibling, because the multi-image
    /// path knows a single old model.
    pub(super) fn of(spec: &Spec, model: &str) -> Self {
        match spec.kind {
            Kind::Image => return Self::Pictures,
            Kind::TryOn => return Self::TryOn,
            _ => {}
        }
        let route = spec.extra(NAME, "route").and_then(Value::as_str);
        let refers = spec.inputs.iter().any(|input| is_picture(input) && !is_frame(input));
        let has_film = spec.inputs.iter().any(|input| input.role == "reference_video");
        if route == Some("omni-video") || models::is_omni(model) || has_film {
            return Self::Omni;
        }
        if refers || route == Some("multi-image2video") {
            return if models::omni(model).is_some() { Self::Omni } else { Self::MultiImage };
        }
        if spec.inputs.iter().any(is_frame) { Self::Frames } else { Self::Text }
    }

    /// The legacy path.
    pub(super) fn legacy_path(self) -> &'static str {
        match self {
            Self::Text => FILM_PATHS[0],
            Self::Frames => FILM_PATHS[1],
            Self::MultiImage => FILM_PATHS[2],
            Self::Omni => FILM_PATHS[3],
            Self::Pictures => "/v1/images/generations",
            Self::TryOn => "/v1/images/kolors-virtual-try-on",
        }
    }

    /// What the vendor is told as the model on this path; `None` to let it take its own default.
    pub(super) fn model(self, model: &str) -> Option<&str> {
        match self {
            Self::Omni => Some(models::omni(model).unwrap_or(model)),
            Self::MultiImage if models::is_older(model) => Some(models::MULTI_IMAGE),
            Self::Pictures => Some(model).filter(|model| models::makes_pictures(model)),
            _ => Some(model),
        }
    }
}

/// A first or last frame.
pub(super) fn is_frame(input: &Input) -> bool {
    matches!(input.role.as_str(), "first_frame" | "last_frame")
}

/// Anything that is looked at, whatever the role is called.
pub(super) fn is_picture(input: &Input) -> bool {
    !matches!(input.role.as_str(), "reference_video" | "reference_audio")
}

/// The operation's memo: by which path it is asked for.
pub(super) fn memo(options: &Map<String, Value>, spec: &Spec, model: &str) -> Value {
    let query = match Options::read(options).generation {
        Generation::New => TASKS,
        Generation::Legacy => Endpoint::of(spec, model).legacy_path(),
    };
    json!({ "query": query })
}

/// The path by which an operation is asked for: its memo's, else the likeliest of its kind.
pub(super) fn query<'a>(options: &Map<String, Value>, memo: &'a Value, kind: Kind) -> &'a str {
    if let Some(query) = memo.get("query").and_then(Value::as_str) {
        return query;
    }
    match (Options::read(options).generation, kind) {
        (Generation::New, _) => TASKS,
        (_, Kind::Image) => Endpoint::Pictures.legacy_path(),
        (_, Kind::TryOn) => Endpoint::TryOn.legacy_path(),
        _ => FILM_PATHS[0],
    }
}
