//! Buttons: what they offer, what they make, and the one that asks back.

use crate::asker::{Asker, DONE_MS};
use serde_json::Value;

/// The button whose `customId` starts like this.
fn button(task: &Value, start: &str) -> String {
    let buttons = task["buttons"].as_array().expect("buttons");
    let ids = buttons.iter().filter_map(|button| button["customId"].as_str());
    ids.into_iter().find(|id| id.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {task}")).to_owned()
}

async fn press(asker: &Asker, id: &str, start: &str) -> Value {
    let custom_id = button(&asker.task(id).await, start);
    asker.post("/mj/submit/action", &format!(r#"{{"taskId":"{id}","customId":"{custom_id}"}}"#)).await
}

async fn pressed(asker: &Asker, id: &str, start: &str) -> String {
    let answer = press(asker, id, start).await;
    asker.clock.advance_ms(DONE_MS);
    answer["result"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// How unlike two pictures are, 0 to 255, letters left out.
fn difference(one: &image::RgbImage, other: &image::RgbImage) -> f64 {
    let (width, height) = (one.width().min(other.width()), one.height().min(other.height()));
    let mut sum = 0.0;
    for y in height / 8..height * 3 / 4 {
        for x in width / 8..width {
            for (a, b) in one.get_pixel(x, y).0.iter().zip(other.get_pixel(x, y).0) {
                sum += f64::from(a.abs_diff(b));
            }
        }
    }
    sum / f64::from((height * 3 / 4 - height / 8) * (width - width / 8) * 3)
}

fn quadrant(grid: &image::RgbImage, number: u32) -> image::RgbImage {
    let (width, height) = (grid.width() / 2, grid.height() / 2);
    let (column, row) = ((number - 1) % 2, (number - 1) / 2);
    image::imageops::crop_imm(grid, column * width, row * height, width, height).to_image()
}

#[tokio::test]
async fn the_four_quadrants_differ_and_an_upscale_is_one_of_them_enlarged() {
    let asker = Asker::start().await;
    let id = asker.imagined("cat").await;
    let grid = asker.picture(&id).await;
    for number in 2..=4 {
        assert!(difference(&quadrant(&grid, 1), &quadrant(&grid, number)) > 4.0, "quadrant {number}");
    }
    let up = pressed(&asker, &id, "MJ::JOB::upsample::2::").await;
    let single = asker.picture(&up).await;
    assert_eq!(single.dimensions(), grid.dimensions());
    let half = image::imageops::thumbnail(&single, grid.width() / 2, grid.height() / 2);
    let (own, other) = (difference(&half, &quadrant(&grid, 2)), difference(&half, &quadrant(&grid, 3)));
    assert!(own * 3.0 < other, "nearer to its own quadrant: {own} and {other}");
}

#[tokio::test]
async fn each_button_makes_what_it_says() {
    let asker = Asker::start().await;
    let id = asker.imagined("cat --ar 3:2").await;
    let grid = asker.picture(&id).await;
    let varied = pressed(&asker, &id, "MJ::JOB::variation::4::").await;
    let rerolled = pressed(&asker, &id, "MJ::JOB::reroll::0::").await;
    for (new, action) in [(&varied, "VARIATION"), (&rerolled, "REROLL")] {
        assert_eq!(asker.task(new).await["action"], action);
        let picture = asker.picture(new).await;
        assert_eq!(picture.dimensions(), grid.dimensions());
        assert!(difference(&picture, &grid) > 1.0, "{action}");
    }
    let up = pressed(&asker, &id, "MJ::JOB::upsample::1::").await;
    let zoomed = pressed(&asker, &up, "MJ::Outpaint::50::").await;
    let panned = pressed(&asker, &up, "MJ::JOB::pan_left::").await;
    let larger = pressed(&asker, &up, "MJ::JOB::upsample_v6_2x_subtle::").await;
    assert_eq!(asker.task(&zoomed).await["action"], "ZOOM");
    assert!(asker.picture(&panned).await.width() > grid.width());
    assert_eq!(asker.picture(&larger).await.width(), grid.width() * 2);
}

#[tokio::test]
async fn the_same_upscale_again_names_the_first() {
    let asker = Asker::start().await;
    let id = asker.imagined("cat").await;
    let first = pressed(&asker, &id, "MJ::JOB::upsample::1::").await;
    let again = press(&asker, &id, "MJ::JOB::upsample::1::").await;
    assert_eq!((again["code"].as_i64(), again["result"].as_str()), (Some(21), Some(first.as_str())));
    assert_eq!(again["properties"]["status"], "SUCCESS");
    assert_eq!(asker.sim.counts().accepted(), 2);
}

#[tokio::test]
async fn a_custom_zoom_asks_and_goes_on_when_it_is_answered() {
    let asker = Asker::start().await;
    let id = asker.imagined("cat").await;
    let up = pressed(&asker, &id, "MJ::JOB::upsample::1::").await;
    let asked = press(&asker, &up, "MJ::CustomZoom::").await;
    assert_eq!((asked["code"].as_i64(), asked["properties"]["status"].as_str()), (Some(21), Some("MODAL")));
    let id = asked["result"].as_str().expect("an id").to_owned();
    asker.clock.advance_ms(60_000);
    assert_eq!(asker.task(&id).await["status"], "MODAL");
    let body = format!(r#"{{"taskId":"{id}","prompt":"cat in a garden --zoom 1.5","state":"second"}}"#);
    let answered = asker.post("/mj/submit/modal", &body).await;
    assert_eq!((answered["code"].as_i64(), answered["result"].as_str()), (Some(1), Some(id.as_str())));
    asker.clock.advance_ms(DONE_MS);
    let task = asker.task(&id).await;
    assert_eq!((task["status"].as_str(), task["state"].as_str()), (Some("SUCCESS"), Some("second")));
    assert_eq!(asker.post("/mj/submit/modal", &body).await["code"], 4);
}

#[tokio::test]
async fn an_unanswered_question_times_out_and_a_scripted_one_comes_late() {
    let asker = Asker::start().await;
    let id = asker.imagined("cat [sim:upscale/modal]").await;
    let answer = press(&asker, &id, "MJ::JOB::upsample::3::").await;
    assert_eq!(answer["code"], 1);
    let up = answer["result"].as_str().expect("an id").to_owned();
    assert_eq!(asker.task(&up).await["status"], "NOT_START");
    asker.clock.advance_ms(1_000);
    assert_eq!(asker.task(&up).await["status"], "MODAL");
    asker.clock.advance_ms(5 * 60_000);
    let task = asker.task(&up).await;
    assert_eq!(task["status"], "FAILURE");
    assert!(task["failReason"].as_str().expect("a reason").contains("timeout"));
}

#[tokio::test]
async fn what_was_never_offered_is_refused() {
    let asker = Asker::start().await;
    let id = asker.submit("imagine", r#"{"prompt":"cat"}"#).await;
    let early = format!(r#"{{"taskId":"{id}","customId":"MJ::JOB::upsample::1::x"}}"#);
    assert_eq!(asker.post("/mj/submit/action", &early).await["code"], 4);
    asker.clock.advance_ms(DONE_MS);
    assert_eq!(asker.post("/mj/submit/action", &early).await["code"], 4);
    let (status, body) = asker
        .post_raw("/mj/submit/action", r#"{"taskId":"1","customId":"MJ::JOB::upsample::1::x"}"#)
        .await
        .expect("an answer");
    assert_eq!(status, 404);
    assert!(body.contains(r#""code":3"#), "{body}");
}
