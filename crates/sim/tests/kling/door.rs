//! Keys, tokens, and what is told at the door and later.

use crate::asker::{Asker, DONE_MS};
use serde_json::{Value, json};

// Made by another program: `{"alg":"HS256","typ":"JWT"}` and `iss` `ak`; the secret key is `sk` but for the last.
const GOOD: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhayIsImV4cCI6MTc5MDAwMTgwMCwibmJmIjoxNzg5OTk5OTk1fQ._AuTUjqJlZjFU8gN8f2DEL6y5kH0iZQkvB2FDgC8M44";
const FUTURE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhayIsImV4cCI6MTc5MDAwMzgwMCwibmJmIjoxNzkwMDAwMTAwfQ.h0yjLi9uH_jFOtq7bQOwZyXZukJillf3Ws426tmqESs";
const OTHER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhayIsImV4cCI6MTc5MDAwMTgwMCwibmJmIjoxNzg5OTk5OTk1fQ.Orp6PQyCZxYfH6pp4IsDaNikWZ1dmu44LvGp9FCritk";

const TEXT: &str = "/v1/videos/text2video";

fn code(answer: &(u16, Value)) -> (u16, i64) {
    (answer.0, answer.1["code"].as_i64().unwrap_or(-1))
}

#[tokio::test]
async fn a_token_is_good_for_its_time_and_its_secret() {
    for secret in ["sk", "ak:sk"] {
        let mut asker = Asker::with(Some(secret), None).await;
        assert_eq!(code(&asker.bare(TEXT).await), (401, 1001));
        for (key, expected) in
            [(GOOD, (200, 0)), (FUTURE, (401, 1003)), (OTHER, (401, 1002)), ("wrong", (401, 1002)), (secret, (200, 0))]
        {
            asker.key = key.to_owned();
            assert_eq!(code(&asker.get(TEXT).await), expected, "{secret} {key}");
        }
        asker.key = GOOD.to_owned();
        assert_eq!(code(&asker.get("/tasks?task_ids=x").await), (401, 1002), "the new generation knows no tokens");
        asker.clock.advance_ms(1_800_000);
        assert_eq!(code(&asker.get(TEXT).await), (401, 1004), "too old");
    }
    let mut asker = Asker::with(Some("other:sk"), None).await;
    asker.key = GOOD.to_owned();
    assert_eq!(code(&asker.get(TEXT).await), (401, 1002), "another's access key");
    let mut asker = Asker::start().await;
    asker.key = OTHER.to_owned();
    assert_eq!(code(&asker.get(TEXT).await), (200, 0), "without a secret every signature is good");
}

#[tokio::test]
async fn refusals_have_the_vendors_numbers() {
    let asker = Asker::start().await;
    for (marker, expected) in [
        ("[sim:moderation]", (400, 1301)),
        ("[sim:queue-full]", (429, 1303)),
        ("[sim:wrong-key]", (401, 1002)),
        ("[sim:code=1102]", (429, 1102)),
        ("[sim:code=5001]", (503, 5001)),
        ("[sim:error=1303]", (200, 1303)),
    ] {
        let body = json!({"prompt": format!("a cat {marker}")});
        assert_eq!(asker.refused(TEXT, body.clone()).await, expected, "{marker}");
        assert_eq!(asker.refused(TEXT, body).await, (200, 0), "{marker}: only once");
        let counted = asker.sim.counts().of_prompt(&format!("a cat {marker}"));
        assert_eq!((counted.refused, counted.accepted), (1, 1), "{marker}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_by_the_callers_own_id() {
    let asker = Asker::start().await;
    let body = json!({"prompt": "a cat [sim:lost-answer]", "external_task_id": "job-1"});
    assert!(asker.post(TEXT, body.clone()).await.is_err());
    assert_eq!(asker.asked(&format!("{TEXT}/job-1")).await["task_status"], "submitted");
    assert_eq!(asker.refused(TEXT, body).await, (400, 1201));
    let lost = json!({"prompt": "a cat [sim:lost-request]", "external_task_id": "job-2"});
    assert!(asker.post(TEXT, lost.clone()).await.is_err());
    assert_eq!(code(&asker.get(&format!("{TEXT}/job-2")).await), (404, 1203));
    asker.opened(TEXT, lost).await;
    assert!(asker.sim.counts().doubled().is_empty());
}

#[tokio::test]
async fn tasks_end_as_they_are_told() {
    let asker = Asker::start().await;
    for (number, (marker, word, text)) in [
        ("[sim:fail=no luck]", "failed", "no luck"),
        ("[sim:late-moderation=rude]", "failed", "rude"),
        ("[sim:stuck]", "processing", ""),
        ("[sim:stuck][sim:status=pondering]", "pondering", ""),
        ("[sim:outputs=0]", "succeed", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let own = format!("job-{number}");
        asker.opened(TEXT, json!({"prompt": format!("a cat {marker}"), "external_task_id": own})).await;
        asker.clock.advance_ms(DONE_MS);
        let task = asker.asked(&format!("{TEXT}/{own}")).await;
        assert_eq!((&task["task_status"], &task["task_status_msg"]), (&json!(word), &json!(text)), "{marker}");
    }
    let empty = asker.asked(&format!("{TEXT}/job-4")).await;
    assert_eq!(empty["task_result"], json!({"videos": []}));
}
