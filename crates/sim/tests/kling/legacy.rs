//! The legacy generation: paths, files, refusals.

use crate::asker::{Asker, DONE_MS, START_MS, png};
use serde_json::{Value, json};

const TEXT: &str = "/v1/videos/text2video";
const IMAGE: &str = "/v1/videos/image2video";
const PICTURES: &str = "/v1/images/generations";

#[tokio::test]
async fn a_film_goes_through_its_states_and_is_as_asked_for() {
    let asker = Asker::start().await;
    let body = json!({"model_name": "kling-v2-5-turbo", "prompt": "a cat", "duration": "10", "aspect_ratio": "9:16",
        "external_task_id": "job-42"});
    let opened = asker.opened(TEXT, body).await;
    assert_eq!((&opened["task_status"], &opened["created_at"]), (&json!("submitted"), &json!(START_MS)));
    assert_eq!(opened["task_info"]["external_task_id"], "job-42");
    let path = format!("{TEXT}/{}", opened["task_id"].as_str().expect("an id"));
    asker.clock.advance_ms(1_000);
    let task = asker.asked(&path).await;
    assert_eq!((&task["task_status"], &task["task_result"]), (&json!("processing"), &Value::Null));
    asker.clock.advance_ms(DONE_MS);
    let task = asker.asked(&path).await;
    assert_eq!((&task["task_status"], &task["final_unit_deduction"]), (&json!("succeed"), &json!("2")));
    let video = &task["task_result"]["videos"][0];
    assert_eq!((&video["duration"], &video["watermark_url"]), (&json!("10"), &json!("")), "a text (trap 14)");
    assert_eq!(asker.film(&video["url"]).await, (720, 1_280, 10, 1));
    assert_eq!(asker.asked(&format!("{TEXT}/job-42")).await, task, "found by the caller's own id");
    assert_eq!(asker.get(&format!("{IMAGE}/job-42")).await.0, 404, "each path knows its own tasks");
}

#[tokio::test]
async fn pictures_come_as_raw_base64_or_as_links() {
    let asker = Asker::start().await;
    let raw = png(300, 400);
    let body = json!({"model_name": "kling-v2-6", "image": raw, "mode": "pro", "sound": "on"});
    let id = asker.opened(IMAGE, body).await["task_id"].clone();
    asker.opened(IMAGE, json!({"image_tail": "https://example.com/x.png"})).await;
    for image in [format!("data:image/png;base64,{raw}"), "no picture".to_owned()] {
        assert_eq!(asker.refused(IMAGE, json!({"image": image})).await, (400, 1201));
    }
    assert_eq!(asker.refused(IMAGE, json!({"prompt": "a cat"})).await, (400, 1201), "no picture at all");
    let both = json!({"image_tail": raw, "camera_control": {"type": "simple"}});
    assert_eq!(asker.refused(IMAGE, both).await, (400, 1201));
    asker.clock.advance_ms(DONE_MS);
    let task = asker.asked(&format!("{IMAGE}/{}", id.as_str().expect("an id"))).await;
    let (width, height, seconds, tracks) = asker.film(&task["task_result"]["videos"][0]["url"]).await;
    assert_eq!((width, height, seconds, tracks), (1_080, 1_440, 5, 2), "shaped as the picture, with sound");
    let known = asker.sim.known(id.as_str().expect("an id")).expect("the job");
    assert_eq!(
        (&known["inputs"][0]["field"], &known["inputs"][0]["content_type"]),
        (&json!("image"), &json!("image/png"))
    );
}

#[tokio::test]
async fn what_the_sheet_does_not_know_is_refused() {
    let asker = Asker::start().await;
    let cat = |more: Value| {
        let mut body = json!({"prompt": "a cat"});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    for more in [
        json!({"duration": 5}),
        json!({"duration": "7"}),
        json!({"mode": "standard"}),
        json!({"mode": "4k"}),
        json!({"aspect_ratio": "4:3"}),
        json!({"sound": true}),
        json!({"prompt": ""}),
        json!({"prompt": "x".repeat(2_501)}),
    ] {
        assert_eq!(asker.refused(TEXT, cat(more.clone())).await, (400, 1201), "{more}");
    }
    assert_eq!(asker.refused(TEXT, cat(json!({"model_name": "kling-v9"}))).await, (404, 1203));
    assert_eq!(asker.refused("/v1/videos/nothing", cat(json!({}))).await, (404, 1202));
    asker.opened(TEXT, cat(json!({"model_name": "kling-v3", "duration": "7", "mode": "4k"}))).await;
    let task = asker.opened(TEXT, cat(json!({"model": "kling-v3"}))).await;
    let known = asker.sim.known(task["task_id"].as_str().expect("an id")).expect("the job");
    assert_eq!(known["memo"]["model"], "kling-v1", "`model` is not looked at");
}

#[tokio::test]
async fn shots_must_add_up() {
    let asker = Asker::start().await;
    let shots = |first: &str| {
        json!({"model_name": "kling-v3", "duration": "8", "multi_shot": true, "shot_type": "customize",
            "multi_prompt": [{"index": 1, "prompt": "dawn", "duration": first}, {"index": 2, "prompt": "noon", "duration": "3"}]})
    };
    assert_eq!(asker.refused(TEXT, shots("4")).await, (400, 1201));
    let id = asker.opened(TEXT, shots("5")).await["task_id"].clone();
    asker.clock.advance_ms(DONE_MS);
    let task = asker.asked(&format!("{TEXT}/{}", id.as_str().expect("an id"))).await;
    assert_eq!(task["task_result"]["videos"][0]["duration"], "8");
}

#[tokio::test]
async fn pictures_many_images_omni_and_clothes_are_made() {
    let asker = Asker::start().await;
    let body = json!({"prompt": "a cat", "n": 3, "aspect_ratio": "4:3", "resolution": "2k"});
    let pictures = asker.opened(PICTURES, body).await["task_id"].clone();
    let worn = json!({"human_image": "https://example.com/a.png", "cloth_image": png(300, 300)});
    let worn = asker.opened("/v1/images/kolors-virtual-try-on", worn).await["task_id"].clone();
    let many =
        json!({"prompt": "a cat", "image_list": [{"image": png(300, 300)}, {"image": "https://example.com/b.png"}]});
    asker.opened("/v1/videos/multi-image2video", many).await;
    let omni = json!({"prompt": "<<<image_1>>>", "image_list": [{"image_url": png(300, 300), "type": "first_frame"}],
        "duration": "3", "aspect_ratio": "1:1"});
    let omni = asker.opened("/v1/videos/omni-video", omni).await["task_id"].clone();
    assert_eq!(asker.refused(PICTURES, json!({"prompt": "a cat", "n": 10})).await, (400, 1201));
    let unworn = json!({"human_image": "https://example.com/a.png"});
    assert_eq!(asker.refused("/v1/images/kolors-virtual-try-on", unworn).await, (400, 1201));
    assert_eq!(asker.refused("/v1/videos/multi-image2video", json!({"prompt": "a cat"})).await, (400, 1201));
    asker.clock.advance_ms(DONE_MS);
    let at = |path: &str, id: &Value| format!("{path}/{}", id.as_str().expect("an id"));
    let task = asker.asked(&at(PICTURES, &pictures)).await;
    let images = task["task_result"]["images"].as_array().expect("images");
    assert_eq!((images.len(), &images[2]["index"]), (3, &json!(2)));
    assert_eq!(asker.picture(&images[0]["url"]).await, (256, 192));
    assert_ne!(
        asker.file(&images[0]["url"]).await.expect("a file").2,
        asker.file(&images[1]["url"]).await.expect("a file").2
    );
    let task = asker.asked(&at("/v1/images/kolors-virtual-try-on", &worn)).await;
    assert_eq!(asker.picture(&task["task_result"]["images"][0]["url"]).await, (768, 1_024));
    let task = asker.asked(&at("/v1/videos/omni-video", &omni)).await;
    assert_eq!(asker.film(&task["task_result"]["videos"][0]["url"]).await, (720, 720, 3, 1));
}

#[tokio::test]
async fn a_list_has_pages_of_its_own_path() {
    let asker = Asker::start().await;
    for number in 0..5 {
        asker
            .opened(TEXT, json!({"prompt": format!("cat {number}"), "external_task_id": format!("job-{number}")}))
            .await;
        asker.clock.advance_ms(10);
    }
    asker.opened(PICTURES, json!({"prompt": "a dog"})).await;
    let page = asker.asked(&format!("{TEXT}?pageNum=2&pageSize=2")).await;
    let own: Vec<&str> = page
        .as_array()
        .expect("tasks")
        .iter()
        .filter_map(|task| task["task_info"]["external_task_id"].as_str())
        .collect();
    assert_eq!(own, ["job-2", "job-1"]);
    assert_eq!(asker.asked(TEXT).await.as_array().map(Vec::len), Some(5));
    assert_eq!(asker.get(&format!("{TEXT}?pageSize=501")).await.0, 400);
}
