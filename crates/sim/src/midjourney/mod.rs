//! The Midjourney proxy protocol in both flavours, from the vendor's side (`upstream/midjourney.md`).

mod ask;
mod buttons;
mod envelope;
mod gate;
mod hooks;
mod order;
mod press;
mod record;
mod routes;
mod show;
mod submit;
mod timeline;
mod words;

/// Its name in rules.
pub(crate) const NAME: &str = "midjourney_proxy";

pub(crate) use hooks::due;
pub(crate) use record::Record;
pub(crate) use routes::router;
pub(crate) use show::show;
pub(crate) use timeline::{moments, snapshot};
