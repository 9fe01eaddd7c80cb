//! Every status of the sheet's section 4, batches, and answers that are not what was asked for.

use crate::desk::Desk;
use providers::PollOutcome;
use task::{FailureKind, Kind, Output, Phase, Retry, Role, Source};

fn pending(phase: Phase, percent: Option<i64>) -> PollOutcome {
    PollOutcome::Pending { phase, percent, poll_after_ms: None, unknown_word: None }
}

fn output(role: Role, url: &str) -> Output {
    Output::new(role, Source::Url(url.into()))
}

/// Trap 7: a preview is no result. Trap 16: a word that no sheet knows is still running.
#[test]
fn unfinished_words_and_percentages() {
    use Phase::{Waiting, Working};
    let cases = [
        (r#"{"id":"7","status":"NOT_START","progress":"0%"}"#, pending(Waiting, Some(0))),
        (r#"{"id":7,"status":"SUBMITTED","progress":""}"#, pending(Waiting, None)),
        (r#"{"id":"7","status":null,"progress":null}"#, pending(Waiting, None)),
        (
            r#"{"id":"7","status":"IN_PROGRESS","progress":"46%","imageUrl":"https://a.test/preview.png"}"#,
            pending(Working, Some(46)),
        ),
        (r#"{"id":"7","status":"in_progress","progress":12}"#, pending(Working, Some(12))),
        (r#"{"id":"7","status":"IN_PROGRESS","progress":"-5%"}"#, pending(Working, Some(0))),
        (r#"{"id":"7","status":"IN_PROGRESS","progress":"soon"}"#, pending(Working, None)),
        (
            r#"{"id":"7","status":"PONDERING","progress":"250%"}"#,
            PollOutcome::Pending {
                phase: Working,
                percent: Some(100),
                poll_after_ms: None,
                unknown_word: Some("PONDERING".into()),
            },
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(Desk::trueai().fetched(Kind::Image, body), expected, "{body}");
    }
}

#[test]
fn a_grid_with_buttons_and_singles() {
    let body = r#"{"id":"7","action":"IMAGINE","status":"SUCCESS","prompt":"cat","promptEn":"cat","progress":"100%",
        "imageUrl":"https://a.test/grid.png","imageUrls":["https://a.test/1.png",{"url":"https://a.test/2.png"},{"url":null},"https://a.test/grid.png"],
        "properties":{"finalPrompt":"cat --v 6"},"seed":1234,"jobId":"j-1","description":"/imagine cat",
        "buttons":[{"customId":"MJ::JOB::upsample::1::ab","emoji":"","label":"U1","type":2,"style":2},
                   {"customId":"MJ::JOB::reroll::0::ab::SOLO","emoji":"🔄","label":null,"type":2,"style":1},
                   {"customId":null,"label":"Web","type":2,"style":5},"odd"]}"#;
    let PollOutcome::Done { outputs, details } = Desk::trueai().fetched(Kind::Image, body) else {
        panic!("it has finished");
    };
    let expected = [
        output(Role::Image, "https://a.test/grid.png"),
        output(Role::Single, "https://a.test/1.png"),
        output(Role::Single, "https://a.test/2.png"),
    ];
    assert_eq!(outputs, expected);
    let ids: Vec<&str> = details.buttons.iter().map(|button| button.custom_id.as_str()).collect();
    assert_eq!(ids, ["MJ::JOB::upsample::1::ab", "MJ::JOB::reroll::0::ab::SOLO"]);
    assert_eq!((details.buttons[1].emoji.as_str(), details.buttons[1].style), ("🔄", 1));
    assert_eq!(details.prompt_used.as_deref(), Some("cat --v 6"));
    assert_eq!(details.seed.as_deref(), Some("1234"));
    assert_eq!(details.extras["jobId"], "j-1");
    assert_eq!(details.texts, [""; 0]);
}

#[test]
fn the_flavour_without_buttons_gets_nine_on_a_grid_and_none_on_an_upscale() {
    let of = |action: &str| {
        let body = format!(r#"{{"id":"7","action":"{action}","status":"SUCCESS","imageUrl":"http://a.test/x.png"}}"#);
        match Desk::novicezk().fetched(Kind::Image, &body) {
            PollOutcome::Done { details, .. } => details.buttons,
            other => panic!("{other:?}"),
        }
    };
    let ids: Vec<String> = of("IMAGINE").into_iter().map(|button| button.custom_id).collect();
    assert_eq!(ids.len(), 9);
    assert_eq!((ids[0].as_str(), ids[8].as_str()), ("MJ::JOB::upsample::1::7", "MJ::JOB::reroll::0::7"));
    assert_eq!(of("UPSCALE"), []);
}

#[test]
fn films_come_with_their_cover() {
    let body = r#"{"id":"7","action":"VIDEO","status":"SUCCESS","imageUrl":"https://a.test/still.webp",
        "videoUrl":"https://a.test/1.mp4","videoUrls":[{"url":"https://a.test/1.mp4"},{"url":"https://a.test/2.mp4"}]}"#;
    let PollOutcome::Done { outputs, .. } = Desk::trueai().fetched(Kind::FollowUp, body) else {
        panic!("it has finished");
    };
    let expected = [
        output(Role::Video, "https://a.test/1.mp4"),
        output(Role::Video, "https://a.test/2.mp4"),
        output(Role::Cover, "https://a.test/still.webp"),
    ];
    assert_eq!(outputs, expected);
}

#[test]
fn words_are_found_where_each_build_puts_them() {
    let texts = |kind, body: &str| match Desk::trueai().fetched(kind, body) {
        PollOutcome::Done { details, .. } => details.texts,
        other => panic!("{other:?}"),
    };
    let describe = r#"{"id":"7","status":"SUCCESS","promptEn":"1️⃣ a cat\n\n2️⃣ a dog ","prompt":""}"#;
    assert_eq!(texts(Kind::Describe, describe), ["1️⃣ a cat", "2️⃣ a dog"]);
    let older = r#"{"id":"7","status":"SUCCESS","prompt":"a cat","properties":null}"#;
    assert_eq!(texts(Kind::Describe, older), ["a cat"]);
    let shorten =
        r#"{"id":"7","status":"SUCCESS","prompt":"long cat","promptEn":"long cat","properties":{"finalPrompt":"cat"}}"#;
    assert_eq!(texts(Kind::Shorten, shorten), ["cat"]);
    let other =
        r#"{"id":"7","status":"SUCCESS","prompt":"long cat","promptEn":"cat","properties":{"finalPrompt":"long cat"}}"#;
    assert_eq!(texts(Kind::Shorten, other), ["cat"]);
}

#[test]
fn a_success_without_any_result_is_a_failure() {
    for body in [
        r#"{"id":"7","status":"SUCCESS","imageUrl":""}"#,
        r#"{"id":"7","status":"SUCCESS","imageUrl":"file:///etc/passwd"}"#,
    ] {
        let outcome = Desk::trueai().fetched(Kind::Image, body);
        assert!(matches!(outcome, PollOutcome::Failed(_)), "{outcome:?}");
    }
}

/// Trap 5: moderation may come late.
#[test]
fn failure_texts_are_matched_loosely() {
    let cases = [
        ("Banned prompt detected", FailureKind::Moderation, Retry::Never),
        ("The request was flagged by a moderator", FailureKind::Moderation, Retry::Never),
        ("可能包含敏感词", FailureKind::Moderation, Retry::Never),
        ("Task timeout after 5 min", FailureKind::Upstream, Retry::Later(None)),
        ("This interaction failed", FailureKind::Upstream, Retry::Later(None)),
        ("Invalid parameter `--zz`", FailureKind::InvalidInput, Retry::Never),
        ("Invalid link!", FailureKind::InvalidInput, Retry::Never),
        ("something else", FailureKind::Upstream, Retry::Never),
        ("", FailureKind::Upstream, Retry::Never),
    ];
    for (reason, kind, retry) in cases {
        let body = format!(r#"{{"id":"7","status":"FAILURE","progress":"","failReason":"{reason}"}}"#);
        match Desk::trueai().fetched(Kind::Image, &body) {
            PollOutcome::Failed(failure) => {
                assert_eq!((failure.kind, failure.retry), (kind, retry), "{reason}");
                assert!(!failure.public.is_empty());
                assert!(reason.is_empty() || failure.public == reason);
            }
            other => panic!("{reason}: {other:?}"),
        }
    }
}

#[test]
fn a_modal_asks_and_a_cancel_ends() {
    let modal = r#"{"id":"7","status":"MODAL","buttons":[],"properties":{"finalPrompt":"cat"}}"#;
    assert!(matches!(Desk::trueai().fetched(Kind::FollowUp, modal), PollOutcome::NeedsInput(_)));
    assert_eq!(Desk::trueai().fetched(Kind::Image, r#"{"id":"7","status":"CANCEL"}"#), PollOutcome::Cancelled);
}

#[test]
fn a_task_that_the_proxy_does_not_know_is_missing() {
    let cases = [(200, ""), (200, "null"), (200, " \n"), (204, ""), (404, r#"{"code":3}"#), (200, r#"{"code":3}"#)];
    for (status, body) in cases {
        let outcomes = Desk::trueai().polled(Kind::Image, &["7"], status, body).expect("that is an answer");
        assert_eq!(outcomes, [PollOutcome::Missing], "HTTP {status} {body}");
    }
}

#[test]
fn an_answer_about_something_else_is_no_verdict() {
    let cases = [
        (200, r#"{"id":"8","status":"SUCCESS","imageUrl":"https://a.test/theirs.png"}"#),
        (200, r#"{"id":null,"status":"FAILURE"}"#),
        (200, r#"{"status":"SUCCESS"}"#),
        (200, r#"{"code":9,"description":"x"}"#),
        (200, "<html>login</html>"),
        (200, r#"{"id":"7","status":"SUC"#),
        (404, "<html>not here</html>"),
        (401, "{}"),
        (429, "{}"),
        (500, r#"{"id":"7","status":"FAILURE"}"#),
    ];
    for (status, body) in cases {
        let outcomes = Desk::trueai().polled(Kind::Image, &["7"], status, body);
        assert!(outcomes.is_err(), "HTTP {status} {body}: {outcomes:?}");
    }
}

#[test]
fn a_batch_answers_in_the_order_asked() {
    let body = r#"[{"id":"3","status":"SUBMITTED"},{"id":99,"status":"SUCCESS"},null,
        {"id":1,"status":"IN_PROGRESS","progress":"9%"}]"#;
    let outcomes = Desk::trueai().polled(Kind::Image, &["1", "2", "3"], 200, body).expect("that is an answer");
    assert_eq!(outcomes, [pending(Phase::Working, Some(9)), PollOutcome::Missing, pending(Phase::Waiting, None)]);
    for empty in ["[]", "null", ""] {
        let outcomes = Desk::trueai().polled(Kind::Image, &["1", "2"], 200, empty).expect("that is an answer");
        assert_eq!(outcomes, [PollOutcome::Missing, PollOutcome::Missing], "{empty:?}");
    }
}

#[test]
fn an_output_is_fetched_without_the_key() {
    use providers::{Dialect, Target};
    let desk = Desk::trueai();
    let picture = output(Role::Image, "https://cdn.test/a.png?sig=1");
    let request = crate::desk::DIALECT.fetch(desk.account(), &picture).expect("a link can be fetched");
    assert_eq!(request.target, Target::FromAnswer("https://cdn.test/a.png?sig=1".into()));
    assert!(request.headers.is_empty() && request.body.is_empty() && !request.paid);
    let stored = Output::new(Role::Image, Source::Stored("inputs/a".into()));
    assert!(crate::desk::DIALECT.fetch(desk.account(), &stored).is_err());
}
