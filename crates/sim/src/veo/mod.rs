//! What Google's two surfaces for Veo have in common (`upstream/veo.md`, parts A and B): how a video is
//! asked for, and the envelope of errors.

mod envelope;
mod fields;
mod order;

pub(crate) use envelope::{fault_of, filter_of, refused};
pub(crate) use order::{Surface, read};
