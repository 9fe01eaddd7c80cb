//! OpenAI's videos: what is refused, and the troubles.

use crate::asker::{Asker, picture, send};
use crate::openai::{VIDEOS, form};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_is_asked_for() {
    let asker = Asker::with(|config| sim::SimConfig { secret: Some(task::Secret::new("hush")), ..config }).await;
    let got = send(asker.stranger(Method::GET, VIDEOS)).await.expect("an answer");
    assert_eq!((got.status, &got.json()["error"]["type"]), (401, &json!("invalid_request_error")));
    let got = asker.get(VIDEOS).await;
    assert_eq!((got.status, &got.json()["error"]["code"]), (401, &json!("invalid_api_key")));
}

#[tokio::test]
async fn what_the_vendor_does_not_take_is_refused() {
    let asker = Asker::start().await;
    let cases = [
        (json!({}), "prompt", Value::Null),
        (json!({"prompt": ""}), "prompt", Value::Null),
        (json!({"prompt": "a", "seconds": 8}), "seconds", json!("invalid_type")),
        (json!({"prompt": "a", "seconds": "5"}), "seconds", Value::Null),
        (json!({"prompt": "a", "size": "720p"}), "size", Value::Null),
        (json!({"prompt": "a", "size": "1920x1080"}), "size", Value::Null),
        (json!({"prompt": "a", "duration": 8}), "duration", Value::Null),
        (json!({"prompt": "a", "input_reference": "https://e.com/a.png"}), "input_reference", json!("invalid_type")),
        (json!({"prompt": "a", "input_reference": {}}), "input_reference", Value::Null),
        (json!({"prompt": "a", "input_reference": {"file_id": "file-1"}}), "input_reference", Value::Null),
        (json!({"prompt": "a", "model": "film-1", "seconds": "long"}), "seconds", Value::Null),
    ];
    for (body, param, code) in cases {
        let got = asker.post(VIDEOS, &body).await;
        let error = got.json()["error"].clone();
        assert_eq!((got.status, &error["type"]), (400, &json!("invalid_request_error")), "{body}");
        assert_eq!((&error["param"], &error["code"]), (&json!(param), &code), "{body}");
    }
    let texts = [("prompt", "a"), ("input_reference", "https://e.com/a.png")];
    let got = form(&asker, &texts, None).await;
    assert_eq!((got.status, &got.json()["error"]["code"]), (400, &json!("invalid_type")), "a string in a form");
    let got = form(&asker, &[("prompt", "a"), ("size", "1280x720")], Some(&picture(64, 64))).await;
    assert_eq!((got.status, &got.json()["error"]["param"]), (400, &json!("input_reference")), "another size");
    assert_eq!(form(&asker, &[("prompt", "a")], Some(b"no picture")).await.status, 400);
    assert_eq!(asker.sim.counts().accepted(), 0);
    let got = asker.post(VIDEOS, &json!({"prompt": "a", "model": "sora-2-pro", "size": "1920x1080"})).await;
    assert_eq!(got.status, 200, "the pro model has more sizes");
}

#[tokio::test]
async fn troubles_strike_at_the_door() {
    let asker = Asker::start().await;
    let cases = [
        ("moderation", 400, "moderation_blocked"),
        ("queue-full", 429, "rate_limit_exceeded"),
        ("wrong-key", 401, "invalid_api_key"),
        ("error=insufficient_quota", 429, "insufficient_quota"),
    ];
    for (marker, status, code) in cases {
        let prompt = format!("cat [sim:{marker}]");
        let got = form(&asker, &[("prompt", &prompt)], None).await;
        assert_eq!((got.status, &got.json()["error"]["code"]), (status, &json!(code)), "{marker}");
        assert_eq!(asker.accepted(&prompt), 0, "{marker}");
    }
    let post = async |prompt: &str| asker.try_post(VIDEOS, &json!({"prompt": prompt})).await.map(|got| got.status);
    assert_eq!(post("a [sim:http=503]").await.expect("an answer"), 503);
    assert!(post("b [sim:lost-answer]").await.is_err());
    assert!(post("c [sim:lost-request]").await.is_err());
    let accepted = ["a [sim:http=503]", "b [sim:lost-answer]", "c [sim:lost-request]"];
    assert_eq!(accepted.map(|prompt| asker.accepted(prompt)), [0, 1, 0]);
    let listed = asker.get(VIDEOS).await.good();
    assert_eq!(listed["data"][0]["prompt"], "b [sim:lost-answer]", "a lost one can be found by its words");
}

#[tokio::test]
async fn videos_end_as_they_are_told() {
    let asker = Asker::start().await;
    let made = async |prompt: &str| asker.openai(&json!({"prompt": prompt})).await;
    let failed = made("a [sim:fail=no luck]").await;
    let moderated = made("b [sim:late-moderation=rude]").await;
    let odd = made("c [sim:status=pondering] [sim:stuck]").await;
    let forgotten = made("d [sim:forget=5s]").await;
    let broken = made("e [sim:artifact=cut]").await;
    asker.wait();
    let video = asker.openai_video(&failed).await;
    assert_eq!((&video["status"], &video["error"]["message"]), (&json!("failed"), &json!("no luck")));
    let video = asker.openai_video(&moderated).await;
    assert_eq!(video["error"], json!({"code": "moderation_blocked", "message": "rude"}));
    assert_eq!(asker.openai_video(&odd).await["status"], "pondering");
    assert_eq!(asker.get(&format!("{VIDEOS}/{forgotten}")).await.status, 404);
    let content = |id: &str| asker.ask(Method::GET, &format!("{VIDEOS}/{id}/content"));
    assert_eq!(send(content(&failed)).await.expect("an answer").status, 404, "a failed one has no bytes");
    assert!(send(content(&broken)).await.is_err(), "the first download breaks off");
    assert_eq!(send(content(&broken)).await.expect("the second does not").status, 200);
}
