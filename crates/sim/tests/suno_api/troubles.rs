//! The frame's troubles: at the door, in the job, at polls and downloads.

use crate::asker::{Asker, DONE_MS};
use serde_json::json;
use sim::Script;

#[tokio::test]
async fn a_key_is_asked_for() {
    let asker = Asker::start().await;
    let answer = reqwest::Client::new().get(asker.url("/suno/fetch/x")).send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json::<serde_json::Value>().await.expect("JSON")["code"], "unauthorized");
    assert_eq!(asker.get("/suno/fetch/x").await.0, 404, "any key will do");
}

#[tokio::test]
async fn refusals_have_the_protocols_shape_and_cost_nothing() {
    let asker = Asker::start().await;
    let cases = [
        ("[sim:moderation]", 400, "moderation_failure"),
        ("[sim:queue-full]", 429, "too_many_requests"),
        ("[sim:wrong-key]", 401, "unauthorized"),
        ("[sim:error=no_credits]", 400, "no_credits"),
    ];
    for (marker, status, code) in cases {
        let body = json!({"gpt_description_prompt": format!("cat {marker}")});
        let (is, answer) = asker.post("/suno/submit/music", body.clone()).await.expect("an answer");
        assert_eq!((is, &answer["code"]), (status, &json!(code)), "{marker}");
        assert_eq!(asker.post("/suno/submit/music", body).await.expect("an answer").0, 200, "{marker}: only once");
        let counted = asker.sim.counts().of_prompt(&format!("cat {marker}"));
        assert_eq!((counted.received, counted.refused, counted.accepted), (2, 1, 1), "{marker}");
    }
    let (status, _) = asker.post("/suno/submit/music", json!({})).await.expect("an answer");
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_lost_answer_is_paid_for_and_a_lost_request_is_not() {
    let asker = Asker::start().await;
    let submit = |prompt: &'static str| asker.post("/suno/submit/music", json!({"gpt_description_prompt": prompt}));
    assert!(submit("a [sim:lost-answer]").await.is_err());
    assert!(submit("b [sim:lost-request]").await.is_err());
    assert_eq!(submit("c [sim:http-after=502]").await.expect("an answer").0, 502);
    assert_eq!(submit("d [sim:http=503]").await.expect("an answer").0, 503);
    let counts = asker.sim.counts();
    let accepted = |prompt: &str| counts.of_prompt(prompt).accepted;
    assert_eq!(accepted("a [sim:lost-answer]") + accepted("c [sim:http-after=502]"), 2);
    assert_eq!(accepted("b [sim:lost-request]") + accepted("d [sim:http=503]"), 0);
    assert_eq!((counts.routes["suno_api/music"], counts.doubled().len()), (4, 0));
    submit("a [sim:lost-answer]").await.expect("an answer");
    assert_eq!(asker.sim.counts().doubled(), ["a [sim:lost-answer]"]);
}

#[tokio::test]
async fn jobs_end_as_they_are_told() {
    let asker = Asker::start().await;
    let failed = asker.song("[sim:fail=no luck]").await;
    let moderated = asker.song("[sim:late-moderation=rude]").await;
    let stuck = asker.song("[sim:stuck]").await;
    let odd = asker.song("[sim:status=PONDERING] [sim:stuck]").await;
    let empty = asker.song("[sim:outputs=0]").await;
    let forgotten = asker.song("[sim:forget=5s]").await;
    asker.clock.advance_ms(DONE_MS);
    let task = asker.task(&failed).await;
    assert_eq!((&task["status"], &task["fail_reason"]), (&json!("FAILURE"), &json!("no luck")));
    let task = asker.task(&moderated).await;
    assert_eq!((&task["status"], &task["fail_reason"]), (&json!("FAILURE"), &json!("moderation_failure: rude")));
    assert_eq!(task["data"][0]["metadata"]["error_type"], "moderation_failure");
    assert_eq!(asker.task(&stuck).await["status"], "IN_PROGRESS");
    assert_eq!(asker.task(&odd).await["status"], "PONDERING");
    let task = asker.task(&empty).await;
    assert_eq!((&task["status"], &task["data"]), (&json!("SUCCESS"), &json!([])));
    assert_eq!(asker.get(&format!("/suno/fetch/{forgotten}")).await.0, 404);
}

#[tokio::test]
async fn polls_and_downloads_fail_as_they_are_told() {
    let asker = Asker::start().await;
    let id = asker.song("[sim:poll-http=503*2] [sim:artifact=cut]").await;
    asker.clock.advance_ms(DONE_MS);
    let path = format!("/suno/fetch/{id}");
    assert_eq!([asker.get(&path).await.0, asker.get(&path).await.0, asker.get(&path).await.0], [503, 503, 200]);
    let url = asker.task(&id).await["data"][0]["audio_url"].clone();
    assert!(asker.file(&url).await.is_err(), "cut off");
    assert_eq!(asker.file(&url).await.expect("the second time").0, 200);
    let denied = asker.song("[sim:artifact=denied*always]").await;
    asker.clock.advance_ms(DONE_MS);
    let url = asker.task(&denied).await["data"][0]["audio_url"].clone();
    assert_eq!(asker.file(&url).await.expect("an answer").0, 403);
}

#[tokio::test]
async fn rules_strike_by_protocol_and_route() {
    let asker = Asker::start().await;
    let script = r#"{"rules":[
        {"protocol":"suno_api","route":"music","nth":[2],"do":["http=500"]},
        {"protocol":"kling","do":["http=500*always"]}
    ]}"#;
    asker.sim.set_script(Script::from_json(script).expect("a script")).expect("known troubles");
    let submit = |prompt: &'static str| asker.post("/suno/submit/music", json!({"gpt_description_prompt": prompt}));
    let statuses = [submit("a").await, submit("b").await, submit("c").await].map(|answer| answer.expect("an answer").0);
    assert_eq!(statuses, [200, 500, 200]);
}
