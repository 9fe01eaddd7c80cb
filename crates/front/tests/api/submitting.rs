//! What a submission leads to.

use crate::harness::{NOW_MS, PNG, World, assert_problem, channel};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use queue::{Lane, Scheduler};
use serde_json::json;
use task::{ChannelLimits, InputData, State};

#[tokio::test]
async fn a_submission_is_committed_and_then_rung() {
    let world = World::new().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let body = json!({ "prompt": "a cat", "state": "mine", "notifyHook": "http://127.0.0.1:9000/hook" });
    let reply = world.post_with("/mj/submit/imagine", body, &[("traceparent", trace)]).await;
    assert_eq!(reply.status, 200);
    let answer = reply.json();
    assert_eq!((answer["code"].as_i64(), answer["description"].as_str()), (Some(1), Some("Submitted successfully")));
    let task = world.task(reply.task()).await;
    assert_eq!((task.state, task.version, task.channel.as_str()), (State::Queued, 1, "one"));
    assert_eq!((task.reserved, task.deadline_ms), (1, NOW_MS + 3_600_000));
    assert_eq!((task.external_id.as_deref(), task.trace.as_deref()), (Some("mine"), Some(trace)));
    let callbacks = world.front.ledger.callbacks(task.id).await.expect("the ledger answers");
    assert_eq!((callbacks.len(), callbacks[0].word.as_str()), (1, "NOT_START"));
    // The bell is rung after the answer; `ready` resolves once there is something to claim.
    world.scheduler.set_filled().await.expect("is in process");
    for lane in [Lane::Submit, Lane::Notify] {
        world.scheduler.ready(lane).await;
        let batches = world.scheduler.claim(lane, 10, 1, 1000).await.expect("is in process");
        assert_eq!(batches[0].claims[0].id, task.id, "{lane}");
    }
}

#[tokio::test]
async fn every_refusal_names_its_reason_and_leaves_no_task() {
    let world = World::new().await;
    for (body, status, code, param) in [
        (json!({}), 400, "invalid_request", json!("prompt")),
        (json!({ "prompt": 5 }), 400, "invalid_request", json!("prompt")),
        (json!([]), 400, "invalid_request", json!(null)),
        (json!({ "prompt": "a Forbidden cat" }), 400, "banned_word", json!("prompt")),
        (json!({ "prompt": "x", "notifyHook": "http://10.0.0.1/" }), 400, "invalid_request", json!("notifyHook")),
        (json!({ "prompt": "x", "notifyHook": "ftp://example.com/" }), 400, "invalid_request", json!("notifyHook")),
    ] {
        let reply = world.post("/mj/submit/imagine", body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.json());
        let error = reply.json()["error"].clone();
        if param != json!(null) {
            assert_eq!((error["code"].as_str(), &error["param"]), (Some(code), &param), "{body}");
        }
        assert_eq!(reply.json()["code"], if code == "banned_word" { 24 } else { 4 }, "{body}");
    }
    assert_eq!(world.task_count().await, 0);
}

#[tokio::test]
async fn every_form_of_a_key_is_taken_and_any_other_refused() {
    let world = World::new().await;
    let submit = |headers: Vec<(&'static str, String)>, path: &'static str| {
        let mut request = axum::http::Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        world.send(request.body(Body::from(r#"{"prompt":"a cat"}"#)).expect("is a request"))
    };
    let imagine = "/mj/submit/imagine";
    for value in ["Bearer sk-test-unlimited", "bearer sk-test-unlimited", "sk-test-unlimited", "Bearer test-unlimited"]
    {
        assert_eq!(submit(vec![("authorization", value.into())], imagine).await.status, 200, "{value}");
    }
    assert_eq!(submit(vec![("mj-api-secret", "sk-test-unlimited".into())], imagine).await.status, 200);
    let wrong = ("authorization", "Bearer sk-wrong".to_owned());
    let refused = [vec![], vec![wrong.clone()], vec![wrong, ("mj-api-secret", "sk-test-unlimited".into())]];
    for headers in refused {
        let reply = submit(headers, imagine).await;
        assert_problem(&reply, 401, "invalid_api_key");
        assert_eq!(reply.json()["code"], 4, "Midjourney's shape");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_seconds() {
    let world = World::new().await;
    world.imagine("a cat").await;
    let tokens = world.front.ledger.tokens().await.expect("the ledger answers");
    world.front.ledger.revoke_token(tokens[0].id).await.expect("the ledger answers");
    world.clock.advance_ms(5_000);
    assert_problem(&world.post("/mj/submit/imagine", json!({ "prompt": "a cat" })).await, 401, "invalid_api_key");
}

#[tokio::test]
async fn quota_runs_out() {
    let mut world = World::new().await;
    world.key = world.new_key("sk-test-one", false, 1).await;
    world.imagine("a cat").await;
    let reply = world.post("/mj/submit/imagine", json!({ "prompt": "a dog" })).await;
    assert_problem(&reply, 403, "insufficient_quota");
    assert_eq!(world.task_count().await, 1);
}

#[tokio::test]
async fn without_a_channel_the_model_is_unavailable() {
    let world = World::new().await;
    world.front.ledger.remove_channel("one").await.expect("the ledger answers");
    world.front.channels.refresh().await.expect("channels can be read");
    let reply = world.post("/mj/submit/imagine", json!({ "prompt": "a cat" })).await;
    assert_problem(&reply, 503, "get_channel_failed");
    assert_eq!((reply.json()["code"].as_i64(), reply.header("retry-after")), (Some(9), "30"));
}

#[tokio::test]
async fn code_22_only_when_tasks_stand_ahead_on_every_channel() {
    let world = World::new().await;
    let narrow = |name: &str| {
        let mut channel = channel(name);
        channel.limits = ChannelLimits { slots: 1, rate_per_min: 0, burst: 1 };
        channel
    };
    world.put_channel(narrow("one")).await;
    world.put_channel(narrow("two")).await;
    let mut used = Vec::new();
    for expected in [1, 1] {
        let reply = world.post("/mj/submit/imagine", json!({ "prompt": "a cat" })).await;
        assert_eq!(reply.json()["code"], expected);
        used.push(world.task(reply.task()).await.channel);
    }
    used.sort();
    assert_eq!(used, ["one", "two"], "the second goes where there is room");
    let third = world.post("/mj/submit/imagine", json!({ "prompt": "a cat" })).await.json();
    assert_eq!(
        (third["code"].as_i64(), third["properties"]["numberOfQueues"].as_i64()),
        (Some(22), Some(1)),
        "{third}"
    );
}

#[tokio::test]
async fn large_inputs_go_to_the_store_decoded() {
    let world = World::new().await;
    let mut picture = STANDARD.decode(PNG).expect("is base64");
    picture.resize(700_000, 7);
    let text = format!("data:image/png;base64,{}", STANDARD.encode(&picture));
    let broken = format!("{}!", "A".repeat(5000));
    let body = json!({ "prompt": "x", "base64Array": [text, broken, PNG, "https://example.com/a.png"] });
    let reply = world.post("/mj/submit/imagine", body).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    let task = world.task(reply.task()).await;
    let InputData::Stored { key, content_type, bytes } = &task.spec.inputs[0].data else {
        panic!("{:?}", task.spec.inputs[0].data)
    };
    assert_eq!(key, &format!("inputs/2026/11/22/{}-0.png", task.id));
    assert_eq!((content_type.as_str(), *bytes), ("image/png", 700_000));
    let kept = std::fs::read(world.folder.path().join("store").join(key)).expect("it is in the store");
    assert_eq!(kept, picture);
    assert!(matches!(&task.spec.inputs[1].data, InputData::Broken(reason) if reason.contains("base64")));
    assert_eq!(task.spec.inputs[2].data, InputData::Inline(PNG.into()));
    assert_eq!(task.spec.inputs[3].data, InputData::Url("https://example.com/a.png".into()));
    // Inputs are nobody's to read, whoever knows the key.
    assert_eq!(world.get(&format!("/media/{key}")).await.status, 404);
}

#[tokio::test]
async fn a_store_that_is_away_accepts_nothing() {
    let world = World::new().await;
    let store = world.folder.path().join("store");
    std::fs::remove_dir_all(&store).expect("can be removed");
    std::fs::write(&store, b"in the way").expect("can be written");
    let body = json!({ "prompt": "x", "base64Array": ["A".repeat(8000)] });
    let reply = world.post("/mj/submit/imagine", body).await;
    assert_eq!((reply.status, reply.json()["code"].as_i64()), (503, Some(9)), "{}", reply.json());
    assert!(!reply.header("retry-after").is_empty());
    assert_eq!(world.task_count().await, 0);
}

#[tokio::test]
async fn uploads_answer_links_that_work() {
    let world = World::new().await;
    let path = "/mj/submit/upload-discord-images";
    let reply = world.post(path, json!({ "base64Array": [PNG, format!("data:image/png;base64,{PNG}")] })).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    let urls: Vec<String> = serde_json::from_value(reply.json()["result"].clone()).expect("is a list of URLs");
    assert_eq!(urls.len(), 2);
    assert_ne!(urls[0], urls[1]);
    for url in urls {
        let fetched = world.get(url.strip_prefix("http://127.0.0.1:8080").expect("is ours")).await;
        assert_eq!((fetched.status, fetched.header("content-type")), (200, "image/png"));
        assert_eq!(fetched.body, STANDARD.decode(PNG).expect("is base64"));
    }
    for bad in [json!(["!!"]), json!([STANDARD.encode("<html>")]), json!([PNG, ""]), json!("x")] {
        let reply = world.post(path, json!({ "base64Array": bad })).await;
        assert_eq!((reply.status, reply.json()["code"].as_i64()), (400, Some(4)), "{bad}");
    }
}

#[tokio::test]
async fn a_task_holds_what_it_costs() {
    let mut world = World::with(|settings| settings.price = 3).await;
    world.key = world.new_key("sk-test-five", false, 5).await;
    let id = world.imagine("a cat").await;
    assert_eq!(world.task(id).await.reserved, 3);
    let reply = world.post("/mj/submit/imagine", json!({ "prompt": "a dog" })).await;
    assert_problem(&reply, 403, "insufficient_quota");
    // Without a price even a token that was granted nothing is served.
    let mut free = World::with(|settings| settings.price = 0).await;
    free.key = free.new_key("sk-test-nothing", false, 0).await;
    let id = free.imagine("a cat").await;
    free.finish(id).await;
    let task = free.task(id).await;
    assert_eq!((task.reserved, task.charged), (0, 0));
}

#[tokio::test]
async fn nothing_of_an_input_is_looked_at_before_the_answer() {
    let world = World::new().await;
    let cut_short = "data:image/png;base64,iVBORw0KGgo...";
    for body in [json!({ "base64": cut_short }), json!({ "base64": "https://example.com/image.png" })] {
        let reply = world.post("/mj/submit/describe", body.clone()).await;
        assert_eq!((reply.status, reply.json()["code"].as_i64()), (200, Some(1)), "{body}: {}", reply.json());
    }
    let large = json!({ "base64": "A".repeat(31 * 1024 * 1024 / 3 * 4) });
    let reply = world.post("/mj/submit/describe", large).await;
    assert_problem(&reply, 413, "payload_too_large");
    assert_eq!((reply.json()["code"].as_i64(), reply.json()["error"]["param"].as_str()), (Some(4), Some("base64")));
}
