//! A sim, a clock and a client with a key.

use serde_json::{Value, json};
use sim::{Sim, SimConfig};
use std::io::Cursor;
use std::sync::Arc;
use task::Secret;
use task::clock::ManualClock;

/// Longer than any film takes at the default pace.
pub const DONE_MS: i64 = 10_000;

pub struct Asker {
    pub sim: Sim,
    pub clock: Arc<ManualClock>,
    client: reqwest::Client,
}

impl Asker {
    pub async fn start() -> Self {
        Self::with(None).await
    }

    pub async fn with(secret: Option<&str>) -> Self {
        let _chosen_already = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(ManualClock::new(1_790_000_000_000));
        let config = SimConfig { hook_timer: false, secret: secret.map(Secret::new), ..SimConfig::new(clock.clone()) };
        let sim = Sim::start(config).await.expect("the sim starts on a free port");
        let client = reqwest::Client::builder().no_proxy().build().expect("a plain client");
        Self { sim, clock, client }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/fal/{path}", self.sim.url())
    }

    pub async fn post(&self, path: &str, body: Value) -> reqwest::Result<(u16, Value)> {
        let request = self.client.post(self.url(path)).header("authorization", "Key k").json(&body);
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    /// Asks with this whole `Authorization`.
    pub async fn keyed(&self, path: &str, authorization: &str) -> u16 {
        let request = self.client.get(self.url(path)).header("authorization", authorization);
        request.send().await.expect("an answer").status().as_u16()
    }

    /// Asks at a link out of an answer.
    pub async fn at(&self, url: &Value) -> (u16, Value) {
        let request = self.client.get(url.as_str().expect("a link")).header("authorization", "Key k");
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    pub async fn stop(&self, url: &Value) -> (u16, Value) {
        let request = self.client.put(url.as_str().expect("a link")).header("authorization", "Key k");
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Submits; gives the answer with its links.
    pub async fn submit(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await.expect("an answer");
        assert_eq!((status, &answer["status"]), (200, &json!("IN_QUEUE")), "{answer}");
        answer
    }

    /// Submits and waits; gives status and body of the result.
    pub async fn made(&self, path: &str, body: Value) -> (u16, Value) {
        let opened = self.submit(path, body).await;
        self.clock.advance_ms(DONE_MS);
        self.at(&opened["response_url"]).await
    }

    /// Width, height, seconds and tracks of a video behind a link; no key is sent.
    pub async fn film(&self, url: &Value) -> (u16, u16, u64, usize) {
        let answer = self.client.get(url.as_str().expect("a link")).send().await.expect("an answer");
        let bytes = answer.bytes().await.expect("bytes");
        let read = mp4::Mp4Reader::read_header(Cursor::new(&bytes), bytes.len() as u64).expect("a real video");
        let track = &read.tracks()[&1];
        (track.width(), track.height(), read.duration().as_secs(), read.tracks().len())
    }
}
