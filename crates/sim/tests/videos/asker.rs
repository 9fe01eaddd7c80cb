//! A sim, a clock and a client.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use sim::{Sim, SimConfig};
use std::sync::Arc;
use task::clock::ManualClock;

pub const START_MS: i64 = 1_790_000_000_000;

/// Longer than any video takes at the default pace.
pub const DONE_MS: i64 = 10_000;

/// What came back.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body of a good answer.
    pub fn good(self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }
}

pub struct Asker {
    pub sim: Sim,
    pub clock: Arc<ManualClock>,
    pub client: Client,
    /// Name and value of the header that carries the key.
    pub key: (&'static str, String),
}

impl Asker {
    pub async fn start() -> Self {
        Self::with(|config| config).await
    }

    pub async fn with(change: impl FnOnce(SimConfig) -> SimConfig) -> Self {
        let _chosen_already = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(ManualClock::new(START_MS));
        let config = change(SimConfig { hook_timer: false, ..SimConfig::new(clock.clone()) });
        let sim = Sim::start(config).await.expect("the sim starts on a free port");
        let client = Client::builder().no_proxy().build().expect("a plain client");
        Self { sim, clock, client, key: ("authorization", "Bearer sim".to_owned()) }
    }

    /// A request with the key; `path` begins at the origin, or is a whole link.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let (name, key) = &self.key;
        self.stranger(method, path).header(*name, key)
    }

    /// A request without a key.
    pub fn stranger(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with('/') { format!("{}{path}", self.sim.url()) } else { path.to_owned() };
        self.client.request(method, url)
    }

    pub async fn get(&self, path: &str) -> Got {
        send(self.ask(Method::GET, path)).await.expect("an answer")
    }

    pub async fn delete(&self, path: &str) -> Got {
        send(self.ask(Method::DELETE, path).json(&serde_json::json!({}))).await.expect("an answer")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Got {
        self.try_post(path, body).await.expect("an answer")
    }

    pub async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Got> {
        send(self.ask(Method::POST, path).json(body)).await
    }

    /// Until every video is done.
    pub fn wait(&self) {
        self.clock.advance_ms(DONE_MS);
    }

    /// How many submissions with this prompt started work.
    pub fn accepted(&self, prompt: &str) -> u64 {
        self.sim.counts().of_prompt(prompt).accepted
    }
}

pub async fn send(request: RequestBuilder) -> reqwest::Result<Got> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Got { status, headers, bytes: answer.bytes().await?.to_vec() })
}

/// A picture of this size.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(width, height, image::Rgb([90, 120, 30]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a picture can be written");
    bytes.into_inner()
}
