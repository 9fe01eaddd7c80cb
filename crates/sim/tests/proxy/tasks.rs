//! A task's life as both flavours tell it.

use crate::asker::{Asker, DONE_MS, START_MS, data_uri};

#[tokio::test]
async fn progress_rises_from_nothing_to_the_end() {
    let asker = Asker::start().await;
    let id = asker.submit("imagine", r#"{"prompt":"cat","state":"job-42"}"#).await;
    assert_eq!(id.len(), 16);
    let mut seen = Vec::new();
    for _ in 0..40 {
        let task = asker.task(&id).await;
        let word = format!("{} {}", task["status"].as_str().expect("a word"), task["progress"].as_str().expect("text"));
        if seen.last() != Some(&word) {
            seen.push(word);
        }
        asker.clock.advance_ms(100);
    }
    assert_eq!(
        seen,
        [
            "NOT_START 0%",
            "SUBMITTED 0%",
            "IN_PROGRESS 0%",
            "IN_PROGRESS 7%",
            "IN_PROGRESS 16%",
            "IN_PROGRESS 28%",
            "IN_PROGRESS 37%",
            "IN_PROGRESS 46%",
            "IN_PROGRESS 59%",
            "IN_PROGRESS 71%",
            "IN_PROGRESS 84%",
            "IN_PROGRESS 93%",
            "SUCCESS 100%",
        ]
    );
    let task = asker.task(&id).await;
    assert_eq!((task["state"].as_str(), task["action"].as_str()), (Some("job-42"), Some("IMAGINE")));
    assert_eq!(task["submitTime"], START_MS);
    assert!(task["finishTime"].as_i64().expect("it has ended") > START_MS);
    assert_eq!(task["buttons"].as_array().map(Vec::len), Some(9));
    assert_eq!(task["imageUrls"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn the_older_flavour_knows_fewer_fields_and_other_calls() {
    let asker = Asker::novicezk().await;
    let id = asker.imagined("cat").await;
    let task = asker.task(&id).await;
    assert_eq!(task["status"], "SUCCESS");
    assert!(task.get("buttons").is_none() && task.get("imageUrls").is_none());
    let changed = asker.submit("change", &format!(r#"{{"taskId":"{id}","action":"UPSCALE","index":2}}"#)).await;
    let simple = asker.submit("simple-change", &format!(r#"{{"content":"{id} V3"}}"#)).await;
    asker.clock.advance_ms(DONE_MS);
    assert_eq!(asker.task(&changed).await["action"], "UPSCALE");
    assert_eq!(asker.task(&simple).await["action"], "VARIATION");
    for call in ["action", "modal", "shorten"] {
        let (status, _) = asker.post_raw(&format!("/mj/submit/{call}"), "{}").await.expect("an answer");
        assert_eq!(status, 404, "{call}");
    }
    assert_eq!(asker.get("/mj/task/queue").await.as_array().map(Vec::len), Some(0));
    assert_eq!(asker.get("/mj/task/list").await.as_array().map(Vec::len), Some(3));
    let (status, body) = asker.get_raw("/mj/task/1/fetch").await.expect("an answer");
    assert_eq!((status, body.as_str()), (200, ""));
}

#[tokio::test]
async fn a_batch_leaves_out_what_it_does_not_know() {
    let asker = Asker::start().await;
    let (one, two) = (asker.imagined("cat").await, asker.imagined("dog").await);
    let body = format!(r#"{{"ids":["{two}","nothing","{one}"]}}"#);
    let listed = asker.post("/mj/task/list-by-condition", &body).await;
    let mut ids: Vec<&str> =
        listed.as_array().expect("an array").iter().filter_map(|task| task["id"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [one.as_str(), two.as_str()]);
    let (status, _) = asker.get_raw("/mj/task/nothing/fetch").await.expect("an answer");
    assert_eq!(status, 204);
}

#[tokio::test]
async fn the_newer_flavour_lists_the_last_hundred() {
    let asker = Asker::start().await;
    for number in 0..103 {
        asker.submit("imagine", &format!(r#"{{"prompt":"cat {number}","state":"s{number}"}}"#)).await;
        asker.clock.advance_ms(1);
    }
    let listed = asker.get("/mj/task/list").await;
    let states: Vec<&str> =
        listed.as_array().expect("an array").iter().filter_map(|task| task["state"].as_str()).collect();
    assert_eq!((states.len(), states[0], states[99]), (100, "s102", "s3"));
}

#[tokio::test]
async fn words_come_out_of_describe_and_shorten() {
    let asker = Asker::start().await;
    let described = asker.submit("describe", &format!(r#"{{"base64":"{}"}}"#, data_uri([20, 40, 200]))).await;
    let shortened = asker.submit("shorten", r#"{"prompt":"a very beautiful cat in the garden"}"#).await;
    asker.clock.advance_ms(DONE_MS);
    let text = asker.task(&described).await["promptEn"].as_str().expect("words").to_owned();
    assert!(text.lines().filter(|line| line.contains("mostly blue, 8 by 6 pixels")).count() == 4, "{text}");
    let given = asker.picture(&described).await;
    assert_eq!((given.dimensions(), given.get_pixel(0, 0).0), ((8, 6), [20, 40, 200]));
    assert_eq!(asker.task(&shortened).await["properties"]["finalPrompt"], "1. cat garden\n\n2. cat");
}

#[tokio::test]
async fn broken_bodies_are_refused_in_the_protocols_words() {
    let asker = Asker::start().await;
    let one = data_uri([1, 2, 3]);
    let cases = [
        ("imagine", r#"{"prompt":""}"#.to_owned()),
        ("imagine", r#"{"prompt":"cat","botType":"OTHER"}"#.to_owned()),
        ("imagine", r#"{"prompt":"cat","base64Array":["AAAA"]}"#.to_owned()),
        ("imagine", format!(r#"{{"prompt":"cat","state":"{}"}}"#, "s".repeat(256))),
        ("blend", format!(r#"{{"base64Array":["{one}"]}}"#)),
        ("blend", format!(r#"{{"base64Array":["{one}","{one}"],"dimensions":"ROUND"}}"#)),
        ("describe", r#"{"base64":"data:image/png;base64,%%%"}"#.to_owned()),
        ("action", r#"{"taskId":"1"}"#.to_owned()),
    ];
    for (call, body) in cases {
        let answer = asker.post(&format!("/mj/submit/{call}"), &body).await;
        assert_eq!(answer["code"], 4, "{call} {body}: {answer}");
    }
    let (status, _) = asker.post_raw("/mj/submit/imagine", "no JSON").await.expect("an answer");
    assert_eq!(status, 400);
    assert_eq!(asker.sim.counts().accepted(), 0);
}

#[tokio::test]
async fn a_secret_is_asked_for_everywhere_but_on_files() {
    let asker = Asker::with(|config| sim::SimConfig { secret: Some(task::Secret::new("hush")), ..config }).await;
    let client = crate::asker::plain_client();
    let post = |name: &'static str, value: &'static str, base: &str| {
        let request = client.post(format!("{}{base}/mj/submit/imagine", asker.sim.url())).header(name, value);
        let request = request.body(r#"{"prompt":"cat"}"#).send();
        async move { request.await.expect("an answer").status().as_u16() }
    };
    assert_eq!(post("mj-api-secret", "hush", "").await, 200);
    assert_eq!(post("authorization", "hush", "").await, 200);
    assert_eq!(post("authorization", "Bearer hush", "").await, 403);
    assert_eq!(post("mj-api-secret", "wrong", "").await, 403);
    assert_eq!(post("mj-api-secret", "wrong", "/novicezk").await, 401);
    let (status, _) = asker.get_raw("/sim/files/nothing.png").await.expect("an answer");
    assert_eq!(status, 404);
}

#[tokio::test]
async fn seeds_cancels_and_speeds() {
    let asker = Asker::start().await;
    let id = asker.imagined("cat").await;
    let seed = asker.get(&format!("/mj/task/{id}/image-seed")).await;
    assert_eq!(seed["code"], 1);
    assert!(seed["result"].as_str().is_some_and(|text| text.parse::<u32>().is_ok()), "{seed}");
    assert_eq!(asker.post(&format!("/mj/task/{id}/cancel"), "").await["code"], 4);
    let answer = asker.post("/mj-turbo/mj/submit/imagine", r#"{"prompt":"dog"}"#).await;
    let quick = answer["result"].as_str().expect("an id").to_owned();
    assert_eq!(asker.get(&format!("/mj/task/{quick}/image-seed")).await["code"], 4);
    asker.clock.advance_ms(2_000);
    let task = asker.task(&quick).await;
    assert_eq!((task["status"].as_str(), task["mode"].as_str()), (Some("SUCCESS"), Some("TURBO")));
    let stopped = asker.submit("imagine", r#"{"prompt":"cow","accountFilter":{"modes":["RELAX"]}}"#).await;
    asker.clock.advance_ms(1_000);
    assert_eq!(asker.post(&format!("/mj/task/{stopped}/cancel"), "").await["code"], 1);
    let task = asker.task(&stopped).await;
    assert_eq!((task["status"].as_str(), task["mode"].as_str()), (Some("CANCEL"), Some("RELAX")));
    let (status, _) = asker.post_raw("/mj/task/1/cancel", "").await.expect("an answer");
    assert_eq!(status, 404);
}

#[tokio::test]
async fn uploads_answer_at_once_with_links_that_work() {
    let asker = Asker::start().await;
    let body = format!(r#"{{"base64Array":["{}"]}}"#, data_uri([9, 8, 7]));
    let answer = asker.post("/mj/submit/upload-discord-images", &body).await;
    let url = answer["result"][0].as_str().expect("a link");
    let picture = image::load_from_memory(&asker.bytes(url).await.expect("a file")).expect("a picture").to_rgb8();
    assert_eq!(picture.get_pixel(0, 0).0, [9, 8, 7]);
}
