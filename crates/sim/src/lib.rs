//! A make-believe upstream: real HTTP, real PNG files, scripted troubles, and a memory that survives
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
//! | `/sim/counts`, `/sim/tasks/{id}`, `/sim/files/{name}` | its own |

mod config;
mod counts;
mod cut;
mod effect;
mod fields;
mod files;
mod fingerprint;
mod log;
mod midjourney;
mod picture;
mod script;
mod server;
mod world;

pub use config::{Pace, SimConfig};
pub use counts::{Counts, Submits};
pub use effect::{ArtifactFault, Effect, EffectError, Times};
pub use script::{Rule, Script, ScriptError};
pub use server::{Sim, StartError};
