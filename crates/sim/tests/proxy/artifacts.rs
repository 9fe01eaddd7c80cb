//! Files: real PNGs of the right size, the same for the same seed, and broken ones on demand.

use crate::asker::{Asker, DONE_MS, data_uri};

#[tokio::test]
async fn the_prompt_decides_the_shape() {
    let asker = Asker::start().await;
    let wide = asker.imagined("cat --ar 16:9 --v 6").await;
    assert_eq!(asker.picture(&wide).await.dimensions(), (176, 96));
    let square = asker.imagined("cat").await;
    assert_eq!(asker.picture(&square).await.dimensions(), (128, 128));
    let (one, two) = (data_uri([250, 0, 0]), data_uri([0, 0, 250]));
    let body = format!(r#"{{"base64Array":["{one}","{two}"],"dimensions":"PORTRAIT"}}"#);
    let blended = asker.submit("blend", &body).await;
    asker.clock.advance_ms(DONE_MS);
    assert_eq!(asker.picture(&blended).await.dimensions(), (112, 160));
}

#[tokio::test]
async fn the_same_seed_and_prompt_paint_the_same_picture() {
    let (one, two) = (Asker::start().await, Asker::start().await);
    let other = Asker::with(|config| sim::SimConfig { seed: 2, ..config }).await;
    let (a, b, c) = (one.imagined("cat").await, two.imagined("cat").await, other.imagined("cat").await);
    let picture = one.picture(&a).await;
    assert_eq!(picture, two.picture(&b).await);
    assert_ne!(picture, other.picture(&c).await);
    let dog = one.imagined("dog").await;
    assert_ne!(picture, one.picture(&dog).await);
}

#[tokio::test]
async fn the_words_stand_on_the_picture() {
    let asker = Asker::start().await;
    let one = asker.imagined("cat").await;
    let two = asker.imagined("cat [sim:slow=1s]").await;
    assert_eq!(asker.picture(&one).await, asker.picture(&two).await, "markers are not drawn");
    let white = asker.picture(&one).await.pixels().filter(|pixel| pixel.0.iter().all(|value| *value > 235)).count();
    assert!(white > 20, "{white} white pixels");
}

#[tokio::test]
async fn a_preview_is_there_before_the_end_and_the_picture_only_after_it() {
    let asker = Asker::start().await;
    let id = asker.submit("imagine", r#"{"prompt":"cat"}"#).await;
    asker.clock.advance_ms(2_000);
    let preview = asker.picture(&id).await;
    assert_eq!(preview.dimensions(), (32, 32));
    assert!(asker.bytes(&asker.url(&format!("/sim/files/{id}.png"))).await.is_err());
    asker.clock.advance_ms(DONE_MS);
    let task = asker.task(&id).await;
    let single = task["imageUrls"][3]["url"].as_str().expect("four singles");
    let single = image::load_from_memory(&asker.bytes(single).await.expect("a file")).expect("a picture");
    assert_eq!((single.width(), single.height()), (64, 64));
}

#[tokio::test]
async fn downloads_fail_as_they_are_told() {
    let asker = Asker::start().await;
    for fault in ["cut", "missing", "away", "html", "empty"] {
        let id = asker.imagined(&format!("cat [sim:artifact={fault}]")).await;
        let url = asker.task(&id).await["imageUrl"].as_str().expect("a link").to_owned();
        let first = asker.bytes(&url).await.ok();
        let whole = first.and_then(|bytes| image::load_from_memory(&bytes).ok());
        assert!(whole.is_none(), "{fault}: the first download is no picture");
        assert_eq!(asker.picture(&id).await.dimensions(), (128, 128), "{fault}: the second is");
    }
}
