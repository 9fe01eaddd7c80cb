//! The new generation: models in the path, many tasks at once.

use crate::asker::{Asker, DONE_MS, START_MS, png};
use serde_json::{Value, json};

fn cat(own: &str) -> Value {
    json!({"prompt": "a cat", "settings": {"duration": 7, "aspect_ratio": "1:1", "audio": "native"},
        "options": {"external_task_id": own}})
}

#[tokio::test]
async fn a_film_is_asked_for_in_batches_by_either_id() {
    let asker = Asker::start().await;
    let one = asker.opened("/text-to-video/kling-3.0", cat("job-1")).await;
    let shown = (&one["status"], &one["external_id"], &one["create_time"]);
    assert_eq!(shown, (&json!("submitted"), &json!("job-1"), &json!(START_MS)));
    assert!(one.get("outputs").is_none());
    let frames = json!({"contents": [{"type": "prompt", "text": "a dog"}, {"type": "first_frame", "url": png(400, 300)}],
        "options": {"external_task_id": "job-2"}});
    let two = asker.opened("/image-to-video/kling-2.6", frames).await;
    let legacy = asker.opened("/v1/videos/text2video", json!({"prompt": "old"})).await;
    asker.clock.advance_ms(DONE_MS);
    let nothing = json!("nothing");
    let ids = [&two["id"], &nothing, &legacy["task_id"], &one["id"]].map(|id| id.as_str().expect("an id"));
    let tasks = asker.asked(&format!("/tasks?task_ids={}", ids.join(","))).await;
    let shown: Vec<&Value> = tasks.as_array().expect("tasks").iter().map(|task| &task["external_id"]).collect();
    assert_eq!(shown, ["job-2", "job-1"], "what is not there or old is left out");
    let task = &tasks[1];
    assert_eq!((&task["status"], &task["billing"][0]["amount"]), (&json!("succeeded"), &json!("2")));
    assert_eq!((&task["outputs"][0]["type"], &task["outputs"][0]["duration"]), (&json!("video"), &json!("7")));
    assert_eq!(asker.film(&task["outputs"][0]["url"]).await, (720, 720, 7, 2));
    assert_eq!(asker.film(&tasks[0]["outputs"][0]["url"]).await, (960, 720, 5, 1));
    assert_eq!(asker.asked("/tasks?external_task_ids=job-1,job-9").await, json!([task]));
    assert_eq!(asker.asked("/tasks?task_ids=job-1").await, json!([]), "an own id is no task's id");
    assert_eq!(asker.get("/tasks?task_ids=a&external_task_ids=b").await.0, 400);
    assert_eq!(asker.get("/tasks").await.0, 400);
}

#[tokio::test]
async fn what_the_sheet_does_not_know_is_refused() {
    let asker = Asker::start().await;
    let with = |settings: Value| json!({"prompt": "a cat", "settings": settings});
    for settings in
        [json!({"duration": "5"}), json!({"duration": 2}), json!({"resolution": "480p"}), json!({"audio": "on"})]
    {
        assert_eq!(asker.refused("/text-to-video/kling-3.0", with(settings.clone())).await, (400, 1201), "{settings}");
    }
    assert_eq!(asker.refused("/text-to-video/sora-2", cat("")).await, (404, 1203));
    assert_eq!(asker.refused("/omni-video/kling-3.0", json!({"contents": []})).await, (404, 1203));
    assert_eq!(asker.refused("/text-to-nothing/kling-3.0", cat("")).await, (404, 1202));
    let frame = |url: String| json!({"contents": [{"type": "first_frame", "url": url}]});
    let data = format!("data:image/png;base64,{}", png(300, 300));
    assert_eq!(asker.refused("/image-to-video/kling-3.0", frame(data)).await, (400, 1201));
    assert_eq!(asker.refused("/image-to-video/kling-3.0", json!({"contents": []})).await, (400, 1201));
}

#[tokio::test]
async fn own_ids_are_good_once_in_both_generations() {
    let asker = Asker::start().await;
    asker.opened("/text-to-video/kling-3.0", cat("job-1")).await;
    assert_eq!(asker.refused("/text-to-video/kling-3.0", cat("job-1")).await, (400, 1201));
    let legacy = json!({"prompt": "a cat", "external_task_id": "job-1"});
    assert_eq!(asker.refused("/v1/videos/text2video", legacy).await, (400, 1201));
    let counts = asker.sim.counts();
    let counted = counts.submits["job-1"];
    assert_eq!((counted.received, counted.accepted, counted.existing), (3, 1, 2));
}

#[tokio::test]
async fn a_list_has_a_cursor_and_filters() {
    let asker = Asker::start().await;
    for number in 0..3 {
        asker.opened("/text-to-video/kling-3.0", cat(&format!("job-{number}"))).await;
        asker.clock.advance_ms(1_000);
    }
    let page = asker.opened("/tasks", json!({"limit": 2})).await;
    let own = |page: &Value| {
        page["result"].as_array().expect("tasks").iter().map(|task| task["external_id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((own(&page), &page["has_more"]), (vec![json!("job-2"), json!("job-1")], &json!(true)));
    let next = asker.opened("/tasks", json!({"limit": 2, "cursor": page["next_cursor"]})).await;
    assert_eq!((own(&next), &next["has_more"]), (vec![json!("job-0")], &json!(false)));
    let early = asker.opened("/tasks", json!({"end_time": START_MS + 500})).await;
    assert_eq!(own(&early), [json!("job-0")]);
    asker.clock.advance_ms(DONE_MS);
    let filters = |word: &str| json!({"filters": [{"key": "status", "values": [word]}]});
    assert_eq!(asker.opened("/tasks", filters("succeeded")).await["count"], 3);
    assert_eq!(asker.opened("/tasks", filters("failed")).await["count"], 0);
}
