//! Keys, refusals, and how tasks end.

use crate::asker::{Asker, DONE_MS, song};
use serde_json::json;

#[tokio::test]
async fn a_wrong_key_is_a_code_in_http_200() {
    let asker = Asker::with(Some("right")).await;
    let (status, answer) = asker.get("/api/v1/generate/credit").await;
    assert_eq!((status, &answer["code"]), (200, &json!(401)));
    let asker = Asker::start().await;
    let bare = reqwest::Client::new().get(format!("{}/sunoapi/api/v1/generate/credit", asker.sim.url()));
    let answer: serde_json::Value = bare.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["code"], 401);
}

#[tokio::test]
async fn refusals_cost_nothing_and_are_codes() {
    let asker = Asker::start().await;
    for (marker, code) in
        [("[sim:moderation]", 400), ("[sim:queue-full]", 430), ("[sim:wrong-key]", 401), ("[sim:code=429]", 429)]
    {
        let prompt = format!("a march {marker}");
        assert_eq!(asker.code("/api/v1/generate", song(&prompt)).await, code, "{marker}");
        assert_eq!(asker.code("/api/v1/generate", song(&prompt)).await, 200, "{marker}: only once");
        let counted = asker.sim.counts().of_prompt(&prompt);
        assert_eq!((counted.refused, counted.accepted), (1, 1), "{marker}");
    }
    assert!(asker.post("/api/v1/generate", song("a [sim:lost-answer]")).await.is_err());
    assert_eq!(asker.sim.counts().of_prompt("a [sim:lost-answer]").accepted, 1);
    assert_eq!(asker.post("/api/v1/generate", song("b [sim:http=502]")).await.expect("an answer").0, 502);
}

#[tokio::test]
async fn tasks_end_as_they_are_told() {
    let asker = Asker::start().await;
    for (marker, status, audio) in [
        ("[sim:fail]", "GENERATE_AUDIO_FAILED", false),
        ("[sim:fail=#CREATE_TASK_FAILED no luck]", "CREATE_TASK_FAILED", false),
        ("[sim:fail=#CALLBACK_EXCEPTION no luck]", "CALLBACK_EXCEPTION", false),
        ("[sim:status=CALLBACK_EXCEPTION]", "CALLBACK_EXCEPTION", true),
        ("[sim:late-moderation=rude]", "SENSITIVE_WORD_ERROR", false),
        ("[sim:stuck]", "FIRST_SUCCESS", true),
        ("[sim:stuck][sim:status=PONDERING]", "PONDERING", true),
    ] {
        let id = asker.song(&format!("a march {marker}")).await;
        asker.clock.advance_ms(DONE_MS);
        let record = asker.record(&id).await;
        assert_eq!(record["status"], status, "{marker}");
        let url = record["response"]["sunoData"][0]["audioUrl"].as_str().unwrap_or_default();
        assert_eq!(!url.is_empty(), audio, "{marker}");
    }
    let id = asker.song("[sim:outputs=0]").await;
    asker.clock.advance_ms(DONE_MS);
    assert_eq!(asker.record(&id).await["response"]["sunoData"], json!([]));
    let id = asker.song("[sim:forget=5s]").await;
    asker.clock.advance_ms(DONE_MS);
    let (status, answer) = asker.get(&format!("/api/v1/generate/record-info?taskId={id}")).await;
    assert_eq!((status, &answer["code"]), (200, &json!(404)));
}
