//! The answer to a submission: `{code, description, result, properties}` (section 3).

use super::record::Flavour;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Envelope {
    pub code: i64,
    pub description: String,
    pub result: Value,
    pub properties: Map<String, Value>,
}

impl Envelope {
    /// Code 1 with this result.
    pub(crate) fn success(result: impl Into<Value>) -> Self {
        Self { code: 1, description: "Submit success".to_owned(), result: result.into(), properties: Map::new() }
    }

    /// Another code, with words.
    pub(crate) fn of(code: i64, description: &str) -> Self {
        Self { code, description: description.to_owned(), result: Value::Null, properties: Map::new() }
    }

    /// The same with properties.
    pub(crate) fn with(self, properties: Map<String, Value>) -> Self {
        Self { properties, ..self }
    }

    /// As HTTP: always 200, but `trueai` answers 404 to code 3.
    pub(crate) fn respond(&self, flavour: Flavour) -> Response {
        let status = match (self.code, flavour) {
            (3, Flavour::TrueAi) => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
        (status, Json(self)).into_response()
    }
}
