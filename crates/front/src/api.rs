//! What the API's handlers share beside [`Front`]: caches and coalescers, none of them the truth.

use crate::auth::TokenCache;
use crate::bells::Bells;
use crate::gates::Gates;
use crate::reader::Reader;
use crate::recent::Recent;
use crate::state::Front;
use crate::watch::Watch;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Bodies above [`LARGE_BODY_BYTES`] that are held in memory at the same time, in all.
pub const LARGE_BODIES: usize = 12;

/// From this size on a body needs one of the [`LARGE_BODIES`] permits.
pub const LARGE_BODY_BYTES: usize = 1024 * 1024;

/// State of the API's routes. One counter to clone: every layer of every request does.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

/// What [`Api`] gives access to.
pub struct Shared {
    /// What every part of front shares.
    pub front: Front,
    /// Keys that were seen within the last seconds.
    pub tokens: TokenCache,
    /// Reads of single tasks, joined into few queries.
    pub reader: Reader,
    /// Opened tasks whose doorbell is not rung yet.
    pub bells: Bells,
    /// Who waits for which task.
    pub watch: Watch,
    /// How busy channels are, as of a moment ago.
    pub gates: Gates,
    /// Submissions of the last minute, for callers that repeat one.
    pub recent: Recent,
    /// Permits for large bodies.
    pub large_bodies: Arc<Semaphore>,
}

impl Api {
    /// Makes the shared parts. Nothing is started before the first request needs it.
    pub fn new(front: Front) -> Self {
        let reader = Reader::new(front.ledger.clone());
        let bells = Bells::new(front.scheduler.clone());
        let watch = Watch::new(front.ledger.clone(), front.scheduler.clone());
        Self(Arc::new(Shared {
            reader,
            bells,
            watch,
            tokens: TokenCache::default(),
            gates: Gates::default(),
            recent: Recent::default(),
            large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)),
            front,
        }))
    }

    /// The time, ms since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.front.clock.now_ms()
    }
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
