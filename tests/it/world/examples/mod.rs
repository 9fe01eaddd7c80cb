//! Every curl and Python example of the reference pages, extracted and run as it stands against a real
//! process, and every answer held against what the page documents for it: in the submission's answer, in
//! the fetch and in the callback (`contract/DECISIONS.md`, examples in tests).

mod documented;
mod journey;
mod media;
mod page;
mod table;

use journey::Journey;
use page::{Block, Language};
use serde_json::{Value, json};

const FILM_PAGES: &[&str] = &["openai-video.md", "unified-video.md", "video-generations-alias.md", "veo.md", "sora.md"];

#[tokio::test(flavor = "multi_thread")]
async fn the_midjourney_page_runs_as_it_stands() {
    let Some(blocks) = page::blocks(&["midjourney.md"]) else { return };
    let buttons = blocks.iter().find(|block| block.heading == "Action Buttons").cloned();
    let mut journey = Journey::begin(blocks).await;
    let finished = json!({ "prompt": "a cat" });
    journey.make(vec![table::Own { id: "task_0987654321", path: "/mj/submit/imagine", body: finished }]).await;
    prepare_follow_ups(&mut journey, &buttons.expect("the page shows buttons")).await;
    journey.run_curls(9).await;
    journey.send_bare(2).await;
    journey.run_programs(3).await;
}

/// A finished picture for `task_1234567890` and one of its buttons. The modal example needs a task that
/// waits for its modal in the place of the same id: only an upscaled picture offers a button that asks.
async fn prepare_follow_ups(journey: &mut Journey, documented: &Block) {
    let id = |name: &str| journey.replaced.iter().find(|(from, _)| from == name).map(|(_, to)| to.clone());
    let finished = id("task_0987654321").expect("it was made");
    let (_, task) = journey.backlot.get(&format!("/mj/task/{finished}/fetch")).await;
    let expected: Value = serde_json::from_str(&documented.code).expect("the page's JSON is JSON");
    let mut faults = Vec::new();
    documented::compare(&expected, &task, "", &mut faults);
    assert!(faults.is_empty() && task["buttons"] != json!([]), "{faults:?}: {task}");
    let button = task["buttons"][0]["customId"].as_str().expect("a finished picture has buttons").to_owned();
    let (_, answer) =
        journey.backlot.post("/mj/submit/action", &json!({ "taskId": finished, "customId": button })).await;
    let upscale = answer["result"].as_str().expect("an accepted upscale").to_owned();
    let (_, upscaled) = journey.backlot.wait(&format!("/mj/task/{upscale}/fetch")).await;
    let buttons = upscaled["buttons"].as_array().cloned().unwrap_or_default();
    let zoom = buttons.iter().filter_map(|b| b["customId"].as_str()).find(|id| id.starts_with("MJ::CustomZoom"));
    let zoom = zoom.unwrap_or_else(|| panic!("no zoom: {upscaled}"));
    let (_, answer) = journey.backlot.post("/mj/submit/action", &json!({ "taskId": upscale, "customId": zoom })).await;
    assert_eq!(answer["code"], 21, "{answer}");
    let modal = answer["result"].as_str().expect("a task that will ask").to_owned();
    let waiting = "\"taskId\": \"task_1234567890\",\n\"prompt\"";
    journey.replaced.push((waiting.to_owned(), format!("\"taskId\": \"{modal}\",\n\"prompt\"")));
    journey.replaced.push(("task_1234567890".to_owned(), finished));
    journey.replaced.push(("MJ::JOB::upsample::1::abc123".to_owned(), button));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suno_page_runs_as_it_stands() {
    let Some(blocks) = page::blocks(&["suno.md"]) else { return };
    let mut journey = Journey::begin(blocks).await;
    journey.make(table::songs()).await;
    let song = journey.apply("suno_task_abc123");
    journey.run_curls(7).await;
    journey.send_bare(4).await;
    journey.run_programs(5).await;
    // The same once more with a clip of the caller's own: now the continuation ends well.
    let (_, task) = journey.backlot.get(&format!("/suno/fetch/{song}")).await;
    let clip = task["data"]["data"][0]["id"].as_str().unwrap_or_else(|| panic!("no clip: {task}")).to_owned();
    let going_on = json!({ "prompt": "[Bridge]\nwaves", "continue_clip_id": clip, "continue_at": 10, "tags": "pop" });
    journey.make(vec![table::Own { id: "", path: "/suno/submit/music", body: going_on }]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kling_page_runs_as_it_stands() {
    let Some(blocks) = page::blocks(&["kling.md"]) else { return };
    let mut journey = Journey::begin(blocks).await;
    journey.make(table::kling()).await;
    journey.run_curls(8).await;
    journey.run_programs(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seedance_and_volcengine_pages_run_as_they_stand() {
    let Some(blocks) = page::blocks(&["seedance.md", "volcengine.md"]) else { return };
    let mut journey = Journey::begin(blocks).await;
    journey.make(table::volcano()).await;
    journey.run_curls(6).await;
    journey.run_programs(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_the_general_film_routes_run_as_they_stand() {
    let Some(blocks) = page::blocks(FILM_PAGES) else { return };
    let missing = blocks.iter().find(|block| block.heading.starts_with("Missing-Task")).cloned();
    let mut journey = Journey::begin(blocks).await;
    let missing: Value = serde_json::from_str(&missing.expect("the page shows it").code).expect("it is JSON");
    let (status, answer) = journey.backlot.get("/v1/video/generations/video_task_abc123").await;
    let same = ["code", "message", "data"].iter().all(|name| missing.get(name) == answer.get(name));
    assert!(status == 404 && same, "{status} {answer}");
    journey.make(table::films()).await;
    journey.run_curls(17).await;
    journey.send_bare(3).await;
    journey.run_programs(4).await;
    // Fetched by us and put into the request, for upstreams that take bytes alone; each has ended well.
    let mut fetched = journey.media.asked();
    fetched.sort_unstable();
    fetched.dedup();
    assert_eq!(fetched, ["portrait.jpg", "scene.jpg"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_page_runs_as_it_stands() {
    let Some(blocks) = page::blocks(&["models.md"]) else { return };
    let journey = Journey::begin(blocks).await;
    journey.run_curls(2).await;
    journey.run_programs(3).await;
    let (_, list) = journey.backlot.get("/v1/models").await;
    let has = |name: &str| list["data"].as_array().is_some_and(|all| all.iter().any(|model| model["id"] == name));
    assert!(has("sora-2") && has("veo-3.1") && has("suno_music"), "{list}");
}

#[test]
fn what_is_left_out_stands_on_its_page() {
    for (page, heading, why) in table::LEFT_OUT {
        let Some(blocks) = page::blocks(&[page]) else { return };
        assert!(blocks.iter().any(|block| block.heading == *heading), "{page} has no {heading:?} any more ({why})");
    }
    for (page, route, why) in table::OUT_OF_SCOPE {
        let Some(blocks) = page::blocks(&[page]) else { return };
        let path = route.rsplit(' ').next().unwrap_or_default();
        let text = crate::tidy::read(&crate::tidy::root().join("../shared/contract").join(page));
        assert!(text.contains(path) && !blocks.is_empty(), "{page} names no {route} any more ({why})");
        let routes: Vec<String> = contracts::all().iter().flat_map(|family| family.routes()).map(|r| r.path).collect();
        assert!(!routes.iter().any(|known| known == path), "{route} is in scope by now: {why}");
    }
}

#[test]
fn only_listed_blocks_are_of_other_languages() {
    let pages = ["midjourney.md", "suno.md", "kling.md", "seedance.md", "volcengine.md", "models.md", "callback.md"];
    let Some(blocks) = page::blocks(&pages) else { return };
    let more = page::blocks(FILM_PAGES).unwrap_or_default();
    for block in blocks.iter().chain(&more).filter(|block| block.language == Language::JavaScript) {
        let listed =
            |(page, heading, _): &(&str, &str, &str)| (*page, *heading) == (block.page, block.heading.as_str());
        assert!(table::LEFT_OUT.iter().any(listed), "{} is run by nobody", block.place());
    }
}
