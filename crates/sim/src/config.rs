//! What a sim is started with.

use crate::script::Script;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use task::{Clock, Secret};

/// Edge of a square picture, pixels. A grid is four pictures of half that edge.
const PICTURE_PX: u32 = 1024;

/// How long an access token is good, ms: one hour.
const TOKEN_MS: i64 = 3_600_000;

/// How long things take, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From submission until it is sent on (`SUBMITTED`).
    pub sent_ms: i64,
    /// From submission until work begins (`IN_PROGRESS`).
    pub started_ms: i64,
    /// From submission until a grid is done.
    pub grid_ms: i64,
    /// From submission until an upscale is done.
    pub upscale_ms: i64,
    /// From submission until words are done.
    pub words_ms: i64,
    /// From submission until a single picture is done.
    pub picture_ms: i64,
    /// From submission until a video is done.
    pub video_ms: i64,
    /// From submission until a song is done.
    pub song_ms: i64,
}

impl Default for Pace {
    /// About three seconds for a picture and six for a video, so that progress can be seen.
    fn default() -> Self {
        Self {
            sent_ms: 200,
            started_ms: 400,
            grid_ms: 3_000,
            upscale_ms: 1_500,
            words_ms: 800,
            picture_ms: 2_000,
            video_ms: 6_000,
            song_ms: 5_000,
        }
    }
}

impl Pace {
    /// The same pace, every figure multiplied by `percent` / 100.
    pub fn scaled(self, percent: i64) -> Self {
        let scale = |ms: i64| ms.saturating_mul(percent) / 100;
        Self {
            sent_ms: scale(self.sent_ms),
            started_ms: scale(self.started_ms),
            grid_ms: scale(self.grid_ms),
            upscale_ms: scale(self.upscale_ms),
            words_ms: scale(self.words_ms),
            picture_ms: scale(self.picture_ms),
            video_ms: scale(self.video_ms),
            song_ms: scale(self.song_ms),
        }
    }
}

/// What a sim is started with.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Where it listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where it keeps its log and the pictures given to it; `None` keeps all in memory.
    pub folder: Option<PathBuf>,
    /// Decides every picture, seed and small variation of pace.
    pub seed: u64,
    /// Troubles to make.
    pub script: Script,
    /// How long things take.
    pub pace: Pace,
    /// The secret that callers must send; `None` lets everybody in (with any key, where the protocol
    /// asks for one).
    pub secret: Option<Secret>,
    /// What callbacks are signed with (`whsec_…`), where the protocol signs; `None`: they are not signed.
    pub hook_secret: Option<Secret>,
    /// Where callbacks go whose address is set for the whole account and not with a submission.
    pub hook_url: Option<String>,
    /// How long an access token is good, ms, where the protocol gives them out.
    pub token_ms: i64,
    /// The origin in artifact links, when others reach it by another name than the listening address.
    pub public_url: Option<String>,
    /// Edge of a square picture, pixels, 64 to 2048.
    pub picture_px: u32,
    /// Whether a finished grid names its four pictures singly too (`imageUrls`).
    pub singles: bool,
    /// Whether callbacks go out by themselves; otherwise only [`crate::Sim::tick`] sends them.
    pub hook_timer: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl SimConfig {
    /// A sim on a free local port, in memory, without a secret, at the default pace.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            folder: None,
            seed: 1,
            script: Script::default(),
            pace: Pace::default(),
            secret: None,
            hook_secret: None,
            hook_url: None,
            token_ms: TOKEN_MS,
            public_url: None,
            picture_px: PICTURE_PX,
            singles: true,
            hook_timer: true,
            clock,
        }
    }
}
