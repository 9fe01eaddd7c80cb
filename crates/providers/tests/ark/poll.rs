//! Every status of the sheet's section 3, batches, and what is no answer.

use crate::desk::{DIALECT, Desk, json, response};
use providers::{Dialect, PollOutcome, Target};
use task::{FailureKind, Output, Phase, Retry, Role, Source};

const SUCCEEDED: &str = r#"{"id":"cgt-7","model":"doubao-seedance-2-0-260128","status":"succeeded",
    "content":{"video_url":"https://tos.test/v.mp4?sig=1","last_frame_url":"https://tos.test/f.png?sig=2"},
    "usage":{"completion_tokens":108900,"total_tokens":108900,"tool_usage":{"web_search":2}},
    "created_at":1790000000,"updated_at":1790000060,"seed":10,"resolution":"720p","ratio":"16:9","duration":11,
    "framespersecond":24,"service_tier":"default","execution_expires_after":172800,"generate_audio":true,"draft":false,
    "priority":0,"output_format":"mp4","revised_prompt":"a fine cat","tools":[{"type":"web_search"}],
    "safety_identifier":"x","draft_task_id":null,"error":null}"#;

#[test]
fn a_success_gives_the_film_the_last_still_and_all_that_is_told() {
    let PollOutcome::Done { outputs, details } = Desk::second().told(SUCCEEDED) else { panic!("it has succeeded") };
    let url = |role, url: &str| Output::new(role, Source::Url(url.into()));
    let expected =
        [url(Role::Video, "https://tos.test/v.mp4?sig=1"), url(Role::LastFrame, "https://tos.test/f.png?sig=2")];
    assert_eq!(outputs, expected);
    assert_eq!((details.seed.as_deref(), details.prompt_used.as_deref()), (Some("10"), Some("a fine cat")));
    assert_eq!(details.fitted.seconds, Some(11.0));
    assert_eq!(
        serde_json::Value::Object(details.extras),
        json(
            r#"{"resolution":"720p","ratio":"16:9","duration":11,"framespersecond":24,"generate_audio":true,
                "service_tier":"default","execution_expires_after":172800,"draft":false,"priority":0,"output_format":"mp4",
                "usage":{"completion_tokens":108900,"total_tokens":108900,"tool_usage":{"web_search":2}}}"#
        )
    );
}

#[test]
fn a_length_in_frames_is_a_length() {
    let body = r#"{"id":"cgt-7","status":"succeeded","content":{"video_url":"https://a.test/v"},"frames":57,"framespersecond":24,"seed":-1}"#;
    let PollOutcome::Done { details, .. } = Desk::second().told(body) else { panic!("it has succeeded") };
    assert_eq!((details.fitted.seconds, details.seed), (Some(2.375), None));
}

#[test]
fn an_output_is_fetched_without_the_key() {
    let output = Output::new(Role::Video, Source::Url("https://tos.test/v.mp4?sig=1".into()));
    let request = DIALECT.fetch(Desk::second().account(), &output).expect("it is a link");
    assert_eq!(request.target, Target::FromAnswer("https://tos.test/v.mp4?sig=1".into()));
    assert!(request.headers.is_empty() && !request.paid);
}

/// Trap 4: what is over the limit is accepted and waits.
#[test]
fn a_waiting_and_a_working_task() {
    for (status, phase, unknown) in [
        ("queued", Phase::Waiting, None),
        ("running", Phase::Working, None),
        ("reviewing", Phase::Working, Some("reviewing".to_owned())),
    ] {
        let told = Desk::second().told(&format!(r#"{{"id":"cgt-7","status":"{status}","content":null,"error":null}}"#));
        let expected = PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word: unknown };
        assert_eq!(told, expected, "trap 16: {status} is no reason to give up");
    }
}

#[test]
fn the_other_ends() {
    assert_eq!(Desk::second().told(r#"{"id":"cgt-7","status":"cancelled"}"#), PollOutcome::Cancelled);
    let PollOutcome::Failed(expired) = Desk::second().told(r#"{"id":"cgt-7","status":"expired","error":null}"#) else {
        panic!("it has failed")
    };
    assert_eq!((expired.kind, expired.retry), (FailureKind::Expired, Retry::Never));
    for nothing in [
        r#"null"#,
        r#"{}"#,
        r#"{"video_url":""}"#,
        r#"{"video_url":"ftp://x"}"#,
        r#"{"last_frame_url":"https://a.test/f"}"#,
    ] {
        let told = Desk::second().told(&format!(r#"{{"id":"cgt-7","status":"succeeded","content":{nothing}}}"#));
        assert!(
            matches!(&told, PollOutcome::Failed(failure) if failure.kind == FailureKind::Upstream),
            "{nothing}: {told:?}"
        );
    }
}

/// Trap 5: moderation may come late.
#[test]
fn a_failed_task_says_why() {
    use FailureKind::{InvalidInput, Moderation, Upstream};
    for (code, kind, retry) in [
        ("OutputVideoSensitiveContentDetected", Moderation, Retry::Later(None)),
        ("OutputVideoSensitiveContentDetected.PolicyViolation", Moderation, Retry::Later(None)),
        ("OutputAudioSensitiveContentDetected", Moderation, Retry::Later(None)),
        ("InputImageSensitiveContentDetected.PrivacyInformation", Moderation, Retry::Never),
        ("InvalidParameter.OversizeImage", InvalidInput, Retry::Never),
        ("InternalServiceError", Upstream, Retry::Later(None)),
        ("SomethingNew", Upstream, Retry::Never),
        ("", Upstream, Retry::Never),
    ] {
        let body =
            format!(r#"{{"id":"cgt-7","status":"failed","error":{{"code":"{code}","message":"why it failed"}}}}"#);
        let PollOutcome::Failed(failure) = Desk::second().told(&body) else { panic!("{code} has failed") };
        assert_eq!((failure.kind, failure.retry, failure.public.as_str()), (kind, retry, "why it failed"), "{code}");
    }
    let PollOutcome::Failed(silent) = Desk::second().told(r#"{"id":"cgt-7","status":"failed"}"#) else {
        panic!("failed")
    };
    assert!(!silent.public.is_empty());
}

#[test]
fn a_batch_is_answered_in_the_order_asked_and_what_is_left_out_is_missing() {
    let body = r#"{"items":[{"id":"cgt-3","status":"running"},null,{"id":"cgt-1","status":"cancelled"},{"id":"other","status":"failed"}],"total":3}"#;
    let outcomes = Desk::second().polled(&["cgt-1", "cgt-2", "cgt-3"], 200, body).expect("it is a list");
    assert_eq!(outcomes[0], PollOutcome::Cancelled);
    assert_eq!(outcomes[1], PollOutcome::Missing);
    assert!(matches!(outcomes[2], PollOutcome::Pending { phase: Phase::Working, .. }));
    for empty in [r#"{"items":[],"total":0}"#, r#"{"items":null,"total":0}"#] {
        let outcomes = Desk::second().polled(&["cgt-1", "cgt-2"], 200, empty).expect("it is a list");
        assert_eq!(outcomes, [PollOutcome::Missing, PollOutcome::Missing], "{empty}");
    }
}

#[test]
fn a_single_question_says_for_sure_that_a_task_is_gone() {
    let missing =
        r#"{"error":{"code":"ResourceNotFound","message":"the task does not exist","param":"","type":"NotFound"}}"#;
    assert_eq!(Desk::second().polled(&["cgt-7"], 404, missing), Ok(vec![PollOutcome::Missing]));
}

#[test]
fn what_is_no_answer_is_no_verdict() {
    for (status, body) in [
        (200, ""),
        (200, "null"),
        (200, "<html>"),
        (200, r#"{"status":"succeeded"}"#),
        (200, r#"{"id":"cgt-8","status":"failed"}"#),
        (200, r#"{"items":{}}"#),
        (404, "<html>not here</html>"),
        (401, r#"{"error":{"code":"AuthenticationError"}}"#),
        (429, r#"{"error":{"code":"RateLimitExceeded.EndpointRPMExceeded"}}"#),
        (500, SUCCEEDED),
        (502, ""),
    ] {
        let read = Desk::second().polled(&["cgt-7"], status, body);
        assert!(read.is_err(), "HTTP {status} {body}: {read:?}");
    }
    assert!(!DIALECT.carries_client(Desk::second().client, &response(500, "")));
}
