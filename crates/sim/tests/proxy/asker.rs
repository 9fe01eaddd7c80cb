//! A sim, a clock and a client.

use serde_json::Value;
use sim::{Sim, SimConfig};
use std::sync::Arc;
use task::clock::ManualClock;

pub const START_MS: i64 = 1_790_000_000_000;

/// Longer than any picture takes at the default pace.
pub const DONE_MS: i64 = 10_000;

pub struct Asker {
    pub sim: Sim,
    pub clock: Arc<ManualClock>,
    client: reqwest::Client,
    base: &'static str,
}

/// A configuration with small pictures and without a timer.
pub fn config(clock: &Arc<ManualClock>) -> SimConfig {
    SimConfig { picture_px: 128, hook_timer: false, ..SimConfig::new(clock.clone()) }
}

impl Asker {
    pub async fn start() -> Self {
        Self::with(|config| config).await
    }

    pub async fn with(change: impl FnOnce(SimConfig) -> SimConfig) -> Self {
        let clock = Arc::new(ManualClock::new(START_MS));
        let sim = Sim::start(change(config(&clock))).await.expect("the sim starts on a free port");
        let client = plain_client();
        Self { sim, clock, client, base: "" }
    }

    /// The same sim, asked as a novicezk proxy.
    pub async fn novicezk() -> Self {
        Self { base: "/novicezk", ..Self::start().await }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.sim.url(), self.base)
    }

    pub async fn post_raw(&self, path: &str, body: &str) -> reqwest::Result<(u16, String)> {
        let request = self.client.post(self.url(path)).header("content-type", "application/json");
        let response = request.body(body.to_owned()).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    pub async fn post(&self, path: &str, body: &str) -> Value {
        let (_, text) = self.post_raw(path, body).await.expect("the sim answers");
        serde_json::from_str(&text).expect("the answer is JSON")
    }

    pub async fn get_raw(&self, path: &str) -> reqwest::Result<(u16, String)> {
        let response = self.client.get(self.url(path)).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (_, text) = self.get_raw(path).await.expect("the sim answers");
        serde_json::from_str(&text).expect("the answer is JSON")
    }

    pub async fn task(&self, id: &str) -> Value {
        self.get(&format!("/mj/task/{id}/fetch")).await
    }

    /// Submits and tells the id that the answer names.
    pub async fn submit(&self, call: &str, body: &str) -> String {
        let answer = self.post(&format!("/mj/submit/{call}"), body).await;
        answer["result"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
    }

    /// A finished imagine of this prompt.
    pub async fn imagined(&self, prompt: &str) -> String {
        let id = self.submit("imagine", &format!(r#"{{"prompt":"{prompt}"}}"#)).await;
        self.clock.advance_ms(DONE_MS);
        id
    }

    pub async fn bytes(&self, url: &str) -> reqwest::Result<Vec<u8>> {
        let response = self.client.get(url).send().await?.error_for_status()?;
        assert!(response.content_length().is_some(), "a file announces its length");
        Ok(response.bytes().await?.to_vec())
    }

    /// The picture at a task's `imageUrl`.
    pub async fn picture(&self, id: &str) -> image::RgbImage {
        let task = self.task(id).await;
        let url = task["imageUrl"].as_str().unwrap_or_else(|| panic!("no picture in {task}"));
        image::load_from_memory(&self.bytes(url).await.expect("a whole file")).expect("a real picture").to_rgb8()
    }
}

/// A PNG file of one colour as a data URI.
pub fn data_uri(colour: [u8; 3]) -> String {
    use base64::Engine;
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(8, 6, image::Rgb(colour));
    picture.write_to(&mut file, image::ImageFormat::Png).expect("PNG in memory");
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(file.into_inner()))
}

/// A client for requests that no [`Asker`] makes. The TLS provider is chosen once in a process.
pub fn plain_client() -> reqwest::Client {
    let _chosen_already = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a plain client")
}
