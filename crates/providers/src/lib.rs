//! The upstream axis: one folder per dialect, pure functions over bytes and plain data.
//!
//! A dialect knows what a vendor's protocol *means*. It opens no socket, reads no clock and waits for
//! nothing: the stages do that, for all dialects alike. Adding one is a folder and a registry line.

pub mod dialect;
pub mod midjourney_proxy;
pub mod routing;
pub mod wire;

pub use dialect::{
    Account, CancelOutcome, Capabilities, Dialect, Hint, LookupOutcome, Parent, PollItem, PollOutcome, Submission,
    SubmitOutcome, Turn,
};
pub use wire::{Encoding, Piece, Request, Response, Target};

/// The registry: one line a dialect, in the order of their folders' names.
static DIALECTS: &[&dyn Dialect] = &[&midjourney_proxy::MidjourneyProxy];

/// Every dialect.
pub fn all() -> &'static [&'static dyn Dialect] {
    DIALECTS
}

/// The dialect of this name.
pub fn find(name: &str) -> Option<&'static dyn Dialect> {
    DIALECTS.iter().copied().find(|d| d.name() == name)
}
