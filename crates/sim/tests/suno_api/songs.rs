//! Songs, lyrics and the files that come of them.

use crate::asker::{Asker, DONE_MS};
use serde_json::{Value, json};

#[tokio::test]
async fn a_song_goes_through_its_states_and_gives_two_clips() {
    let asker = Asker::start().await;
    let id = asker.song("a cheerful march").await;
    let mut words = Vec::new();
    for _ in 0..60 {
        let task = asker.task(&id).await;
        let word = task["status"].as_str().expect("a word").to_owned();
        if words.last() != Some(&word) {
            words.push(word);
        }
        asker.clock.advance_ms(100);
    }
    assert_eq!(words, ["NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS", "SUCCESS"]);
    let task = asker.task(&id).await;
    assert_eq!((&task["action"], &task["progress"]), (&json!("MUSIC"), &json!("100%")));
    let clips = task["data"].as_array().expect("clips");
    assert_eq!(clips.len(), 2);
    assert_ne!(clips[0]["id"], clips[1]["id"]);
    for clip in clips {
        assert_eq!((&clip["status"], &clip["model_name"]), (&json!("complete"), &json!("chirp-v4")));
        let (_, kind, song) = asker.file(&clip["audio_url"]).await.expect("a song");
        assert_eq!((kind.as_str(), &song[..3]), ("audio/mpeg", b"ID3".as_slice()));
        let seconds = clip["metadata"]["duration"].as_f64().expect("a duration");
        let length = (song.len() as f64 - 40.0) / 8_000.0;
        assert!((30.0..=90.0).contains(&seconds) && (length - seconds).abs() < 0.1, "{seconds} s, {length} s of bytes");
        let (_, kind, cover) = asker.file(&clip["image_url"]).await.expect("a cover");
        let cover = image::load_from_memory(&cover).expect("a real picture");
        assert_eq!((kind.as_str(), cover.width(), cover.height()), ("image/jpeg", 512, 512));
    }
}

#[tokio::test]
async fn the_stream_before_the_end_is_not_the_song() {
    let asker = Asker::start().await;
    let id = asker.song("a slow waltz [sim:slow=10s]").await;
    asker.clock.advance_ms(5_000);
    assert_eq!(asker.task(&id).await["data"][0]["audio_url"], "");
    asker.clock.advance_ms(3_000);
    let clip = asker.task(&id).await["data"][0].clone();
    assert_eq!((&clip["status"], &clip["metadata"]["duration"]), (&json!("streaming"), &Value::Null));
    let stream = asker.file(&clip["audio_url"]).await.expect("a stream");
    assert_eq!(stream.0, 200);
    asker.clock.advance_ms(3_000);
    let done = asker.task(&id).await["data"][0].clone();
    assert_ne!(done["audio_url"], clip["audio_url"]);
    let song = asker.file(&done["audio_url"]).await.expect("a song");
    assert!(song.2.len() > 2 * stream.2.len(), "the stream broke off");
}

#[tokio::test]
async fn lyrics_are_text() {
    let asker = Asker::start().await;
    let id = asker.submit("lyrics", json!({"prompt": "a red boat"})).await;
    asker.clock.advance_ms(DONE_MS);
    let task = asker.task(&id).await;
    assert_eq!((&task["status"], &task["data"]["title"]), (&json!("SUCCESS"), &json!("a red boat")));
    assert!(task["data"]["text"].as_str().is_some_and(|text| text.contains("[Chorus]")));
}

#[tokio::test]
async fn clips_can_be_continued_and_joined_only_where_they_are() {
    let asker = Asker::start().await;
    let id = asker.song("a march").await;
    asker.clock.advance_ms(DONE_MS);
    let clip = asker.task(&id).await["data"][1]["id"].clone();
    let more =
        |task: &str| json!({"prompt": "on and on", "continue_clip_id": clip, "continue_at": 20, "task_id": task});
    asker.submit("music", more(&id)).await;
    let (status, answer) = asker.post("/suno/submit/music", more("elsewhere")).await.expect("an answer");
    assert_eq!((status, &answer["code"]), (400, &json!("invalid_request")));
    let joined = asker.submit("concat", json!({"clip_id": clip})).await;
    asker.clock.advance_ms(DONE_MS);
    assert_eq!(asker.task(&joined).await["data"].as_array().map(Vec::len), Some(1));
    let (status, _) = asker.post("/suno/submit/concat", json!({"clip_id": "nothing"})).await.expect("an answer");
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_batch_leaves_out_what_is_missing_or_of_another_action() {
    let asker = Asker::start().await;
    let one = asker.song("one").await;
    let two = asker.song("two").await;
    let words = asker.submit("lyrics", json!({"prompt": "three"})).await;
    let ask = json!({"ids": [two, "nothing", words, one], "action": "MUSIC"});
    let (_, answer) = asker.post("/suno/fetch", ask).await.expect("an answer");
    let ids: Vec<&str> =
        answer["data"].as_array().expect("tasks").iter().filter_map(|task| task["task_id"].as_str()).collect();
    assert_eq!(ids, [two.as_str(), one.as_str()]);
}
