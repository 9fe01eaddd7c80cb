//! HTTP in: routes, auth, limits, content, ops routes, pages.
//!
//! A request's way: [`serve`] (connections) → [`router`] (layers) → `routes` (the registry) → one
//! handler for each [`contracts::Call`] → its effect.

pub mod admin;
pub mod hooks;
pub mod ops;
pub mod pages;
pub mod state;

mod api;
mod asked;
mod auth;
mod bells;
mod body;
mod cancel;
mod clip;
mod content;
mod cors;
mod dates;
mod delete;
mod doubt;
mod errand;
mod events;
mod gates;
mod idempotency;
mod inline;
mod inputs;
mod intake;
mod json_limits;
mod list;
mod lookup;
mod loopback;
mod media;
mod models;
mod multipart;
mod object;
mod observe;
mod open;
mod placing;
mod prefer;
mod range;
mod reader;
mod recent;
mod reply;
mod request_id;
mod ring;
mod router;
mod routes;
mod serve;
mod show;
mod show_many;
mod stall;
mod submission;
mod submit;
mod upload;
mod views;
mod waiting;
mod watch;

pub use auth::key_hash;
pub use router::router;
pub use serve::serve;
pub use state::{Dev, Front, Settings};
