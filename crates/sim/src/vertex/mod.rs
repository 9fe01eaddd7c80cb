//! Veo on Vertex AI from the vendor's side (`upstream/veo.md`, part B), with Google's token endpoint and
//! the part of its storage that results are fetched from.

mod operations;
mod show;
mod storage;
mod token;

use crate::job::{self, Desk, Protocol, Refusal};
use crate::veo;
use axum::Router;
use axum::response::Response;

/// The protocol.
#[derive(Debug)]
pub(crate) struct Vertex;

impl Protocol for Vertex {
    fn name(&self) -> &'static str {
        "vertex"
    }

    fn base(&self) -> &'static str {
        "/vertex"
    }

    fn channel_path(&self) -> &'static str {
        "/v1/projects/p/locations/us-central1/publishers/google"
    }

    /// A plain token ([`token::receive`]), as a gateway with a token of its own wants it.
    fn channel_key(&self) -> &'static str {
        "Bearer sim"
    }

    fn routes(&self) -> Router<Desk> {
        token::routes().merge(operations::routes()).merge(storage::routes())
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        match refusal {
            // Here a request without a token is no stranger than one with a bad token.
            Refusal::NoKey => veo::refused(&Refusal::WrongKey),
            _ => veo::refused(refusal),
        }
    }

    fn id(&self, _number: i64, print: u64) -> String {
        job::uuid(print)
    }
}
