//! The queue of fal.ai from the vendor's side (`providers/src/fal_queue/README.md`).

mod endpoints;
mod failure;
mod routes;
mod show;
mod stills;
mod wish;

use crate::job::{self, Desk, Letter, Moment, Protocol, Refusal, Seen};
use axum::Router;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

/// The protocol.
#[derive(Debug)]
pub(crate) struct FalQueue;

impl Protocol for FalQueue {
    fn name(&self) -> &'static str {
        "fal_queue"
    }

    fn base(&self) -> &'static str {
        "/fal"
    }

    fn routes(&self) -> Router<Desk> {
        routes::routes()
    }

    /// `Authorization: Key …`; a bearer key is none (section 1).
    fn key(&self, headers: &HeaderMap, _uri: &Uri) -> Option<String> {
        let value = headers.get("authorization")?.to_str().ok()?;
        let key = value.strip_prefix("Key ")?.trim();
        (!key.is_empty()).then(|| key.to_owned())
    }

    fn id(&self, _number: i64, print: u64) -> String {
        job::uuid(print)
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        failure::refuse(refusal)
    }

    /// Nothing of the input is looked at before a runner has it (section 2).
    fn moderates_at_the_door(&self) -> bool {
        false
    }

    fn told(&self) -> &'static [Moment] {
        &[Moment::Over]
    }

    fn letter(&self, desk: &Desk, seen: &Seen, _delivery: &str) -> Option<Letter> {
        Some(Letter::plain(&show::letter(desk, seen)))
    }
}
