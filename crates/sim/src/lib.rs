//! A make-believe upstream: real HTTP, real media files, scripted troubles, and a memory that survives
//! a restart. For the dev mode, tests and benches.
//!
//! It is written from the vendors' protocols (`upstream/*.md`), not from our dialects, so that the
//! two prove each other. What a task looks like is a pure function of what was submitted, the script
//! and the time that has passed: nothing runs in the background but callbacks.
//!
//! | base path | protocol |
//! |---|---|
//! | `/` | Midjourney proxy, flavour `trueai` |
//! | `/novicezk` | Midjourney proxy, flavour `novicezk` |
//! | `/suno` | Suno-API |
//! | `/sim/counts`, `/sim/tasks/{id}`, `/sim/files/{name}` | its own |

mod config;
mod counts;
mod cut;
mod effect;
mod fields;
mod files;
mod fingerprint;
mod hook;
#[expect(
    dead_code,
    reason = "some of the frame waits for the protocol that needs it; delete this line when all is used"
)]
mod job;
mod log;
mod media;
mod midjourney;
mod picture;
mod question;
mod script;
mod server;
mod troubles;
mod world;

// Protocols, one folder each.
mod suno_api;

/// All protocols but Midjourney's. Each is served below its own base.
static PROTOCOLS: &[&dyn job::Protocol] = &[&suno_api::SunoApi];

pub use config::{Pace, SimConfig};
pub use counts::{Counts, Submits};
pub use effect::{ArtifactFault, Effect, EffectError, Times};
pub use script::{Rule, Script, ScriptError};
pub use server::{Sim, StartError};
