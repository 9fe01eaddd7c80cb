//! What a protocol says about itself. Everything else is the frame's.

use super::Job;
use super::desk::{Desk, Seen};
use crate::world::World;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::fmt::Debug;
use std::sync::Arc;

/// The most bytes of a body that are read.
pub(super) const BODY_MAX_BYTES: usize = 128 << 20;

/// Why a request is refused. The protocol gives it its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No key came.
    NoKey,
    /// The key is not the right one.
    WrongKey,
    /// The request can't be used, in words.
    Invalid(String),
    /// A moderator refuses the words.
    Moderation,
    /// Too many are waiting or at work; later it may go.
    QueueFull,
    /// A scripted number of the vendor's.
    Code(i64),
    /// A scripted word of the vendor's.
    Error(String),
    /// There is no such job, or it is forgotten.
    NotFound(String),
    /// The caller's own id was used before, for this job.
    Duplicate(String),
    /// The job stands where this can't be done, in words.
    WrongState(String),
}

/// A change that is told by callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It is sent on.
    Sent,
    /// Work begins.
    Started,
    /// Work has reached this percentage.
    Percent(u8),
    /// It is over: done, failed or moderated. A cancel is told always.
    Over,
}

/// A callback's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// JSON.
    pub body: Vec<u8>,
    /// Besides `content-type: application/json`: signatures, see [`super::webhook::signed`].
    pub headers: Vec<(String, String)>,
}

impl Letter {
    /// A letter that is not signed.
    pub(crate) fn plain(body: &serde_json::Value) -> Self {
        Self { body: body.to_string().into_bytes(), headers: Vec::new() }
    }
}

/// A protocol: one folder, and one line in `PROTOCOLS` (`lib.rs`).
pub(crate) trait Protocol: Debug + Send + Sync {
    /// Its folder's name: the first part of its counts (`suno_api/fetch`), and `protocol` in rules.
    fn name(&self) -> &'static str;

    /// Under what it is served, `/suno`: a channel's base URL is the sim's origin and this.
    fn base(&self) -> &'static str;

    /// What a channel's base URL has behind the base, `/api/v3`.
    fn channel_path(&self) -> &'static str {
        ""
    }

    /// A key that a channel may use, where not just any text will do.
    fn channel_key(&self) -> &'static str {
        "sim"
    }

    /// Its routes, below the base.
    fn routes(&self) -> Router<Desk>;

    /// The answer to a request that is refused.
    fn refuse(&self, refusal: &Refusal) -> Response;

    /// The answer of a scripted HTTP status; bare, as a proxy in front of the vendor gives it.
    fn bare(&self, status: u16) -> Response {
        StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY).into_response()
    }

    /// The key that came, `None` when there is none. As it is: `Authorization: Bearer …`.
    /// Any key is good unless `SimConfig::secret` is set; then it must equal that.
    fn key(&self, headers: &HeaderMap, _uri: &Uri) -> Option<String> {
        super::bearer(headers)
    }

    /// The id of a new job, from its number (16 digits, growing) and 64 bits that are its own. Must
    /// differ from job to job, and hold neither slash nor dot.
    fn id(&self, number: i64, _print: u64) -> String {
        number.to_string()
    }

    /// Whether `moderation` strikes at the door; if not, the job is accepted and moderated at its end.
    fn moderates_at_the_door(&self) -> bool {
        true
    }

    /// Whether the caller's own id may be used once only, and jobs are found by it as well.
    fn has_unique_client_ids(&self) -> bool {
        false
    }

    /// Which changes are told by callback; none where the protocol has no callbacks.
    fn told(&self) -> &'static [Moment] {
        &[]
    }

    /// A moment besides, ms since the epoch, that is told of this job: one that the frame knows nothing of.
    fn also_told(&self, _job: &Job) -> Option<i64> {
        None
    }

    /// The callback of one change. `delivery` is the same when it is sent twice, and no other change
    /// has it. `None`: this change is not told after all.
    fn letter(&self, _desk: &Desk, _seen: &Seen, _delivery: &str) -> Option<Letter> {
        None
    }
}

/// What follows `Bearer ` in `Authorization`, unless it is empty.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("authorization")?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then(|| key.to_owned())
}

/// The routes of all protocols, each below its base.
pub(crate) fn router(world: &Arc<World>) -> Router {
    let nested = |router: Router, protocol: &&'static dyn Protocol| {
        let desk = Desk::new(world.clone(), *protocol);
        let routes = protocol.routes().layer(DefaultBodyLimit::max(BODY_MAX_BYTES));
        router.nest(protocol.base(), routes.with_state(desk))
    };
    crate::PROTOCOLS.iter().fold(Router::new(), nested)
}
