//! A sim, a clock and a client with a key.

use serde_json::{Value, json};
use sim::{Sim, SimConfig};
use std::path::Path;
use std::sync::Arc;
use task::clock::ManualClock;

pub const START_MS: i64 = 1_790_000_000_000;

/// Longer than any song takes at the default pace.
pub const DONE_MS: i64 = 10_000;

pub struct Asker {
    pub sim: Sim,
    pub clock: Arc<ManualClock>,
    client: reqwest::Client,
}

impl Asker {
    pub async fn start() -> Self {
        Self::with(Arc::new(ManualClock::new(START_MS)), None).await
    }

    pub async fn with(clock: Arc<ManualClock>, folder: Option<&Path>) -> Self {
        let _chosen_already = rustls::crypto::ring::default_provider().install_default();
        let folder = folder.map(Path::to_owned);
        let config = SimConfig { folder, hook_timer: false, ..SimConfig::new(clock.clone()) };
        let sim = Sim::start(config).await.expect("the sim starts on a free port");
        let client = reqwest::Client::builder().no_proxy().build().expect("a plain client");
        Self { sim, clock, client }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/suno{path}", self.sim.url())
    }

    pub async fn post(&self, path: &str, body: Value) -> reqwest::Result<(u16, Value)> {
        let request = self.client.post(self.url(path)).bearer_auth("key").json(&body);
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.client.get(self.url(path)).bearer_auth("key").send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Submits and tells the id that the answer names.
    pub async fn submit(&self, action: &str, body: Value) -> String {
        let (status, answer) = self.post(&format!("/suno/submit/{action}"), body).await.expect("an answer");
        assert_eq!((status, &answer["code"]), (200, &json!("success")), "{answer}");
        answer["data"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
    }

    pub async fn song(&self, prompt: &str) -> String {
        self.submit("MUSIC", json!({"gpt_description_prompt": prompt, "mv": "chirp-v4"})).await
    }

    pub async fn task(&self, id: &str) -> Value {
        let (status, answer) = self.get(&format!("/suno/fetch/{id}")).await;
        assert_eq!((status, &answer["code"]), (200, &json!("success")), "{answer}");
        answer["data"].clone()
    }

    /// Status, content type and bytes; no key is sent.
    pub async fn file(&self, url: &Value) -> reqwest::Result<(u16, String, Vec<u8>)> {
        let url = url.as_str().expect("a link");
        let answer = self.client.get(url).send().await?;
        let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok((answer.status().as_u16(), kind.to_owned(), answer.bytes().await?.to_vec()))
    }
}
