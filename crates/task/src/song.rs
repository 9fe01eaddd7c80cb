//! What only songs have: what is asked for, and what comes out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What only a song has. The words of an inspiration are the spec's `prompt`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Song {
    /// The words that are sung. With them, a title or tags it is made to the caller's own measure
    /// ("custom"); without, from the spec's prompt ("inspiration").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lyrics: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its style, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Styles to keep away from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_tags: Option<String>,
    /// Who sings it and how, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub singer_style: Option<String>,
    /// Whether nobody sings.
    pub instrumental: bool,
    /// The vendor's model version, as the caller named it (`chirp-v4`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The vendor's id of the clip that is continued, joined or sung after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<String>,
    /// Where in that clip the continuation begins, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_at_s: Option<f64>,
    /// Whether joined pieces get passages between them.
    pub infill: bool,
}

/// One song that came out; its files are the artifacts of the same `piece`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Clip {
    /// The vendor's id for it, verbatim: callers give it back to go on from this clip.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its style.
    pub tags: String,
    /// The words that are sung.
    pub lyrics: String,
    /// The vendor's model.
    pub model: String,
    /// Playing time as the vendor told, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// When the vendor made it, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_ms: Option<i64>,
    /// Anything else, by the vendor's field name. Holds no URL.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extras: Map<String, Value>,
}
