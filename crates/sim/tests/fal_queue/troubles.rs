//! Keys, stops, and how requests end.

use crate::asker::{Asker, DONE_MS};
use serde_json::{Value, json};

const VEO: &str = "fal-ai/veo3.1";

#[tokio::test]
async fn a_key_is_a_key_and_no_bearer() {
    let asker = Asker::with(Some("right")).await;
    for (authorization, status) in [("Bearer right", 401), ("Key wrong", 401), ("Key right", 404)] {
        assert_eq!(asker.keyed("fal-ai/veo3.1/requests/x/status", authorization).await, status, "{authorization}");
    }
}

#[tokio::test]
async fn refusals_and_losses_cost_what_they_cost() {
    let asker = Asker::start().await;
    for (marker, status) in
        [("[sim:queue-full]", 429), ("[sim:wrong-key]", 401), ("[sim:code=403]", 403), ("[sim:error=value_error]", 422)]
    {
        let prompt = format!("a cat {marker}");
        let (is, _) = asker.post(VEO, json!({"prompt": prompt})).await.expect("an answer");
        assert_eq!(is, status, "{marker}");
        assert_eq!(asker.sim.counts().of_prompt(&prompt).accepted, 0, "{marker}");
        asker.submit(VEO, json!({"prompt": prompt})).await;
    }
    assert!(asker.post(VEO, json!({"prompt": "a [sim:lost-answer]"})).await.is_err());
    assert_eq!(asker.sim.counts().of_prompt("a [sim:lost-answer]").accepted, 1);
}

#[tokio::test]
async fn failures_are_completed_and_told_by_the_result() {
    let asker = Asker::start().await;
    for (marker, status, kind, queues) in [
        ("[sim:fail=no luck]", 500, "internal_server_error", false),
        ("[sim:fail=#image_too_small tiny]", 422, "image_too_small", false),
        ("[sim:fail=#runner_disconnected gone]", 503, "runner_disconnected", true),
        ("[sim:moderation]", 422, "content_policy_violation", false),
        ("[sim:late-moderation=rude]", 422, "content_policy_violation", false),
    ] {
        let opened = asker.submit(VEO, json!({"prompt": format!("a cat {marker}")})).await;
        asker.clock.advance_ms(DONE_MS);
        let (_, told) = asker.at(&opened["status_url"]).await;
        assert_eq!(told["status"], "COMPLETED", "{marker}");
        assert_eq!((told["error"].is_string(), told["error_type"].is_string()), (true, queues), "{marker}");
        let (is, result) = asker.at(&opened["response_url"]).await;
        let word = if queues { &result["error_type"] } else { &result["detail"][0]["type"] };
        assert_eq!((is, word), (status, &json!(kind)), "{marker}");
    }
    let (status, result) = asker.made(VEO, json!({"prompt": "[sim:outputs=0]"})).await;
    assert_eq!((status, &result["video"]), (200, &Value::Null));
    let odd = asker.submit(VEO, json!({"prompt": "[sim:stuck][sim:status=PONDERING]"})).await;
    asker.clock.advance_ms(DONE_MS);
    assert_eq!(asker.at(&odd["status_url"]).await.1["status"], "PONDERING");
}

#[tokio::test]
async fn a_stop_comes_in_time_or_too_late() {
    let asker = Asker::start().await;
    let opened = asker.submit(VEO, json!({"prompt": "a cat"})).await;
    asker.clock.advance_ms(1_000);
    let (status, answer) = asker.stop(&opened["cancel_url"]).await;
    assert_eq!((status, &answer["status"]), (202, &json!("CANCELLATION_REQUESTED")));
    let (status, result) = asker.at(&opened["response_url"]).await;
    assert_eq!((status, &result["error_type"]), (499, &json!("client_cancelled")));
    let (status, answer) = asker.stop(&opened["cancel_url"]).await;
    assert_eq!((status, &answer["status"]), (400, &json!("ALREADY_COMPLETED")));
    let unknown = json!(format!("{}/fal/fal-ai/veo3.1/requests/x/cancel", asker.sim.url()));
    let (status, answer) = asker.stop(&unknown).await;
    assert_eq!((status, &answer["status"]), (404, &json!("NOT_FOUND")));
}
