//! Scripted troubles, by marker and by rule.

use crate::asker::{Asker, DONE_MS};
use sim::Script;

async fn imagine(asker: &Asker, prompt: &str, state: &str) -> reqwest::Result<(u16, String)> {
    asker.post_raw("/mj/submit/imagine", &format!(r#"{{"prompt":"{prompt}","state":"{state}"}}"#)).await
}

async fn code(asker: &Asker, prompt: &str, state: &str) -> i64 {
    let (_, body) = imagine(asker, prompt, state).await.expect("an answer");
    let answer: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    answer["code"].as_i64().expect("a code")
}

#[tokio::test]
async fn refusals_strike_as_often_as_they_say() {
    let asker = Asker::start().await;
    for expected in [23, 23, 1] {
        assert_eq!(code(&asker, "cat [sim:queue-full=2]", "a").await, expected);
    }
    assert_eq!(code(&asker, "cat [sim:queue-full=2]", "b").await, 23, "another task has a count of its own");
    for expected in [9, 1] {
        assert_eq!(code(&asker, "cat [sim:code=9]", "c").await, expected);
    }
    let (_, body) = imagine(&asker, "cat [sim:moderation]", "d").await.expect("an answer");
    assert!(body.contains(r#""code":24"#) && body.contains("bannedWord"), "{body}");
    let (_, body) = imagine(&asker, "cat [sim:queued=3]", "e").await.expect("an answer");
    assert!(body.contains(r#""code":22"#) && body.contains(r#""numberOfQueues":3"#), "{body}");
    let counts = asker.sim.counts();
    assert_eq!((counts.submits["a"].refused, counts.submits["a"].accepted), (2, 1));
    assert_eq!(counts.accepted(), 3);
}

#[tokio::test]
async fn a_lost_request_leaves_nothing_and_a_lost_answer_leaves_a_task() {
    let asker = Asker::start().await;
    assert!(imagine(&asker, "cat [sim:lost-request]", "a").await.is_err(), "no byte of an answer");
    assert_eq!(asker.get("/mj/task/list").await.as_array().map(Vec::len), Some(0));
    assert_eq!(code(&asker, "cat [sim:lost-request]", "a").await, 1);
    assert!(imagine(&asker, "cat [sim:lost-answer]", "b").await.is_err(), "no byte of an answer");
    let listed = asker.get("/mj/task/list").await;
    assert_eq!((listed.as_array().map(Vec::len), listed[0]["state"].as_str()), (Some(2), Some("b")));
    assert_eq!(imagine(&asker, "cat [sim:http=502]", "c").await.expect("an answer").0, 502);
    assert_eq!(imagine(&asker, "cat [sim:http-after=500]", "d").await.expect("an answer").0, 500);
    let counts = asker.sim.counts();
    let of = |state: &str| (counts.submits[state].received, counts.submits[state].accepted, counts.submits[state].lost);
    assert_eq!([of("a"), of("b"), of("c"), of("d")], [(2, 1, 1), (1, 1, 0), (1, 0, 1), (1, 1, 0)]);
    assert_eq!(counts.doubled(), [""; 0]);
    assert_eq!(code(&asker, "cat [sim:lost-answer]", "b").await, 1);
    assert_eq!(asker.sim.counts().doubled(), ["b"], "a second submission shows");
    let over_http = asker.get("/sim/counts").await;
    assert_eq!(over_http["submits"]["b"]["accepted"], 2);
}

#[tokio::test]
async fn endings_follow_the_script() {
    let asker = Asker::start().await;
    let submit = async |prompt: &str| asker.submit("imagine", &format!(r#"{{"prompt":"{prompt}"}}"#)).await;
    let fail = submit("cat [sim:fail=no luck today]").await;
    let moderated = submit("cat [sim:late-moderation]").await;
    let slow = submit("cat [sim:slow=30s]").await;
    let stuck = submit("cat [sim:stuck]").await;
    let odd = submit("cat [sim:status=PONDERING][sim:slow=30s]").await;
    let gone = submit("cat [sim:forget=5s]").await;
    assert_eq!(asker.task(&gone).await["status"], "NOT_START");
    asker.clock.advance_ms(DONE_MS);
    let task = asker.task(&fail).await;
    assert_eq!(
        (task["status"].as_str(), task["failReason"].as_str(), task["progress"].as_str()),
        (Some("FAILURE"), Some("no luck today"), Some(""))
    );
    assert!(asker.task(&moderated).await["failReason"].as_str().expect("a reason").contains("Banned prompt"));
    assert_eq!(asker.task(&slow).await["progress"], "28%");
    assert_eq!(asker.task(&odd).await["status"], "PONDERING");
    assert_eq!(asker.get_raw(&format!("/mj/task/{gone}/fetch")).await.expect("an answer").0, 204);
    asker.clock.advance_ms(3_600_000);
    assert_eq!(asker.task(&slow).await["status"], "SUCCESS");
    assert_eq!(asker.task(&stuck).await["progress"], "93%");
}

#[tokio::test]
async fn polls_fail_as_often_as_they_say() {
    let asker = Asker::start().await;
    let id = asker.submit("imagine", r#"{"prompt":"cat [sim:poll-http=503*2]"}"#).await;
    let path = format!("/mj/task/{id}/fetch");
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(asker.get_raw(&path).await.expect("an answer").0);
    }
    assert_eq!(statuses, [503, 503, 200]);
}

#[tokio::test]
async fn a_held_answer_waits_for_the_clock() {
    let asker = Asker::start().await;
    let held = imagine(&asker, "cat [sim:answer-delay=20s]", "a");
    tokio::pin!(held);
    while !asker.sim.counts().submits.contains_key("a") {
        tokio::select! {
            early = &mut held => panic!("the clock stands, so the answer waits: {early:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(asker.sim.counts().submits["a"].accepted, 1, "the task is recorded first");
    // The answer began to wait before or after this move; in both cases the later moves end it.
    let moves = async {
        loop {
            asker.clock.advance_ms(20_000);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = &mut held => assert_eq!(answer.expect("an answer").0, 200),
        () = moves => {}
    }
}

#[tokio::test]
async fn rules_strike_by_route_prompt_and_count() {
    let asker = Asker::start().await;
    let script = Script::from_json(
        r#"{"rules":[
            {"route":"imagine","prompt":"dog","nth":[2],"do":["lost-answer"]},
            {"route":"fetch","nth":[1],"do":["http=500"]},
            {"action":"upscale","do":["fail=no upscales"]}
        ]}"#,
    )
    .expect("a right script");
    asker.sim.set_script(script).expect("a right script");
    assert_eq!(code(&asker, "dog", "a").await, 1);
    assert_eq!(code(&asker, "cat", "b").await, 1);
    assert!(imagine(&asker, "dog", "c").await.is_err(), "the second dog");
    assert_eq!(code(&asker, "dog", "d").await, 1);
    let id = asker.imagined("cow").await;
    let path = format!("/mj/task/{id}/fetch");
    assert_eq!(asker.get_raw(&path).await.expect("an answer").0, 500);
    let task = asker.task(&id).await;
    let button = task["buttons"][0]["customId"].as_str().expect("a button");
    let up = asker.submit("action", &format!(r#"{{"taskId":"{id}","customId":"{button}"}}"#)).await;
    asker.clock.advance_ms(DONE_MS);
    assert_eq!(asker.task(&up).await["failReason"], "no upscales");
}

#[tokio::test]
async fn a_share_of_submissions_is_chosen_by_the_seed() {
    let script = r#"{"rules":[{"route":"imagine","percent":30,"do":["code=9"]}]}"#;
    let mut runs = Vec::new();
    for _ in 0..2 {
        let asker = Asker::start().await;
        asker.sim.set_script(Script::from_json(script).expect("a right script")).expect("a right script");
        let mut codes = Vec::new();
        for number in 0..60 {
            codes.push(code(&asker, "cat", &format!("s{number}")).await);
        }
        runs.push(codes);
    }
    let struck = runs[0].iter().filter(|code| **code == 9).count();
    assert!((6..=32).contains(&struck), "{struck} of 60");
    assert_eq!(runs[0], runs[1], "the same seed chooses the same");
}
