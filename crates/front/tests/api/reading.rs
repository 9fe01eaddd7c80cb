//! Showing, listing, and who may see what.

use crate::harness::{World, assert_problem, bits};
use ledger::{Opened, Opening};
use serde_json::{Value, json};
use task::{Failure, FailureKind, Step};

fn ids(list: &Value) -> Vec<String> {
    list.as_array().expect("is a list").iter().map(|task| task["id"].as_str().expect("has an id").to_owned()).collect()
}

#[tokio::test]
async fn a_task_is_shown_in_every_shape_that_serves_it() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    let shown = world.get(&format!("/mj/task/{id}/fetch")).await;
    assert_eq!(shown.status, 200);
    assert_eq!(
        (shown.json()["id"].as_str(), shown.json()["status"].as_str()),
        (Some(&*id.to_string()), Some("NOT_START"))
    );
    world.finish(id).await;
    let done = world.get(&format!("/mj/task/{id}/fetch/")).await.json();
    let url = format!("http://127.0.0.1:8080/media/task-artifacts/2026/11/22/midjourney/IMAGINE/{id}.png");
    assert_eq!((done["status"].as_str(), done["imageUrl"].as_str()), (Some("SUCCESS"), Some(&*url)));
    let neutral = world.get(&format!("/v1/tasks/{id}")).await.json();
    assert_eq!((neutral["status"].as_str(), &neutral["outputs"][0]["url"]), (Some("succeeded"), &json!(url)));
}

#[tokio::test]
async fn progress_that_only_this_process_knows_is_shown() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    world.run(id).await;
    world.front.ledger.note_progress(id, 65, None);
    assert_eq!(world.get(&format!("/mj/task/{id}/fetch")).await.json()["progress"], "65%");
    assert_eq!(world.get("/v1/tasks").await.json()["data"][0]["progress"], 65);
}

#[tokio::test]
async fn another_tenants_task_answers_exactly_as_a_missing_one() {
    let mut world = World::new().await;
    let theirs = world.imagine("a cat").await;
    let hidden = world.imagine("a dog").await;
    world.front.ledger.hide_task(hidden).await.expect("the ledger answers");
    let own_hidden = world.get(&format!("/mj/task/{hidden}/fetch")).await;
    assert_problem(&own_hidden, 404, "task_not_exist");
    world.key = world.new_key("sk-test-other", true, 0).await;
    let missing = bits(&*world.entropy);
    for path in ["/mj/task/{id}/fetch", "/mj/task/{id}/image-seed", "/v1/tasks/{id}", "/v1/tasks/{id}/events"] {
        let mut bodies = Vec::new();
        for id in [theirs.to_string(), missing.to_string(), "nonsense".to_owned(), "%ff".to_owned()] {
            let reply = world.get(&path.replace("{id}", &id)).await;
            assert_problem(&reply, 404, "task_not_exist");
            let mut body = reply.json();
            body["error"]["request_id"] = Value::Null;
            bodies.push(body);
        }
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{path}: {bodies:?}");
    }
    for path in [format!("/mj/task/{theirs}/cancel"), format!("/v1/tasks/{theirs}/cancel")] {
        assert_problem(&world.post(&path, json!({})).await, 404, "task_not_exist");
    }
    let body = json!({ "taskId": theirs, "customId": "MJ::JOB::upsample::1::x" });
    assert_eq!(world.post("/mj/submit/action", body).await.status, 404);
    let listed = world.post("/mj/task/list-by-condition", json!({ "ids": [theirs] })).await.json();
    assert_eq!(listed, json!([]));
    assert_eq!(world.get("/v1/tasks").await.json()["data"], json!([]));
}

#[tokio::test]
async fn many_are_shown_in_the_order_asked_each_once() {
    let world = World::new().await;
    let (a, b) = (world.imagine("a").await, world.imagine("b").await);
    let asked = json!({ "ids": [b, "nonsense", a, b, bits(&*world.entropy)] });
    let listed = world.post("/mj/task/list-by-condition", asked).await.json();
    assert_eq!(ids(&listed), [b.to_string(), a.to_string()]);
    assert_eq!(world.post("/mj/task/list-by-condition", json!({})).await.json(), json!([]));
    let too_many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
    assert_eq!(world.post("/mj/task/list-by-condition", json!({ "ids": too_many })).await.status, 400);
}

#[tokio::test]
async fn a_list_is_newest_first_in_pages_and_filtered() {
    let world = World::new().await;
    let mut made = Vec::new();
    for n in 0..5 {
        world.clock.advance_ms(1);
        made.push(world.imagine(&format!("cat {n}")).await.to_string());
    }
    made.reverse();
    let failed: task::TaskId = made[1].parse().expect("is an id");
    world.step(failed, Step::Fail(Failure::never(FailureKind::Upstream, "no", "no"))).await;
    let first = world.get("/v1/tasks?limit=2").await.json();
    assert_eq!((ids(&first["data"]), first["has_more"].as_bool()), (made[..2].to_vec(), Some(true)));
    let rest = world.get(&format!("/v1/tasks?limit=3&after={}", made[1])).await.json();
    assert_eq!((ids(&rest["data"]), rest["has_more"].as_bool()), (made[2..].to_vec(), Some(false)));
    let filtered = world.get("/v1/tasks?status=failed&family=midjourney&model=mj_imagine").await.json();
    assert_eq!(ids(&filtered["data"]), [failed.to_string()]);
    for (query, param) in [("limit=0", "limit"), ("limit=101", "limit"), ("status=odd", "status"), ("after=x", "after")]
    {
        let reply = world.get(&format!("/v1/tasks?{query}")).await;
        assert_eq!((reply.status, reply.json()["error"]["param"].as_str()), (400, Some(param)), "{query}");
    }
}

#[tokio::test]
async fn concurrent_reads_each_get_their_own_task() {
    let world = World::new().await;
    let mut made = Vec::new();
    for n in 0..20 {
        made.push(world.imagine(&format!("cat {n}")).await);
    }
    let reads = (0..200).map(|n| {
        let (id, world) = (made[n % 20], &world);
        async move { (id, world.get(&format!("/v1/tasks/{id}")).await.json()) }
    });
    for (id, shown) in futures::future::join_all(reads).await {
        assert_eq!(shown["id"], id.to_string());
    }
}

#[tokio::test]
async fn the_picture_needs_no_key_and_comes_only_after_success() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    let open = |method: &str, path: String| {
        let request = axum::http::Request::builder().method(method).uri(path);
        world.send(request.body(axum::body::Body::empty()).expect("is a request"))
    };
    assert_eq!(open("GET", format!("/mj/image/{id}")).await.status, 404);
    world.finish(id).await;
    let shown = open("GET", format!("/mj/image/{id}")).await;
    assert_eq!((shown.status, shown.header("content-type"), &shown.body[..]), (200, "image/png", &b"0123456789"[..]));
    assert_eq!(shown.header("access-control-allow-origin"), "*");
    let head = open("HEAD", format!("/mj-fast/image/{id}")).await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "10", 0));
}

#[tokio::test]
async fn another_familys_task_is_missing_but_for_the_neutral_routes() {
    let world = World::new().await;
    let own = world.imagine("a cat").await;
    let mut task = world.task(own).await;
    (task.id, task.family) = (bits(&*world.entropy), "another".to_owned());
    let id = task.id;
    let opening = Opening { reserve: 0, callback: None, idempotency: None, only_child_of: None, task: Box::new(task) };
    assert_eq!(world.front.ledger.open_task(opening).await, Ok(Opened::New));
    assert_problem(&world.get(&format!("/mj/task/{id}/fetch")).await, 404, "task_not_exist");
    let listed = world.post("/mj/task/list-by-condition", json!({ "ids": [id, own] })).await.json();
    assert_eq!(ids(&listed), [own.to_string()]);
    let neutral = world.get(&format!("/v1/tasks/{id}")).await;
    assert_eq!((neutral.status, neutral.json()["family"].as_str()), (200, Some("another")));
}
