//! The Gemini developer API's long-running video operations from the vendor's side (`upstream/veo.md`,
//! part A).

mod routes;
mod show;

use crate::job::{Desk, Protocol, Refusal};
use crate::veo;
use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

/// The protocol.
#[derive(Debug)]
pub(crate) struct GeminiLro;

impl Protocol for GeminiLro {
    fn name(&self) -> &'static str {
        "gemini_lro"
    }

    fn base(&self) -> &'static str {
        "/gemini"
    }

    fn channel_path(&self) -> &'static str {
        "/v1beta"
    }

    fn routes(&self) -> Router<Desk> {
        routes::routes()
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        veo::refused(refusal)
    }

    /// The header, or else the query (section A1).
    fn key(&self, headers: &HeaderMap, uri: &Uri) -> Option<String> {
        let header = headers.get("x-goog-api-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let query = || {
            let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?.0;
            pairs.into_iter().find(|(name, _)| name == "key").map(|(_, key)| key)
        };
        header.or_else(query).filter(|key| !key.is_empty())
    }

    /// Small letters and digits only, as file ids are made of.
    fn id(&self, number: i64, print: u64) -> String {
        format!("{number:014x}{:08x}", print >> 32)
    }
}
