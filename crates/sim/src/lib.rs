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
//! | `/ark` | Volcengine Ark |
//! | `/openai` | OpenAI's videos |
//! | `/gemini` | Gemini's long-running operations |
//! | `/vertex` | Veo on Vertex AI |
//! | `/fal` | the queue of fal.ai |
//! | `/kling` | Kling, both generations |
//! | `/sunoapi` | sunoapi.org |
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

// Protocols, one folder each; `veo` is what two of them have in common.
mod ark;
mod fal_queue;
mod gemini_lro;
mod kling;
mod openai_videos;
mod suno_api;
mod sunoapi_org;
mod veo;
mod vertex;

/// All protocols but Midjourney's. Each is served below its own base.
static PROTOCOLS: &[&dyn job::Protocol] = &[
    &kling::Kling,
    &ark::Ark,
    &vertex::Vertex,
    &openai_videos::OpenaiVideos,
    &suno_api::SunoApi,
    &gemini_lro::GeminiLro,
    &sunoapi_org::SunoapiOrg,
    &fal_queue::FalQueue,
];

pub use config::{Pace, SimConfig};
pub use counts::{Counts, Submits};
pub use effect::{ArtifactFault, Effect, EffectError, Times};
pub use script::{Rule, Script, ScriptError};
pub use server::{Sim, StartError};

/// A protocol as a channel reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// The dialect that speaks it.
    pub dialect: &'static str,
    /// What a channel's base URL has behind the sim's origin, in two parts.
    path: [&'static str; 2],
    /// A key that it takes.
    pub key: &'static str,
}

impl Played {
    /// A channel's base URL, for a sim at this origin (`http://127.0.0.1:9100`).
    pub fn base_url(&self, origin: &str) -> String {
        format!("{}{}{}", origin.trim_end_matches('/'), self.path[0], self.path[1])
    }
}

/// Every protocol that is played, by the name of the dialect that speaks it: vendors' own before relays.
pub fn played() -> Vec<Played> {
    let proxy = Played { dialect: "midjourney_proxy", path: ["", ""], key: "sim" };
    let of = |protocol: &&dyn job::Protocol| Played {
        dialect: protocol.name(),
        path: [protocol.base(), protocol.channel_path()],
        key: protocol.channel_key(),
    };
    std::iter::once(proxy).chain(PROTOCOLS.iter().map(of)).collect()
}
