//! The upstream axis: one folder per dialect, pure functions over bytes and plain data.
//!
//! A dialect knows what a vendor's protocol *means*. It opens no socket, reads no clock and waits for
//! nothing: the stages do that, for all dialects alike. Adding one is a folder and a registry line.

pub mod ark;
pub mod dialect;
pub mod fal_queue;
pub mod film;
pub mod gemini_lro;
pub mod google_video;
pub mod http_call;
pub mod json_tree;
pub mod kling;
pub mod midjourney_proxy;
pub mod openai_videos;
pub mod routing;
pub mod suno_api;
pub mod sunoapi_org;
pub mod vertex;
pub mod webhook_signature;
pub mod wire;

pub use dialect::{
    Access, Account, CancelOutcome, Capabilities, Dialect, Fit, Hint, LookupOutcome, Lost, Parent, PollItem,
    PollOutcome, Submission, SubmitOutcome, Turn,
};
pub use wire::{Encoding, Piece, Request, Response, Target};

/// The registry: one line a dialect, in the order of their folders' names.
static DIALECTS: &[&dyn Dialect] = &[
    &ark::Ark,
    &fal_queue::FalQueue,
    &gemini_lro::GeminiLro,
    &kling::Kling,
    &midjourney_proxy::MidjourneyProxy,
    &openai_videos::OpenaiVideos,
    &suno_api::SunoApi,
    &sunoapi_org::SunoapiOrg,
    &vertex::Vertex,
];

/// Every dialect.
pub fn all() -> &'static [&'static dyn Dialect] {
    DIALECTS
}

/// The dialect of this name.
pub fn find(name: &str) -> Option<&'static dyn Dialect> {
    DIALECTS.iter().copied().find(|d| d.name() == name)
}
