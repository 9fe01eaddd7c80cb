//! Names that callers and vendors have for tasks: `external_task_id`, clip ids.

use crate::harness::{World, assert_problem, channel};
use serde_json::json;
use task::{Channel, Clip, Details, Kind, Spec, Step, TaskId};

async fn kling(world: &World, external_id: &str) -> TaskId {
    let id = world.open(|task| {
        (task.family, task.action) = ("kling".into(), "text2video".into());
        (task.model, task.external_id) = ("kling-v3".into(), Some(external_id.to_owned()));
    });
    id.await
}

#[tokio::test]
async fn a_caller_s_own_text_stands_for_their_newest_task() {
    let mut world = World::new().await;
    let mut mine = [kling(&world, "shot 1").await, kling(&world, "shot 1").await];
    mine.sort_unstable();
    kling(&world, "shot 2").await;
    let shown = world.get("/kling/v1/videos/text2video/shot%201").await;
    assert_eq!((shown.status, &shown.json()["data"]["task_id"]), (200, &json!(mine[1])), "{}", shown.json());
    let by_id = world.get(&format!("/kling/v1/images/generations/{}", mine[0])).await;
    assert_eq!(by_id.json()["data"]["task_id"], json!(mine[0]));
    assert_problem(&world.get("/kling/v1/videos/text2video/shot%203").await, 404, "task_not_exist");
    assert_problem(&world.get("/v1/tasks/shot%201").await, 404, "task_not_exist");
    world.key = world.new_key("sk-test-other", true, 0).await;
    assert_problem(&world.get("/kling/v1/videos/text2video/shot%201").await, 404, "task_not_exist");
}

#[tokio::test]
async fn a_numbered_page_counts_all_and_may_be_of_named_tasks_alone() {
    let world = World::new().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        let id = world.open(|task| {
            (task.family, task.model) = ("seedance".into(), "doubao-seedance-2-0".into());
        });
        made.push(id.await.to_string());
    }
    made.sort_unstable();
    made.reverse();
    kling(&world, "of another family").await;
    let page = async |query: &str| {
        let body = world.get(&format!("/volc/v1/contents/generations/tasks?{query}")).await.json();
        let ids = body["items"].as_array().unwrap_or_else(|| panic!("no list in {body}")).iter();
        let ids: Vec<String> = ids.map(|item| item["id"].as_str().expect("has an id").to_owned()).collect();
        (ids, body["total"].as_i64().expect("has a total"))
    };
    assert_eq!(page("page_size=2").await, (made[..2].to_vec(), 5));
    assert_eq!(page("page_size=2&page_num=3").await, (made[4..].to_vec(), 5));
    assert_eq!(page("page_size=2&page_num=4").await, (vec![], 5));
    let named = format!("filter.task_ids={}&filter.task_ids=nonsense&filter.task_ids={}", made[3], made[1]);
    assert_eq!(page(&named).await, (vec![made[1].clone(), made[3].clone()], 2));
    assert_eq!(page("filter.task_ids=nonsense").await, (vec![], 0), "not all tasks");
    let many: Vec<String> = (0..499).map(|n| format!("filter.task_ids=x{n}")).collect();
    let last_of_many = format!("{}&filter.task_ids={}", many.join("&"), made[2]);
    assert_eq!(page(&last_of_many).await, (vec![made[2].clone()], 1), "the last of 500 is read as well");
}

fn songs(name: &str) -> Channel {
    Channel { dialect: "suno_api".into(), ..channel(name) }
}

/// A song of the world's key on this channel, taken to its end when `is_done`.
async fn song(world: &World, channel: &str, clip: &str, is_done: bool) -> TaskId {
    let opened = world.open(|task| {
        (task.family, task.action, task.model) = ("suno".into(), "MUSIC".into(), "suno_music".into());
        (task.channel, task.spec) = (channel.to_owned(), Spec::new(Kind::Music));
    });
    let id = opened.await;
    world.run(id).await;
    let clips = vec![Clip { id: clip.to_owned(), ..Clip::default() }];
    world.step(id, Step::Answer { outputs: vec![], details: Details { clips, ..Details::default() } }).await;
    if is_done {
        world.step(id, Step::Store { artifacts: vec![], warnings: vec![] }).await;
    }
    id
}

/// Submits a continuation of the clip; gives the new task's parent and channel.
async fn go_on(world: &World, clip: &str) -> (Option<TaskId>, String) {
    let body = json!({ "prompt": "[Verse]", "continue_clip_id": clip, "continue_at": 60 });
    let reply = world.post("/suno/submit/music", body).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    let task = world.task(reply.task()).await;
    let asked = task.spec.song.as_ref().and_then(|song| song.clip.clone());
    assert_eq!(asked.as_deref(), Some(clip), "the vendor's id goes on unchanged");
    (task.spec.parent, task.channel)
}

#[tokio::test]
async fn a_continuation_goes_where_the_caller_s_clip_is() {
    let world = World::new().await;
    world.put_channel(Channel { priority: 9, ..songs("best") }).await;
    world.put_channel(songs("where-it-is")).await;
    let made = song(&world, "where-it-is", "clip-1", true).await;
    assert_eq!(go_on(&world, "clip-1").await, (Some(made), "where-it-is".to_owned()));
    let concat = world.post("/suno/submit/concat", json!({ "clip_id": "clip-1" })).await;
    assert_eq!(world.task(concat.task()).await.spec.parent, Some(made));
}

#[tokio::test]
async fn any_other_clip_is_left_to_the_vendor() {
    let mut world = World::new().await;
    world.put_channel(songs("best")).await;
    let alone = (None, "best".to_owned());
    assert_eq!(go_on(&world, "clip_abc123").await, alone, "nobody's");
    song(&world, "best", "clip-2", false).await;
    assert_eq!(go_on(&world, "clip-2").await, alone, "its task is not over");
    song(&world, "gone", "clip-3", true).await;
    assert_eq!(go_on(&world, "clip-3").await, alone, "its channel is gone");
    world.put_channel(Channel { removed: true, ..songs("removed") }).await;
    song(&world, "removed", "clip-4", true).await;
    assert_eq!(go_on(&world, "clip-4").await, alone, "its channel was removed");
    song(&world, "best", "clip-5", true).await;
    world.key = world.new_key("sk-test-other", true, 0).await;
    assert_eq!(go_on(&world, "clip-5").await, alone, "another tenant's");
}
