//! A sim, a clock and a client with a key.

use serde_json::{Value, json};
use sim::{Sim, SimConfig};
use std::sync::Arc;
use task::Secret;
use task::clock::ManualClock;

/// Longer than any song takes at the default pace.
pub const DONE_MS: i64 = 10_000;

/// Where callbacks go that nobody waits for.
pub const NOWHERE: &str = "http://127.0.0.1:9/hook";

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
        format!("{}/sunoapi{path}", self.sim.url())
    }

    pub async fn post(&self, path: &str, body: Value) -> reqwest::Result<(u16, Value)> {
        let answer = self.client.post(self.url(path)).bearer_auth("key").json(&body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.client.get(self.url(path)).bearer_auth("key").send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// The code of the answer to a submission, which comes in HTTP 200.
    pub async fn code(&self, path: &str, body: Value) -> i64 {
        let (status, answer) = self.post(path, body).await.expect("an answer");
        assert_eq!(status, 200, "{answer}");
        answer["code"].as_i64().unwrap_or_else(|| panic!("no code in {answer}"))
    }

    pub async fn submit(&self, path: &str, body: Value) -> String {
        let (status, answer) = self.post(path, body).await.expect("an answer");
        assert_eq!((status, &answer["code"]), (200, &json!(200)), "{answer}");
        answer["data"]["taskId"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
    }

    pub async fn song(&self, prompt: &str) -> String {
        self.submit("/api/v1/generate", song(prompt)).await
    }

    pub async fn record(&self, id: &str) -> Value {
        self.data(&format!("/api/v1/generate/record-info?taskId={id}")).await
    }

    pub async fn data(&self, path: &str) -> Value {
        let (status, answer) = self.get(path).await;
        assert_eq!((status, &answer["code"]), (200, &json!(200)), "{answer}");
        answer["data"].clone()
    }

    /// Status, content type and bytes; no key is sent.
    pub async fn file(&self, url: &Value) -> reqwest::Result<(u16, String, Vec<u8>)> {
        let answer = self.client.get(url.as_str().expect("a link")).send().await?;
        let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok((answer.status().as_u16(), kind.to_owned(), answer.bytes().await?.to_vec()))
    }
}

/// A song that is described in a sentence.
pub fn song(prompt: &str) -> Value {
    json!({"customMode": false, "instrumental": false, "model": "V4_5", "prompt": prompt, "callBackUrl": NOWHERE})
}
