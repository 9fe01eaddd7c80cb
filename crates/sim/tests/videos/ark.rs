//! Ark: what is made, listed, cancelled, told.

use crate::asker::{Asker, DONE_MS, START_MS, picture};
use crate::film::measures;
use crate::receiver::Receiver;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

pub const TASKS: &str = "/ark/api/v3/contents/generations/tasks";
pub const MODEL: &str = "doubao-seedance-1-0-pro-250528";

/// A body with these words, this model and these further fields.
pub fn body(model: &str, prompt: &str, more: Value) -> Value {
    let mut body = json!({"model": model, "content": [{"type": "text", "text": prompt}]});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

impl Asker {
    pub async fn ark(&self, body: &Value) -> String {
        let answer = self.post(TASKS, body).await.good();
        answer["id"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
    }

    pub async fn ark_task(&self, id: &str) -> Value {
        self.get(&format!("{TASKS}/{id}")).await.good()
    }
}

#[tokio::test]
async fn a_task_goes_through_its_states_and_gives_what_was_asked_for() {
    let asker = Asker::start().await;
    let more = json!({
        "resolution": "480p", "ratio": "9:16", "duration": 3, "seed": 7, "return_last_frame": true,
        "safety_identifier": "somebody", "callback_url": null, "frames": null, "tools": null,
    });
    let answer = asker.post(TASKS, &body(MODEL, "a cat", more)).await.good();
    let id = answer["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("cgt-") && answer["safety_identifier"] == "somebody", "{answer}");
    let mut words = Vec::new();
    for _ in 0..80 {
        let word = asker.ark_task(&id).await["status"].as_str().expect("a word").to_owned();
        if words.last() != Some(&word) {
            words.push(word);
        }
        asker.clock.advance_ms(100);
    }
    assert_eq!(words, ["queued", "running", "succeeded"]);
    let task = asker.ark_task(&id).await;
    let is = |name: &str, value: Value| assert_eq!(task[name], value, "{name} in {task}");
    is("model", json!(MODEL));
    is("seed", json!(7));
    is("resolution", json!("480p"));
    is("ratio", json!("9:16"));
    is("duration", json!(3));
    is("framespersecond", json!(24));
    is("generate_audio", json!(false));
    is("service_tier", json!("default"));
    is("execution_expires_after", json!(172_800));
    is("created_at", json!(START_MS / 1_000));
    assert_eq!(task["usage"]["total_tokens"], 480 * 854 * 24 * 3 / 1_024);
    let film = asker.stranger(Method::GET, task["content"]["video_url"].as_str().expect("a link"));
    let film = crate::asker::send(film).await.expect("the film, without a key");
    assert_eq!((film.header("content-type"), measures(&film.bytes)), ("video/mp4", (480, 854, 3_000, 1)));
    let frame = asker.get(task["content"]["last_frame_url"].as_str().expect("a link")).await;
    let frame = image::load_from_memory(&frame.bytes).expect("a picture");
    assert_eq!((frame.width(), frame.height()), (480, 854));
}

#[tokio::test]
async fn commands_in_the_text_and_frames_decide_too() {
    let asker = Asker::start().await;
    let told = asker.ark(&body(MODEL, "a dog --ratio 1:1 --dur 4 --resolution 720p", json!({}))).await;
    let won = asker.ark(&body(MODEL, "b --dur 4 --rs 480p", json!({"duration": 2}))).await;
    let framed = asker.ark(&body(MODEL, "c", json!({"frames": 49, "duration": 9, "resolution": "480p"}))).await;
    let words = "d --dur 4";
    let deaf = asker.ark(&body("doubao-seedance-2-0-260128", words, json!({"resolution": "480p"}))).await;
    asker.wait();
    assert_eq!(asker.sim.counts().of_prompt("a dog").accepted, 1, "commands are no words");
    let task = asker.ark_task(&told).await;
    assert_eq!((&task["ratio"], &task["duration"]), (&json!("1:1"), &json!(4)));
    let film = asker.get(task["content"]["video_url"].as_str().expect("a link")).await;
    assert_eq!(measures(&film.bytes), (960, 960, 4_000, 1));
    assert_eq!(asker.ark_task(&won).await["duration"], 2);
    let task = asker.ark_task(&framed).await;
    assert_eq!((&task["frames"], &task["duration"]), (&json!(49), &Value::Null));
    let task = asker.ark_task(&deaf).await;
    assert_eq!((&task["duration"], asker.accepted(words)), (&json!(5), 1), "2.x takes them for words");
    let film = asker.get(task["content"]["video_url"].as_str().expect("a link")).await;
    assert_eq!(measures(&film.bytes), (854, 480, 5_000, 2), "2.x has sound");
}

#[tokio::test]
async fn an_adaptive_ratio_follows_the_picture() {
    let asker = Asker::start().await;
    let link = format!("data:image/png;base64,{}", STANDARD.encode(picture(300, 400)));
    let first = json!({"type": "image_url", "image_url": {"url": link}, "role": "first_frame"});
    let last = json!({"type": "image_url", "image_url": {"url": "https://example.com/z.png"}, "role": "last_frame"});
    let id = asker.ark(&json!({"model": MODEL, "content": [first, last]})).await;
    assert_eq!(asker.ark_task(&id).await["ratio"], "3:4");
    let known = asker.sim.known(&id).expect("the job");
    assert_eq!(known["inputs"][0]["content_type"], "image/png");
}

#[tokio::test]
async fn tasks_are_listed_by_id_status_and_page() {
    let asker = Asker::start().await;
    let mut ids = Vec::new();
    for prompt in ["a", "b [sim:fail]", "c"] {
        ids.push(asker.ark(&body(MODEL, prompt, json!({"duration": 2}))).await);
    }
    asker.wait();
    ids.push(asker.ark(&body("ep-own", "d", json!({"duration": 2}))).await);
    let list = async |query: &str| -> (Vec<String>, u64) {
        let page = asker.get(&format!("{TASKS}?{query}")).await.good();
        let id = |task: &Value| task["id"].as_str().expect("an id").to_owned();
        let items = page["items"].as_array().expect("items").iter().map(id).collect();
        (items, page["total"].as_u64().expect("a number"))
    };
    let of = |places: &[usize]| -> Vec<String> { places.iter().map(|place| ids[*place].clone()).collect() };
    assert_eq!(list("page_num=1&page_size=3").await, (of(&[3, 2, 1]), 4));
    assert_eq!(list("page_num=2&page_size=3").await, (of(&[0]), 4));
    assert_eq!(list("filter.status=succeeded").await, (of(&[2, 0]), 2));
    assert_eq!(list("filter.model=ep-own").await, (of(&[3]), 1));
    let both = format!("filter.task_ids={}&filter.task_ids={}&filter.task_ids=cgt-none", ids[0], ids[1]);
    assert_eq!(list(&both).await, (of(&[1, 0]), 2));
    assert_eq!(asker.get(&format!("{TASKS}?page_size=501")).await.status, 400);
    asker.clock.advance_ms(7 * 24 * 3_600_000);
    assert_eq!(list("").await.1, 0, "records are kept for seven days");
}

#[tokio::test]
async fn only_what_waits_is_cancelled_and_only_what_is_over_is_deleted() {
    let asker = Asker::start().await;
    let short = json!({"duration": 2});
    let id = asker.ark(&body(MODEL, "a", short.clone())).await;
    let path = format!("{TASKS}/{id}");
    assert_eq!(asker.delete(&path).await.good(), json!({}));
    asker.wait();
    assert_eq!(asker.ark_task(&id).await["status"], "cancelled");
    assert_eq!(asker.delete(&path).await.status, 409, "a cancelled one is refused");
    asker.clock.advance_ms(24 * 3_600_000);
    assert_eq!(asker.get(&path).await.status, 404, "its record goes after a day");

    let id = asker.ark(&body(MODEL, "b", short)).await;
    let path = format!("{TASKS}/{id}");
    asker.clock.advance_ms(1_000);
    let refused = asker.delete(&path).await;
    assert_eq!((refused.status, asker.ark_task(&id).await["status"].clone()), (409, json!("running")));
    asker.wait();
    asker.delete(&path).await.good();
    assert_eq!(asker.get(&path).await.status, 404);
}

#[tokio::test]
async fn what_takes_too_long_expires() {
    let asker = Asker::start().await;
    let hook = Receiver::start().await;
    let more = json!({"execution_expires_after": 3_600, "callback_url": hook.url});
    let id = asker.ark(&body(MODEL, "a [sim:stuck]", more)).await;
    for _ in 0..3 {
        asker.clock.advance_ms(3_600_000 / 2);
        asker.sim.tick().await;
    }
    let task = asker.ark_task(&id).await;
    assert_eq!((&task["status"], &task["updated_at"]), (&json!("expired"), &json!(START_MS / 1_000 + 3_600)));
    assert!(task.get("content").is_none() && task.get("error").is_none(), "{task}");
    let words: Vec<Value> = hook.bodies().iter().map(|task| task["status"].clone()).collect();
    assert_eq!(words, ["queued", "running", "expired"]);
}

#[tokio::test]
async fn callbacks_are_what_a_poll_would_show() {
    let asker = Asker::start().await;
    let hook = Receiver::start().await;
    let run = async |prompt: &str| {
        let before = hook.all().len();
        let id = asker.ark(&body(MODEL, prompt, json!({"callback_url": hook.url, "duration": 2}))).await;
        for _ in 0..100 {
            asker.clock.advance_ms(DONE_MS / 100);
            asker.sim.tick().await;
        }
        let bodies = hook.bodies().split_off(before);
        let words: Vec<Value> = bodies.iter().map(|task| task["status"].clone()).collect();
        (id, bodies, words)
    };
    let (id, bodies, words) = run("a").await;
    assert_eq!(words, ["queued", "running", "succeeded"]);
    assert_eq!(bodies[2], asker.ark_task(&id).await);
    assert_eq!(run("b [sim:fail]").await.2, ["queued", "running", "failed"]);
    assert!(run("c [sim:no-callback]").await.2.is_empty());
}
