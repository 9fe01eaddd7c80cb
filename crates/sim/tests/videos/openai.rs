//! OpenAI's videos: what is made, downloaded, listed, told.

use crate::asker::{Asker, Got, START_MS, picture, send};
use crate::film::measures;
use crate::receiver::Receiver;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sim::SimConfig;
use task::Secret;

pub const VIDEOS: &str = "/openai/v1/videos";
const BOUNDARY: &str = "a-line-between";

/// A multipart form with these texts and perhaps a file, as official clients send it.
pub async fn form(asker: &Asker, texts: &[(&str, &str)], file: Option<&[u8]>) -> Got {
    let mut body = Vec::new();
    let head = |name: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
    for (name, text) in texts {
        body.extend(format!("{}\r\n\r\n{text}\r\n", head(name)).bytes());
    }
    if let Some(file) = file {
        let kind = "; filename=\"ref.png\"\r\nContent-Type: application/octet-stream\r\n\r\n";
        body.extend([format!("{}{kind}", head("input_reference")).as_bytes(), file, b"\r\n"].concat());
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    let request = asker.ask(Method::POST, VIDEOS).body(body);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    send(request.header("content-type", kind)).await.expect("an answer")
}

impl Asker {
    pub async fn openai(&self, body: &Value) -> String {
        let video = self.post(VIDEOS, body).await.good();
        video["id"].as_str().unwrap_or_else(|| panic!("no id in {video}")).to_owned()
    }

    pub async fn openai_video(&self, id: &str) -> Value {
        self.get(&format!("{VIDEOS}/{id}")).await.good()
    }
}

#[tokio::test]
async fn a_video_from_a_form_goes_through_its_states_and_can_be_downloaded() {
    let asker = Asker::start().await;
    let texts = [("prompt", "a cat"), ("model", "sora-2"), ("seconds", "8"), ("size", "1280x720")];
    let made = form(&asker, &texts, Some(&picture(1_280, 720))).await;
    assert!(made.header("openai-poll-after-ms").parse::<u32>().is_ok_and(|ms| ms > 0));
    let made = made.good();
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!((&made["object"], &made["status"], &made["progress"]), (&json!("video"), &json!("queued"), &json!(0)));
    let inputs = asker.sim.known(&id).expect("the job")["inputs"].clone();
    assert_eq!(inputs[0]["field"], "input_reference");
    let (mut words, mut progress) = (Vec::new(), 0);
    for _ in 0..80 {
        let video = asker.openai_video(&id).await;
        let word = video["status"].as_str().expect("a word").to_owned();
        let now = video["progress"].as_i64().expect("a number");
        assert!(now >= progress && (word == "completed") == (now == 100), "{video}");
        if words.last() != Some(&word) {
            words.push(word);
        }
        progress = now;
        asker.clock.advance_ms(100);
    }
    assert_eq!(words, ["queued", "in_progress", "completed"]);
    let video = asker.openai_video(&id).await;
    let is = |name: &str, value: Value| assert_eq!(video[name], value, "{name} in {video}");
    is("model", json!("sora-2"));
    is("seconds", json!("8"));
    is("size", json!("1280x720"));
    is("prompt", json!("a cat"));
    is("created_at", json!(START_MS / 1_000));
    let completed_s = video["completed_at"].as_i64().expect("a time");
    is("expires_at", json!(completed_s + 3_600));
    assert!(!video.to_string().contains("http"), "no link in {video}");

    let content = async |query: &str| asker.get(&format!("{VIDEOS}/{id}/content{query}")).await;
    let film = content("").await;
    assert_eq!((film.header("content-type"), measures(&film.bytes)), ("video/mp4", (1_280, 720, 8_000, 2)));
    for (variant, kind) in [("thumbnail", "image/webp"), ("spritesheet", "image/jpeg")] {
        let got = content(&format!("?variant={variant}")).await;
        assert_eq!((got.status, got.header("content-type")), (200, kind));
        image::load_from_memory(&got.bytes).expect("a picture");
    }
    assert_eq!(content("?variant=poster").await.status, 400);
    let keyless = send(asker.stranger(Method::GET, &format!("{VIDEOS}/{id}/content"))).await.expect("an answer");
    assert_eq!(keyless.status, 401, "the bytes need the key");
    asker.clock.advance_ms(3_600_000);
    assert_eq!(content("").await.status, 404, "the bytes are gone after an hour");
}

#[tokio::test]
async fn json_is_taken_too_and_other_models_may_have_other_measures() {
    let asker = Asker::start().await;
    let usual = asker.openai(&json!({"prompt": "a"})).await;
    let other = asker.openai(&json!({"prompt": "b", "model": "film-1", "seconds": "3", "size": "640x360"})).await;
    let link = format!("data:image/png;base64,{}", STANDARD.encode(picture(720, 1_280)));
    asker.openai(&json!({"prompt": "c", "input_reference": {"image_url": link}})).await;
    asker.openai(&json!({"prompt": "d", "input_reference": {"image_url": "https://example.com/a.png"}})).await;
    asker.wait();
    let video = asker.openai_video(&usual).await;
    let shown = ["model", "seconds", "size"].map(|name| video[name].as_str().unwrap_or_default());
    assert_eq!(shown, ["sora-2", "4", "720x1280"]);
    let film = asker.get(&format!("{VIDEOS}/{other}/content")).await;
    assert_eq!(measures(&film.bytes), (640, 360, 3_000, 2));
}

#[tokio::test]
async fn videos_are_listed_and_deleted_when_they_are_over() {
    let asker = Asker::start().await;
    let mut ids = Vec::new();
    for prompt in ["a", "b", "c"] {
        ids.push(asker.openai(&json!({"prompt": prompt})).await);
        asker.clock.advance_ms(1_000);
    }
    let list = async |query: &str| -> (Vec<String>, bool) {
        let page = asker.get(&format!("{VIDEOS}?{query}")).await.good();
        let id = |video: &Value| video["id"].as_str().expect("an id").to_owned();
        let all: Vec<String> = page["data"].as_array().expect("data").iter().map(id).collect();
        assert_eq!((&page["object"], page["first_id"].as_str()), (&json!("list"), all.first().map(String::as_str)));
        assert_eq!(page["last_id"].as_str(), all.last().map(String::as_str));
        (all, page["has_more"] == true)
    };
    let of = |places: &[usize]| -> Vec<String> { places.iter().map(|place| ids[*place].clone()).collect() };
    assert_eq!(list("limit=2").await, (of(&[2, 1]), true));
    assert_eq!(list(&format!("limit=2&after={}", ids[1])).await, (of(&[0]), false));
    assert_eq!(list("order=asc").await, (of(&[0, 1, 2]), false));
    assert_eq!(asker.get(&format!("{VIDEOS}?limit=101")).await.status, 400);
    let path = format!("{VIDEOS}/{}", ids[0]);
    assert_eq!(asker.delete(&path).await.status, 400, "a running one can't be stopped");
    asker.wait();
    let gone = asker.delete(&path).await.good();
    assert_eq!(gone, json!({"id": ids[0], "object": "video.deleted", "deleted": true}));
    assert_eq!(asker.get(&path).await.status, 404);
    assert_eq!(list("").await, (of(&[2, 1]), false));
}

#[tokio::test]
async fn a_remix_has_other_words_and_the_same_measures() {
    let asker = Asker::start().await;
    let id = asker.openai(&json!({"prompt": "a", "seconds": "8", "size": "1280x720"})).await;
    let path = format!("{VIDEOS}/{id}/remix");
    assert_eq!(asker.post(&path, &json!({"prompt": "b"})).await.status, 400, "it is not completed yet");
    asker.wait();
    let remix = asker.post(&path, &json!({"prompt": "b"})).await.good();
    let shown = ["prompt", "seconds", "size", "remixed_from_video_id"].map(|name| remix[name].clone());
    assert_eq!(shown, [json!("b"), json!("8"), json!("1280x720"), json!(id)]);
    assert_eq!(asker.post(&format!("{VIDEOS}/video_none/remix"), &json!({"prompt": "b"})).await.status, 404);
}

/// HMAC-SHA256 (RFC 2104) of a key of 24 bytes.
fn hmac(key: &[u8; 24], message: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| (0..64).map(|place| key.get(place).unwrap_or(&0) ^ byte).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

#[tokio::test]
async fn the_projects_webhook_is_signed_and_names_only_the_id() {
    let hook = Receiver::start().await;
    let (url, key) = (hook.url.clone(), [7; 24]);
    let secret = format!("whsec_{}", STANDARD.encode(key));
    let change = |config| SimConfig { hook_url: Some(url), hook_secret: Some(Secret::new(secret.as_str())), ..config };
    let asker = Asker::with(change).await;
    let done = asker.openai(&json!({"prompt": "a"})).await;
    let failed = asker.openai(&json!({"prompt": "b [sim:fail] [sim:callback-twice]"})).await;
    asker.wait();
    asker.sim.tick().await;
    let mut told: Vec<(Value, Value)> =
        hook.bodies().iter().map(|event| (event["type"].clone(), event["data"].clone())).collect();
    told.sort_by_key(|(kind, _)| kind.to_string());
    let event = |kind: &str, id: &str| (json!(kind), json!({"id": id}));
    let failure = event("video.failed", &failed);
    assert_eq!(told, [event("video.completed", &done), failure.clone(), failure]);
    let mut deliveries = Vec::new();
    for (headers, body) in hook.all() {
        let header = |name: &str| headers[name].to_str().expect("ASCII").to_owned();
        let (delivery, at_s) = (header("webhook-id"), header("webhook-timestamp"));
        let message = [format!("{delivery}.{at_s}.").as_bytes(), &body].concat();
        assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(hmac(&key, &message))));
        deliveries.push(delivery);
    }
    deliveries.sort();
    deliveries.dedup();
    assert_eq!(deliveries.len(), 2, "what is sent twice has the same id");
}
