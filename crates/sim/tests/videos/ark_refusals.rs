//! Ark: what is refused, and the troubles.

use crate::ark::{MODEL, TASKS, body};
use crate::asker::{Asker, send};
use reqwest::Method;
use serde_json::{Value, json};

const SECOND: &str = "doubao-seedance-2-0-260128";

#[tokio::test]
async fn a_key_is_asked_for() {
    let asker = Asker::start().await;
    let got = send(asker.stranger(Method::GET, TASKS)).await.expect("an answer");
    assert_eq!((got.status, &got.json()["error"]["code"]), (401, &json!("AuthenticationError")));
}

#[tokio::test]
async fn what_the_vendor_does_not_take_is_refused() {
    let asker = Asker::start().await;
    let image = |role: &str| json!({"type": "image_url", "image_url": {"url": "https://e.com/a.png"}, "role": role});
    let content = |items: &[Value]| json!({"content": items});
    let video = |url: &str| json!({"type": "video_url", "video_url": {"url": url}});
    let audio = json!({"type": "audio_url", "audio_url": {"url": "https://e.com/a.mp3"}});
    let cases = [
        (MODEL, json!({"duration": "5"}), "InvalidParameter", "duration"),
        (MODEL, json!({"duration": 13}), "InvalidParameter", "duration"),
        (MODEL, json!({"duration": -1}), "InvalidParameter", "duration"),
        (MODEL, json!({"frames": 30}), "InvalidParameter", "frames"),
        (MODEL, json!({"ratio": "2:1"}), "InvalidParameter", "ratio"),
        (MODEL, json!({"resolution": "720P"}), "InvalidParameter", "resolution"),
        (MODEL, json!({"seed": -2}), "InvalidParameter", "seed"),
        (MODEL, json!({"watermark": "true"}), "InvalidParameter", "watermark"),
        (MODEL, json!({"draft": true}), "InvalidParameter", "draft"),
        (MODEL, json!({"callback_url": "somewhere"}), "InvalidParameter", "callback_url"),
        (MODEL, json!({"execution_expires_after": 60}), "InvalidParameter", "execution_expires_after"),
        (SECOND, json!({"service_tier": "flex"}), "InvalidParameter", "service_tier"),
        (SECOND, json!({"duration": 3}), "InvalidParameter", "duration"),
        ("", json!({}), "MissingParameter", "model"),
        (MODEL, json!({"content": null}), "MissingParameter", "content"),
        (MODEL, content(&[]), "MissingParameter", "content.text"),
        (MODEL, content(&[image("first_frame"), image("reference_image")]), "InvalidParameter", "content"),
        (MODEL, content(&[image("last_frame")]), "InvalidParameter", "content"),
        (MODEL, content(&[image("hero")]), "InvalidParameter", "role"),
        (MODEL, content(&[video("https://e.com/a.mp4")]), "InvalidParameter", "content"),
        (SECOND, content(&[video("data:video/mp4;base64,AAAA")]), "InvalidParameter", "content.video_url.url"),
        (SECOND, content(&[audio]), "InvalidParameter", "content"),
    ];
    for (model, more, code, param) in cases {
        let got = asker.post(TASKS, &body(model, "a cat", more.clone())).await;
        let error = got.json()["error"].clone();
        assert_eq!(
            (got.status, &error["code"], &error["param"]),
            (400, &json!(code), &json!(param)),
            "{more}: {error}"
        );
    }
    assert_eq!(asker.sim.counts().accepted(), 0);
}

#[tokio::test]
async fn a_draft_is_finished_only_when_it_is_there() {
    let asker = Asker::start().await;
    let model = "doubao-seedance-1-5-pro-251215";
    let draft = asker.ark(&body(model, "a cat", json!({"draft": true}))).await;
    let finish = json!({"model": model, "content": [{"type": "draft_task", "draft_task": {"id": draft}}]});
    assert_eq!(asker.post(TASKS, &finish).await.status, 400, "it is not done yet");
    asker.wait();
    let task = asker.ark_task(&draft).await;
    assert_eq!((&task["draft"], &task["resolution"]), (&json!(true), &json!("480p")));
    let id = asker.ark(&finish).await;
    assert_eq!(asker.ark_task(&id).await["draft_task_id"], json!(draft));
}

#[tokio::test]
async fn troubles_strike_at_the_door() {
    let asker = Asker::start().await;
    let cases = [
        ("moderation", 400, "InputTextSensitiveContentDetected"),
        ("queue-full", 429, "ServerOverloaded"),
        ("wrong-key", 401, "AuthenticationError"),
        ("error=QuotaExceeded", 429, "QuotaExceeded"),
        ("error=InternalServiceError", 500, "InternalServiceError"),
    ];
    for (marker, status, code) in cases {
        let prompt = format!("cat [sim:{marker}]");
        let got = asker.post(TASKS, &body(MODEL, &prompt, json!({}))).await;
        assert_eq!((got.status, &got.json()["error"]["code"]), (status, &json!(code)), "{marker}");
        assert_eq!(asker.accepted(&prompt), 0, "{marker}");
    }
    let post = async |prompt: &str| asker.try_post(TASKS, &body(MODEL, prompt, json!({}))).await.map(|got| got.status);
    assert_eq!(post("a [sim:http=503]").await.expect("an answer"), 503);
    assert_eq!(post("b [sim:http-after=502]").await.expect("an answer"), 502);
    assert!(post("c [sim:lost-answer]").await.is_err());
    assert!(post("d [sim:lost-request]").await.is_err());
    let accepted = ["a [sim:http=503]", "b [sim:http-after=502]", "c [sim:lost-answer]", "d [sim:lost-request]"]
        .map(|prompt| asker.accepted(prompt));
    assert_eq!(accepted, [0, 1, 1, 0]);
}

#[tokio::test]
async fn tasks_end_as_they_are_told() {
    let asker = Asker::start().await;
    let task = async |prompt: &str| asker.ark(&body(MODEL, prompt, json!({"duration": 2}))).await;
    let failed = task("a [sim:fail=no luck]").await;
    let coded = task("b [sim:fail=#ModelLoadingError not now]").await;
    let moderated = task("c [sim:late-moderation=rude]").await;
    let empty = task("d [sim:outputs=0]").await;
    let forgotten = task("e [sim:forget=5s]").await;
    let polled = task("f [sim:poll-http=503]").await;
    asker.wait();
    let error = async |id: &str| asker.ark_task(id).await["error"].clone();
    assert_eq!(error(&failed).await, json!({"code": "InternalServiceError", "message": "no luck"}));
    assert_eq!(error(&coded).await, json!({"code": "ModelLoadingError", "message": "not now"}));
    assert_eq!(error(&moderated).await, json!({"code": "OutputVideoSensitiveContentDetected", "message": "rude"}));
    let task = asker.ark_task(&empty).await;
    assert_eq!((&task["status"], &task["content"]), (&json!("succeeded"), &json!({})));
    assert_eq!(asker.get(&format!("{TASKS}/{forgotten}")).await.status, 404);
    assert_eq!(asker.get(&format!("{TASKS}/{polled}")).await.status, 503);
    assert_eq!(asker.ark_task(&polled).await["status"], "succeeded");
}
