//! The frame that every protocol but Midjourney's stands in: a protocol-neutral job, where it stands
//! at a moment, and the desk at which requests are received, judged and answered.
//!
//! See `README.md`, "Adding a protocol".

mod answer;
mod arrived;
mod desk;
mod hooks;
mod inputs;
mod protocol;
mod record;
mod shelf;
mod submit;
mod timeline;
pub(crate) mod webhook;

pub(crate) use answer::Answer;
pub(crate) use arrived::{Arrived, Upload};
pub(crate) use desk::{Desk, Seen};
pub(crate) use hooks::{Due, due};
pub(crate) use protocol::{Letter, Moment, Protocol, Refusal, bearer, router};
pub(crate) use record::{Input, Job, Output};
pub(crate) use shelf::Shelf;
pub(crate) use submit::Wish;
pub(crate) use timeline::{Snapshot, State, snapshot};

/// An id in the form of a UUID (version 4) that follows from 64 bits.
pub(crate) fn uuid(print: u64) -> String {
    let (high, low) = (print >> 32, print & 0xffff);
    format!("{high:08x}-{low:04x}-4{:03x}-a{:03x}-{:012x}", print >> 52, print & 0xfff, print >> 16)
}
