//! Films as asked for, and what is wrong with the input.

use crate::asker::{Asker, DONE_MS};
use serde_json::{Value, json};

const KLING: &str = "fal-ai/kling-video/v2.5-turbo/pro/text-to-video";

#[tokio::test]
async fn a_request_goes_through_its_states_below_its_app() {
    let asker = Asker::start().await;
    let opened = asker.submit(KLING, json!({"prompt": "a cat", "duration": "10", "aspect_ratio": "1:1"})).await;
    let id = opened["request_id"].as_str().expect("an id");
    let below = format!("{}/fal/fal-ai/kling-video/requests/{id}", asker.sim.url());
    assert_eq!(opened["response_url"], below);
    assert_eq!(opened["status_url"], format!("{below}/status"));
    let (status, answer) = asker.at(&opened["status_url"]).await;
    assert_eq!((status, &answer["status"], &answer["queue_position"]), (202, &json!("IN_QUEUE"), &json!(0)));
    asker.clock.advance_ms(1_000);
    let (status, answer) = asker.at(&opened["status_url"]).await;
    assert_eq!((status, &answer["status"], &answer["logs"]), (202, &json!("IN_PROGRESS"), &json!([])), "trap 3");
    assert_eq!(asker.at(&opened["response_url"]).await.0, 400, "not yet");
    asker.clock.advance_ms(DONE_MS);
    let (status, answer) = asker.at(&opened["status_url"]).await;
    assert_eq!((status, &answer["status"], &answer["error"]), (200, &json!("COMPLETED"), &Value::Null));
    let (status, result) = asker.at(&opened["response_url"]).await;
    assert_eq!((status, &result["video"]["content_type"]), (200, &json!("video/mp4")));
    assert_eq!(asker.film(&result["video"]["url"]).await, (1_080, 1_080, 10, 1));
    let long = format!("{}/fal/{KLING}/requests/{id}/status", asker.sim.url());
    assert_eq!(asker.at(&json!(long)).await.0, 404, "the endpoint's own words do not belong there");
}

#[tokio::test]
async fn each_model_has_its_own_spelling() {
    let asker = Asker::start().await;
    let image = "https://example.com/x.png";
    for (endpoint, body, film) in [
        ("fal-ai/veo3.1", json!({"duration": "4s", "aspect_ratio": "9:16"}), (720, 1_280, 4, 2)),
        ("fal-ai/veo3.1/fast", json!({"generate_audio": false}), (1_280, 720, 8, 1)),
        ("fal-ai/sora-2/text-to-video/pro", json!({"duration": 8}), (1_920, 1_080, 8, 2)),
        (
            "fal-ai/kling-video/v3/pro/image-to-video",
            json!({"start_image_url": image, "duration": "3"}),
            (1_920, 1_080, 3, 2),
        ),
        (
            "fal-ai/bytedance/seedance/v1/lite/text-to-video",
            json!({"resolution": "480p", "duration": "2"}),
            (852, 480, 2, 1),
        ),
        ("fal-ai/wan-i2v", json!({"image_url": image}), (1_280, 720, 5, 1)),
    ] {
        let mut body = body;
        body["prompt"] = "a cat".into();
        let (status, result) = asker.made(endpoint, body).await;
        assert_eq!(status, 200, "{endpoint}: {result}");
        assert_eq!(asker.film(&result["video"]["url"]).await, film, "{endpoint}");
        assert_eq!(result["video_id"].is_string(), endpoint.contains("sora"), "{endpoint}");
    }
}

#[tokio::test]
async fn a_wrong_input_is_accepted_and_comes_out_as_the_result() {
    let asker = Asker::start().await;
    for (endpoint, body, field, kind) in [
        (KLING, json!({"prompt": ""}), "prompt", "missing"),
        (KLING, json!({"prompt": "a", "duration": 5}), "duration", "literal_error"),
        ("fal-ai/sora-2/text-to-video", json!({"prompt": "a", "duration": "4"}), "duration", "literal_error"),
        ("fal-ai/veo3.1", json!({"prompt": "a", "duration": "5s"}), "duration", "literal_error"),
        ("fal-ai/veo3.1/image-to-video", json!({"prompt": "a"}), "image_url", "missing"),
        (
            "fal-ai/veo3.1/image-to-video",
            json!({"prompt": "a", "image_url": "aGk="}),
            "image_url",
            "file_download_error",
        ),
        (
            "fal-ai/veo3.1/reference-to-video",
            json!({"prompt": "a", "image_urls": []}),
            "image_urls",
            "file_download_error",
        ),
    ] {
        let (status, result) = asker.made(endpoint, body.clone()).await;
        let error = &result["detail"][0];
        assert_eq!((status, &error["loc"], &error["type"]), (422, &json!(["body", field]), &json!(kind)), "{body}");
    }
    let (status, _) = asker.post("fal-ai/no-such-app", json!({"prompt": "a"})).await.expect("an answer");
    assert_eq!(status, 404);
}

#[tokio::test]
async fn only_a_film_that_was_kept_can_be_remixed() {
    let asker = Asker::start().await;
    let remix = |id: &Value| json!({"prompt": "purple", "video_id": id});
    for (keep, expected) in [(true, 200), (false, 422)] {
        let body = json!({"prompt": "a cat", "duration": 8, "delete_video": !keep});
        let (_, result) = asker.made("fal-ai/sora-2/text-to-video", body).await;
        assert!(result["thumbnail"]["url"].is_string());
        let (status, remixed) = asker.made("fal-ai/sora-2/video-to-video/remix", remix(&result["video_id"])).await;
        assert_eq!(status, expected, "{remixed}");
        if keep {
            assert_eq!(asker.film(&remixed["video"]["url"]).await, (1_280, 720, 8, 2));
        }
    }
}

/// A picture's width and height.
async fn drawn(file: &Value) -> (u32, u32) {
    let url = file["url"].as_str().expect("a link");
    let bytes = reqwest::get(url).await.expect("an answer").bytes().await.expect("bytes");
    let picture = image::load_from_memory(&bytes).expect("a real picture");
    (picture.width(), picture.height())
}

#[tokio::test]
async fn pictures_are_drawn_and_clothes_tried_on() {
    let asker = Asker::start().await;
    let asked = json!({"prompt": "a cat", "num_images": 2, "aspect_ratio": "9:16"});
    let (status, result) = asker.made("fal-ai/kling-image/v3/text-to-image", asked).await;
    assert_eq!((status, result["images"].as_array().map(Vec::len)), (200, Some(2)), "{result}");
    assert_eq!(drawn(&result["images"][1]).await, (1_024, 1_820));
    let worn =
        json!({"human_image_url": "https://example.com/a.png", "garment_image_url": "data:image/png;base64,AA=="});
    let (status, result) = asker.made("fal-ai/kling/v1-5/kolors-virtual-try-on", worn).await;
    assert_eq!((status, drawn(&result["image"]).await), (200, (768, 1_024)), "{result}");
    for (endpoint, body, field) in [
        ("fal-ai/kling-image/v3/text-to-image", json!({"prompt": "a cat", "num_images": 10}), "num_images"),
        ("fal-ai/kling-image/v3/text-to-image", json!({"prompt": "a cat", "resolution": "2k"}), "resolution"),
        ("fal-ai/kling-image/v3/image-to-image", json!({"prompt": "a cat"}), "image_url"),
        (
            "fal-ai/kling/v1-5/kolors-virtual-try-on",
            json!({"human_image_url": "https://a.test/x"}),
            "garment_image_url",
        ),
    ] {
        let (status, result) = asker.made(endpoint, body).await;
        assert_eq!((status, &result["detail"][0]["loc"][1]), (422, &json!(field)), "{endpoint}: {result}");
    }
}
