//! Films on `/v1/videos`: forms, what is fitted, headers, lists, and the models that are on offer.

use crate::harness::{Reply, World, assert_problem, channel};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use serde_json::{Value, json};
use task::{Channel, InputData, Size, TaskId};

const VIDEOS: &str = "/v1/videos";

fn films(name: &str) -> Channel {
    Channel { dialect: "openai_videos".into(), ..channel(name) }
}

async fn world() -> World {
    let world = World::new().await;
    world.put_channel(films("films")).await;
    world
}

fn id_of(reply: &Reply) -> TaskId {
    let body = reply.json();
    assert_eq!(reply.status, 200, "{body}");
    let id = ["id", "task_id"].iter().find_map(|name| body[name].as_str());
    id.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no task id in {body}"))
}

async fn film(world: &World, prompt: &str) -> TaskId {
    id_of(&world.post(VIDEOS, json!({ "model": "sora-2", "prompt": prompt })).await)
}

/// A form with a prompt and one file that does not say what it is.
async fn send_form(world: &World, file: &[u8]) -> Reply {
    let mut body = b"--X\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na wave\r\n--X\r\n\
        Content-Disposition: form-data; name=\"input_reference\"; filename=\"a\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n"
        .to_vec();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--X--\r\n");
    let request = world.request("POST", VIDEOS).header("content-type", "multipart/form-data; boundary=X");
    world.send(request.body(Body::from(body)).expect("is a request")).await
}

#[tokio::test]
async fn a_form_s_file_is_in_the_store_when_the_task_is_open() {
    let world = world().await;
    let picture = STANDARD.decode(crate::harness::PNG).expect("is base64");
    let task = world.task(id_of(&send_form(&world, &picture).await)).await;
    assert_eq!(task.spec.inputs.len(), 1);
    let InputData::Stored { key, content_type, bytes } = &task.spec.inputs[0].data else {
        panic!("it was not stored: {:?}", task.spec.inputs)
    };
    assert_eq!((content_type.as_str(), *bytes), ("image/png", picture.len() as u64), "by its own first bytes");
    assert!(key.starts_with("inputs/2026/11/22/") && key.contains(&task.id.to_string()), "{key}");
    let (_, stream) = world.front.store.get_range(key, None).await.expect("it is in the store");
    let stored: Vec<bytes::Bytes> = stream.try_collect().await.expect("it can be read");
    assert_eq!(stored.concat(), picture);
    assert_problem(&world.get(&format!("/media/{key}")).await, 404, "file_not_found");
}

#[tokio::test]
async fn an_empty_file_fails_its_task_and_a_huge_one_the_request() {
    let world = world().await;
    let task = world.task(id_of(&send_form(&world, b"").await)).await;
    assert!(matches!(&task.spec.inputs[0].data, InputData::Broken(why) if why.contains("empty")), "{:?}", task.spec);
    let huge = send_form(&world, &vec![7; (30 << 20) + 1]).await;
    assert_problem(&huge, 413, "payload_too_large");
    assert_eq!(world.task_count().await, 1);
}

#[tokio::test]
async fn what_is_fitted_is_told_with_the_answer() {
    let world = world().await;
    let asked = json!({ "model": "sora-2", "prompt": "a wave", "size": "1920x1080", "duration": 10 });
    let reply = world.post(VIDEOS, asked).await;
    let task = world.task(id_of(&reply)).await;
    assert_eq!((task.spec.seconds, task.spec.size), (Some(10.0), Some(Size { width: 1920, height: 1080 })));
    assert_eq!((task.seconds(), task.size()), (Some(12.0), Some(Size { width: 1792, height: 1024 })));
    let body = reply.json();
    assert_eq!((&body["seconds"], &body["size"]), (&json!("12"), &json!("1792x1024")));
    assert_eq!(task.warnings.len(), 2, "{:?}", task.warnings);
    let neutral = world.get(&format!("/v1/tasks/{}", task.id)).await.json();
    assert_eq!(neutral["warnings"], json!(task.warnings));
    let plain = world.task(id_of(&world.post(VIDEOS, json!({ "prompt": "a wave", "seconds": "8" })).await)).await;
    assert_eq!((plain.seconds(), plain.warnings), (Some(8.0), vec![]));
}

#[tokio::test]
async fn a_family_s_headers_go_with_every_answer_about_one_task() {
    let world = world().await;
    let poll_after = |reply: &Reply| reply.header("openai-poll-after-ms").parse::<u32>().ok();
    let body = json!({ "prompt": "a wave" });
    let submitted = world.post_with(VIDEOS, body.clone(), &[("idempotency-key", "one")]).await;
    let id = id_of(&submitted);
    let again = world.post_with(VIDEOS, body, &[("idempotency-key", "one")]).await;
    assert_eq!(id_of(&again), id);
    let held = world.post_with(VIDEOS, json!({ "prompt": "held" }), &[("prefer", "wait=0")]).await;
    let shown = world.get(&format!("{VIDEOS}/{id}")).await;
    for reply in [&submitted, &again, &held, &shown] {
        assert!(poll_after(reply).is_some_and(|ms| (2_000..=10_000).contains(&ms)), "{:?}", reply.headers);
    }
    let neutral = world.get(&format!("/v1/tasks/{id}")).await;
    assert_eq!(poll_after(&neutral), None, "another family's answer");
}

#[tokio::test]
async fn a_deleted_film_is_answered_as_one_and_is_gone() {
    let world = world().await;
    let (queued, done) = (film(&world, "one").await, film(&world, "two").await);
    world.finish(done).await;
    for id in [queued, done] {
        let request = world.request("DELETE", &format!("{VIDEOS}/{id}")).body(Body::empty()).expect("is a request");
        let reply = world.send(request).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json(), json!({ "id": id, "object": "video.deleted", "deleted": true }));
    }
    assert_problem(&world.get(&format!("{VIDEOS}/{done}")).await, 404, "task_not_exist");
    let stopped = world.get(&format!("{VIDEOS}/{queued}")).await.json();
    assert_eq!(stopped["status"], "failed", "a stopped one is shown until it is deleted again");
}

#[tokio::test]
async fn a_list_goes_either_way_and_holds_its_own_group_alone() {
    let world = world().await;
    let mut made = Vec::new();
    for n in 0..4 {
        world.clock.advance_ms(1);
        made.push(film(&world, &format!("film {n}")).await.to_string());
        world.imagine("no film").await;
    }
    let listed = async |query: &str| {
        let body = world.get(&format!("{VIDEOS}?{query}")).await.json();
        let ids = body["data"].as_array().expect("is a list").iter();
        let ids: Vec<String> = ids.map(|film| film["id"].as_str().expect("has an id").to_owned()).collect();
        (ids, body["has_more"].as_bool().expect("says so"))
    };
    let reversed: Vec<String> = made.iter().rev().cloned().collect();
    assert_eq!(listed("").await, (reversed.clone(), false));
    assert_eq!(listed("limit=3").await, (reversed[..3].to_vec(), true));
    assert_eq!(listed("order=asc&limit=2").await, (made[..2].to_vec(), true));
    assert_eq!(listed(&format!("order=asc&after={}", made[1])).await, (made[2..].to_vec(), false));
    assert_eq!(listed(&format!("after={}", made[2])).await, (reversed[2..].to_vec(), false));
    assert_eq!(listed("limit=0").await, (vec![], true));
}

#[tokio::test]
async fn models_are_those_that_a_channel_serves() {
    let world = world().await;
    let own = Channel { models: vec!["house-film=upstream-film".into()], ..films("own") };
    world.put_channel(Channel { created_ms: 5_000, ..own }).await;
    let list = world.get("/v1/models").await.json();
    let cards = list["data"].as_array().expect("is a list");
    let ids: Vec<&str> = cards.iter().map(|card| card["id"].as_str().expect("has an id")).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    for (id, is_there) in [("sora-2", true), ("mj_imagine", true), ("house-film", true), ("kling-v3", false)] {
        assert_eq!(ids.contains(&id), is_there, "{id}");
    }
    for path in ["/v1/models/wan-ai/wan2.1-i2v-14b-720p", "/v1/models/wan-ai%2Fwan2.1-i2v-14b-720p/"] {
        let shown = world.get(path).await;
        assert_eq!((shown.status, &shown.json()["id"]), (200, &json!("wan-ai/wan2.1-i2v-14b-720p")), "{path}");
    }
    assert_eq!(world.get("/v1/models/house-film").await.json()["created"], 5);
    assert_problem(&world.get("/v1/models/kling-v3").await, 404, "model_not_found");
    let keyless = axum::http::Request::get("/v1/models").body(Body::empty()).expect("is a request");
    assert_eq!(world.send(keyless).await.status, 401);
}

#[tokio::test]
async fn an_unknown_model_is_400_and_one_without_a_channel_503() {
    let world = World::new().await;
    let submit = async |model: &str| world.post(VIDEOS, json!({ "model": model, "prompt": "a wave" })).await;
    for unknown in ["no-such-model", "mj_imagine", "kling-v3"] {
        assert_problem(&submit(unknown).await, 400, "model_not_found");
    }
    let away = submit("sora-2").await;
    assert_problem(&away, 503, "get_channel_failed");
    let message = away.json()["error"]["message"].as_str().map(str::to_owned);
    assert_eq!(message.as_deref(), Some("model sora-2 is temporarily unavailable, please try again later"));
    assert_ne!(away.header("retry-after"), "");
    let own = Channel { models: vec!["house-film=upstream-film".into()], ..films("own") };
    world.put_channel(own).await;
    let task = world.task(id_of(&submit("house-film").await)).await;
    assert_eq!((task.channel.as_str(), task.upstream_model.as_str()), ("own", "upstream-film"));
    assert_problem(&submit("sora-2").await, 503, "get_channel_failed");
    assert_eq!(world.task_count().await, 1);
}

/// What no route owns is refused in the words of the family that is nearest.
#[tokio::test]
async fn an_unknown_path_below_a_family_s_route_is_answered_in_its_shape() {
    let world = world().await;
    let film = world.get("/v1/videos/x/y/z").await;
    assert_problem(&film, 404, "endpoint_not_found");
    assert_ne!(film.json()["code"], Value::Null, "a task family names its code outside of error as well");
}

#[tokio::test]
async fn more_pictures_than_any_channel_takes_are_refused_at_the_door() {
    let world = world().await;
    let with = |count: usize| {
        let images = vec!["https://example.com/a.png"; count];
        json!({ "model": "sora-2", "prompt": "a wave", "images": images })
    };
    assert_problem(&world.post(VIDEOS, with(2)).await, 400, "invalid_request");
    id_of(&world.post(VIDEOS, with(1)).await);
    world.put_channel(Channel { dialect: "fal_queue".into(), ..channel("relay") }).await;
    assert_problem(&world.post(VIDEOS, with(2)).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_task_goes_to_no_channel_that_could_never_take_it() {
    let world = world().await;
    world.put_channel(Channel { dialect: "fal_queue".into(), priority: 5, ..channel("relay") }).await;
    world.put_channel(Channel { dialect: "kling".into(), ..channel("vendor") }).await;
    let images = json!([{ "image": "https://example.com/a.png" }, { "image": "https://example.com/b.png" }]);
    let order = json!({ "model_name": "kling-v1-6", "prompt": "both of them", "image_list": images });
    let task = world.task(id_of(&world.post("/kling/v1/videos/multi-image2video", order).await)).await;
    assert_eq!(task.channel, "vendor", "the better relay has no way for two pictures to go by");
}
