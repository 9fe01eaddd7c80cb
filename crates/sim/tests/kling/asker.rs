//! A sim, a clock and a client with a key.

use serde_json::{Value, json};
use sim::{Sim, SimConfig};
use std::io::Cursor;
use std::sync::Arc;
use task::Secret;
use task::clock::ManualClock;

pub const START_MS: i64 = 1_790_000_000_000;

/// Longer than anything takes at the default pace.
pub const DONE_MS: i64 = 10_000;

pub struct Asker {
    pub sim: Sim,
    pub clock: Arc<ManualClock>,
    pub key: String,
    client: reqwest::Client,
}

impl Asker {
    pub async fn start() -> Self {
        Self::with(None, None).await
    }

    /// With a key that callers need, and a secret that callbacks are signed with.
    pub async fn with(secret: Option<&str>, hook_secret: Option<&str>) -> Self {
        let _chosen_already = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(ManualClock::new(START_MS));
        let config = SimConfig {
            hook_timer: false,
            secret: secret.map(Secret::new),
            hook_secret: hook_secret.map(Secret::new),
            picture_px: 128,
            ..SimConfig::new(clock.clone())
        };
        let sim = Sim::start(config).await.expect("the sim starts on a free port");
        let client = reqwest::Client::builder().no_proxy().build().expect("a plain client");
        Self { sim, clock, key: "key".to_owned(), client }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/kling{path}", self.sim.url())
    }

    pub async fn post(&self, path: &str, body: Value) -> reqwest::Result<(u16, Value)> {
        let answer = self.client.post(self.url(path)).bearer_auth(&self.key).json(&body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.client.get(self.url(path)).bearer_auth(&self.key).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    pub async fn bare(&self, path: &str) -> (u16, Value) {
        let answer = self.client.get(self.url(path)).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// What a submission is refused with: HTTP status and code.
    pub async fn refused(&self, path: &str, body: Value) -> (u16, i64) {
        let (status, answer) = self.post(path, body).await.expect("an answer");
        (status, answer["code"].as_i64().unwrap_or_else(|| panic!("no code in {answer}")))
    }

    /// The data of a good answer.
    pub async fn opened(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await.expect("an answer");
        assert_eq!((status, &answer["code"]), (200, &json!(0)), "{answer}");
        answer["data"].clone()
    }

    pub async fn asked(&self, path: &str) -> Value {
        let (status, answer) = self.get(path).await;
        assert_eq!((status, &answer["code"]), (200, &json!(0)), "{answer}");
        answer["data"].clone()
    }

    /// Status, content type and bytes; no key is sent.
    pub async fn file(&self, url: &Value) -> reqwest::Result<(u16, String, Vec<u8>)> {
        let answer = self.client.get(url.as_str().expect("a link")).send().await?;
        let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok((answer.status().as_u16(), kind.to_owned(), answer.bytes().await?.to_vec()))
    }

    /// Width, height, seconds and tracks of a video behind a link.
    pub async fn film(&self, url: &Value) -> (u16, u16, u64, usize) {
        let (status, kind, bytes) = self.file(url).await.expect("a file");
        assert_eq!((status, kind.as_str()), (200, "video/mp4"));
        let read = mp4::Mp4Reader::read_header(Cursor::new(&bytes), bytes.len() as u64).expect("a real video");
        let track = &read.tracks()[&1];
        (track.width(), track.height(), read.duration().as_secs(), read.tracks().len())
    }

    /// Width and height of a picture behind a link.
    pub async fn picture(&self, url: &Value) -> (u32, u32) {
        let (_, kind, bytes) = self.file(url).await.expect("a file");
        let picture = image::load_from_memory(&bytes).expect("a real picture");
        assert_eq!(kind, "image/png");
        (picture.width(), picture.height())
    }
}

/// A PNG of this size, as raw base64.
pub fn png(width: u32, height: u32) -> String {
    use base64::Engine;
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::DynamicImage::new_rgb8(width, height);
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("a picture that can be encoded");
    base64::engine::general_purpose::STANDARD.encode(bytes.into_inner())
}
