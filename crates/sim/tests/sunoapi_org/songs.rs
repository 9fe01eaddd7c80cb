//! Songs, words, and the files that come of them.

use crate::asker::{Asker, DONE_MS, NOWHERE, song};
use serde_json::{Value, json};

#[tokio::test]
async fn a_song_goes_through_its_states_and_gives_two() {
    let asker = Asker::start().await;
    let id = asker.song("a cheerful march").await;
    let mut words: Vec<String> = Vec::new();
    for _ in 0..70 {
        let word = asker.record(&id).await["status"].as_str().expect("a word").to_owned();
        if words.last() != Some(&word) {
            words.push(word);
        }
        asker.clock.advance_ms(100);
    }
    assert_eq!(words, ["PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS", "SUCCESS"]);
    let record = asker.record(&id).await;
    assert_eq!((&record["operationType"], &record["errorCode"]), (&json!("generate"), &Value::Null));
    let songs = record["response"]["sunoData"].as_array().expect("songs");
    assert_eq!(songs.len(), 2);
    assert_ne!(songs[0]["id"], songs[1]["id"]);
    for song in songs {
        let (_, kind, bytes) = asker.file(&song["audioUrl"]).await.expect("a song");
        assert_eq!((kind.as_str(), &bytes[..3]), ("audio/mpeg", b"ID3".as_slice()));
        let seconds = song["duration"].as_f64().expect("a duration");
        let length = (bytes.len() as f64 - 40.0) / 8_000.0;
        assert!((30.0..=90.0).contains(&seconds) && (length - seconds).abs() < 0.1, "{seconds} s, {length} s of bytes");
        let (_, kind, cover) = asker.file(&song["imageUrl"]).await.expect("a cover");
        let cover = image::load_from_memory(&cover).expect("a real picture");
        assert_eq!((kind.as_str(), cover.width(), cover.height()), ("image/jpeg", 512, 512));
    }
}

#[tokio::test]
async fn the_first_song_is_there_before_the_second() {
    let asker = Asker::start().await;
    let id = asker.song("a slow waltz [sim:slow=10s]").await;
    asker.clock.advance_ms(1_000);
    assert_eq!(asker.record(&id).await["response"], Value::Null);
    asker.clock.advance_ms(3_000);
    let early = asker.record(&id).await["response"]["sunoData"].clone();
    assert_eq!((&early[0]["audioUrl"], &early[0]["duration"]), (&json!(""), &Value::Null));
    assert_eq!(asker.file(&early[0]["streamAudioUrl"]).await.expect("a stream").0, 200);
    asker.clock.advance_ms(4_000);
    let first = asker.record(&id).await["response"]["sunoData"].clone();
    assert_eq!(asker.file(&first[0]["audioUrl"]).await.expect("the first song").0, 200);
    assert_eq!(first[1]["audioUrl"], "");
}

#[tokio::test]
async fn words_have_a_query_of_their_own() {
    let asker = Asker::start().await;
    let id = asker.submit("/api/v1/lyrics", json!({"prompt": "a red boat", "callBackUrl": NOWHERE})).await;
    asker.clock.advance_ms(DONE_MS);
    let record = asker.data(&format!("/api/v1/lyrics/record-info?taskId={id}")).await;
    assert_eq!(record["status"], "SUCCESS");
    let words = record["response"]["data"].as_array().expect("words");
    assert_eq!(words.len(), 2);
    assert!(words[0]["text"].as_str().is_some_and(|text| text.contains("[Chorus]")));
    let (status, answer) = asker.get(&format!("/api/v1/generate/record-info?taskId={id}")).await;
    assert_eq!((status, &answer["code"]), (200, &json!(404)));
}

#[tokio::test]
async fn a_song_goes_on_only_where_it_is() {
    let asker = Asker::start().await;
    let id = asker.song("a march").await;
    asker.clock.advance_ms(DONE_MS);
    let audio = asker.record(&id).await["response"]["sunoData"][1]["id"].clone();
    let more = |audio: &Value, flag: Value| json!({"audioId": audio, "defaultParamFlag": flag, "model": "V4_5", "callBackUrl": NOWHERE});
    let next = asker.submit("/api/v1/generate/extend", more(&audio, json!(false))).await;
    let record = asker.record(&next).await;
    assert_eq!((&record["operationType"], &record["parentMusicId"]), (&json!("extend"), &audio));
    let mut described = more(&audio, json!(true));
    assert_eq!(asker.code("/api/v1/generate/extend", described.clone()).await, 400, "continueAt is missing");
    for (name, value) in
        [("continueAt", json!(20)), ("prompt", json!("on")), ("style", json!("jazz")), ("title", json!("On"))]
    {
        described[name] = value;
    }
    asker.submit("/api/v1/generate/extend", described).await;
    assert_eq!(asker.code("/api/v1/generate/extend", more(&json!("nothing"), json!(false))).await, 400);
    assert_eq!(asker.data("/api/v1/generate/credit").await, 1_000);
}

#[tokio::test]
async fn what_is_missing_or_too_long_is_refused_in_http_200() {
    let asker = Asker::start().await;
    let with = |name: &str, value: Value| {
        let mut body = song("a march");
        body[name] = value;
        body
    };
    for (name, value, code) in [
        ("callBackUrl", Value::Null, 400),
        ("customMode", Value::Null, 400),
        ("instrumental", json!("no"), 400),
        ("model", json!("V9"), 400),
        ("prompt", json!(""), 400),
        ("prompt", json!("x".repeat(501)), 413),
        ("customMode", json!(true), 400),
    ] {
        assert_eq!(asker.code("/api/v1/generate", with(name, value.clone())).await, code, "{name} {value}");
    }
    let custom = |model: &str, style: usize| {
        json!({"customMode": true, "instrumental": true, "model": model, "style": "x".repeat(style), "title": "On",
            "callBackUrl": NOWHERE})
    };
    assert_eq!(asker.code("/api/v1/generate", custom("V4", 201)).await, 413);
    assert_eq!(asker.code("/api/v1/generate", custom("V5", 201)).await, 200);
}
