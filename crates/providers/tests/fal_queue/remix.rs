//! Remixes: the film's own name is noted, or asked for first.

use crate::desk::{Desk, answer, film, text};
use providers::fal_queue::FalQueue;
use providers::{Dialect, Parent, SubmitOutcome, Target, Turn};
use serde_json::{Value, json};
use task::{Details, FailureKind, Kind, Operation, Spec};

const MODEL: &str = "fal-ai/sora-2";

#[test]
fn a_film_that_was_noted_is_remixed_at_once() {
    let desk = Desk::with(json!({ "keep_films": false }));
    let (spec, of) = (Spec { prompt: "more cats".into(), ..Spec::new(Kind::Remix) }, film());
    let operation = Operation { id: "r-1".into(), memo: json!({ "app": MODEL }) };
    let mut details = Details::default();
    details.extras.insert("video_id".into(), "video_1".into());
    let parent = Parent { operation: &operation, details: &details, spec: &of };
    let mut submission = desk.submission(&spec, MODEL);
    submission.parent = Some(parent);
    let request = FalQueue.submit(&submission).expect("can be sent");
    assert_eq!((&request.target, request.paid), (&Target::Base("/fal-ai/sora-2/video-to-video/remix".into()), true));
    assert_eq!(text(&request), r#"{"prompt":"more cats","video_id":"video_1","delete_video":true}"#);
}

#[test]
fn one_that_was_not_is_asked_for_without_paying() {
    let desk = Desk::new();
    let (spec, of) = (Spec { prompt: "more cats".into(), ..Spec::new(Kind::Remix) }, film());
    let operation = Operation { id: "r-1".into(), memo: json!({ "app": MODEL }) };
    let details = Details::default();
    let mut submission = desk.submission(&spec, MODEL);
    submission.parent = Some(Parent { operation: &operation, details: &details, spec: &of });
    let question = FalQueue.submit(&submission).expect("can be sent");
    assert_eq!((&question.target, question.paid), (&Target::Base("/fal-ai/sora-2/requests/r-1".into()), false));
    let result = answer(200, &json!({ "video": {}, "video_id": "video_1" }));
    let Turn::Next(paid, memo) = FalQueue.read_submit(&submission, &Value::Null, &result) else {
        panic!("the remix follows")
    };
    assert!(paid.paid && text(&paid).contains(r#""video_id":"video_1","delete_video":false"#));
    let accepted = answer(200, &json!({ "request_id": "r-2" }));
    let Turn::End(SubmitOutcome::Accepted { operation, .. }) = FalQueue.read_submit(&submission, &memo, &accepted)
    else {
        panic!("accepted")
    };
    assert_eq!((operation.id.as_str(), &operation.memo), ("r-2", &json!({ "app": MODEL })));
    let gone = FalQueue.read_submit(&submission, &Value::Null, &answer(200, &json!({ "video": {} })));
    let Turn::End(SubmitOutcome::Refused(failure)) = gone else { panic!("{gone:?}") };
    assert_eq!(failure.kind, FailureKind::InvalidInput);
}
