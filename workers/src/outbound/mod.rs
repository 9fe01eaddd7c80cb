//! The only HTTP client on a task's path.
//!
//! What may be reached is decided here and checked on the address that is dialled ([`task::address`]). A
//! request is written to its peer at most once, and an error says whether a byte of it may have left
//! us ([`Stage`]). Nothing that leaves this module as text holds a path, a query or a header.
//!
//! The socket is an argument ([`Wire`]): [`HttpWire`] in production, an in-process one in the simulation.

mod base64_stream;
mod body;
mod call;
mod callback;
mod deadline;
mod download;
mod http_wire;
mod input;
mod kept;
mod link;
mod resolve;
mod room;
mod target;
mod wire;
mod wire_failure;

#[cfg(test)]
mod tests;

pub use call::{Answered, Call};
pub use callback::{CALLBACK_ANSWER_MAX_BYTES, CallbackSend};
pub use download::{Download, DownloadLimits};
pub use http_wire::{HttpWire, install_ring};
pub use link::Links;
pub use resolve::{Resolver, SystemResolver};
pub(crate) use room::ORDINARY_MAX_BYTES;
pub use wire::{
    Connection, Reach, Stage, Timings, Wire, WireBody, WireError, WireErrorKind, WireRequest, WireResponse,
};

use std::sync::Arc;
use store::Store;
use task::{AddressRanges, Clock};
use tokio::sync::Semaphore;

/// How many MiB of inputs fetched from URLs this process holds at the most. A call begins to fetch when
/// its worst case ([`OutboundSettings::input_max_bytes`]) fits, and then keeps only what it really holds.
const FETCHED_INPUTS_MAX_MIB: u32 = 128;

/// What was configured. Times in milliseconds.
#[derive(Debug, Clone)]
pub struct OutboundSettings {
    /// Ranges beside public addresses that a vendor's output URLs may name.
    pub artifact_ranges: Arc<AddressRanges>,
    /// Ranges beside public addresses that callers' input URLs may name.
    pub input_ranges: Arc<AddressRanges>,
    /// Ranges beside public addresses that callback URLs may name.
    pub callback_ranges: Arc<AddressRanges>,
    /// Limit of name look-up, connecting and TLS together.
    pub connect_timeout_ms: i64,
    /// Limit of a callback for everything: look-up, connect, TLS, send, headers and body
    /// (`contract/callback.md`: 5 s).
    pub callback_timeout_ms: i64,
    /// Limit of fetching all inputs of one call that are given as URLs.
    pub input_timeout_ms: i64,
    /// The most bytes that the fetched inputs of one call may have together.
    pub input_max_bytes: usize,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            artifact_ranges: Arc::default(),
            input_ranges: Arc::default(),
            callback_ranges: Arc::default(),
            connect_timeout_ms: 10_000,
            callback_timeout_ms: 5_000,
            input_timeout_ms: 30_000,
            input_max_bytes: 30 << 20,
        }
    }
}

/// The client. One in a process.
pub struct Outbound {
    wire: Arc<dyn Wire>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: OutboundSettings,
    /// A permit for each MiB of fetched inputs.
    fetched_inputs_mib: Semaphore,
    /// A permit for each MiB of large answers.
    large_answers_mib: Arc<Semaphore>,
}

impl Outbound {
    /// A client that sends through `wire` and reads stored inputs from `store`.
    pub fn new(wire: Arc<dyn Wire>, store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: OutboundSettings) -> Self {
        Self {
            wire,
            store,
            clock,
            settings,
            fetched_inputs_mib: Semaphore::new(FETCHED_INPUTS_MAX_MIB as usize),
            large_answers_mib: Arc::new(Semaphore::new(room::LARGE_ANSWERS_MAX_MIB as usize)),
        }
    }
}
