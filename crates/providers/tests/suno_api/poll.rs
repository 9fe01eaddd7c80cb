//! Every status of the sheet's section 1.3, clips, lyrics, batches, and answers that are not what was asked
//! for.

use crate::desk::{DIALECT, Desk, json, operation, path, response, text};
use providers::{Dialect, PollItem, PollOutcome, Turn};
use serde_json::Value;
use task::{Clip, Details, FailureKind, Kind, Operation, Output, Phase, Retry, Role, Source};

fn pending(phase: Phase) -> PollOutcome {
    PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word: None }
}

fn output(role: Role, piece: i64, url: &str) -> Output {
    Output::new(role, Source::Url(url.into())).of_piece(piece)
}

fn done(outcome: PollOutcome) -> (Vec<Output>, Details) {
    match outcome {
        PollOutcome::Done { outputs, details } => (outputs, details),
        other => panic!("it has finished: {other:?}"),
    }
}

fn failed(outcome: PollOutcome) -> task::Failure {
    match outcome {
        PollOutcome::Failed(failure) => failure,
        other => panic!("it has failed: {other:?}"),
    }
}

#[test]
fn unfinished_words() {
    use Phase::{Waiting, Working};
    for (word, phase) in
        [("NOT_START", Waiting), ("SUBMITTED", Waiting), ("queued", Waiting), ("", Waiting), ("IN_PROGRESS", Working)]
    {
        let task = format!(r#"{{"task_id":"7","action":"MUSIC","status":"{word}","data":[]}}"#);
        assert_eq!(Desk::extended().told(Kind::Music, &task), pending(phase), "{word}");
    }
    let percent = r#"{"task_id":"7","status":"IN_PROGRESS","progress":"46%"}"#;
    let PollOutcome::Pending { percent, .. } = Desk::extended().told(Kind::Music, percent) else { panic!("it runs") };
    assert_eq!(percent, Some(46));
}

#[test]
fn trap_16_an_unknown_word_is_still_running() {
    let outcome = Desk::extended().told(Kind::Music, r#"{"task_id":"7","status":"pondering"}"#);
    let unknown_word = Some("PONDERING".to_owned());
    assert_eq!(
        outcome,
        PollOutcome::Pending { phase: Phase::Working, percent: None, poll_after_ms: None, unknown_word }
    );
}

#[test]
fn trap_7_a_streaming_sound_is_not_the_file() {
    let streaming = r#"{"id":"c1","status":"streaming","audio_url":"https://audiopipe.suno.ai/?item_id=c1"}"#;
    for status in ["IN_PROGRESS", "SUCCESS"] {
        let task = format!(r#"{{"task_id":"7","status":"{status}","data":[{streaming},{streaming}]}}"#);
        assert_eq!(Desk::extended().told(Kind::Music, &task), pending(Phase::Working), "{status}");
    }
    let one_ready = format!(
        r#"{{"task_id":"7","status":"SUCCESS","data":[{streaming},{{"id":"c2","status":"complete","audio_url":"https://cdn1.suno.ai/c2.mp3"}}]}}"#
    );
    let (outputs, details) = done(Desk::extended().told(Kind::Music, &one_ready));
    assert_eq!(outputs, [output(Role::Audio, 0, "https://cdn1.suno.ai/c2.mp3")]);
    assert_eq!(details.clips[0].id, "c2", "piece 0 is the first finished clip");
}

#[test]
fn two_clips_with_their_files_and_fields_from_either_level() {
    let task = r#"{"task_id":"7","action":"MUSIC","status":"SUCCESS","fail_reason":"","submit_time":1716191749,"data":[
        {"id":"c1","title":"Sea","status":"complete","audio_url":"https://cdn1.suno.ai/c1.mp3",
         "image_url":"https://cdn1.suno.ai/image_c1.png","image_large_url":"https://cdn1.suno.ai/image_large_c1.png",
         "video_url":"https://cdn1.suno.ai/c1.mp4","major_model_version":"v3","model_name":"chirp-v3",
         "created_at":"2024-05-20T07:55:50.123Z",
         "metadata":{"tags":"pop","prompt":"[Verse]\nla","duration":120.5,"error_type":null}},
        {"id":"c2","title":"Sea","status":"complete","audio_url":"https://cdn1.suno.ai/c2.mp3","video_url":"",
         "image_url":null,"image_large_url":"https://cdn1.suno.ai/image_large_c2.png","major_model_version":"v3",
         "tags":"rock","prompt":"","duration":"118","metadata":null}]}"#;
    let (outputs, details) = done(Desk::extended().told(Kind::Music, task));
    let expected = [
        output(Role::Audio, 0, "https://cdn1.suno.ai/c1.mp3"),
        output(Role::Cover, 0, "https://cdn1.suno.ai/image_c1.png"),
        output(Role::Single, 0, "https://cdn1.suno.ai/image_large_c1.png"),
        output(Role::Video, 0, "https://cdn1.suno.ai/c1.mp4"),
        output(Role::Audio, 1, "https://cdn1.suno.ai/c2.mp3"),
        output(Role::Cover, 1, "https://cdn1.suno.ai/image_large_c2.png"),
    ];
    assert_eq!(outputs, expected);
    let first = Clip {
        id: "c1".into(),
        title: "Sea".into(),
        tags: "pop".into(),
        lyrics: "[Verse]\nla".into(),
        model: "chirp-v3".into(),
        duration_s: Some(120.5),
        created_ms: Some(1_716_191_750_123),
        extras: crate::desk::object(r#"{"major_model_version":"v3"}"#),
    };
    assert_eq!(details.clips[0], first);
    let second = &details.clips[1];
    assert_eq!((second.tags.as_str(), second.duration_s, second.model.as_str()), ("rock", Some(118.0), "v3"));
}

#[test]
fn trap_15_times_are_seconds_or_text() {
    for (told, created_ms) in [
        ("1716191750", Some(1_716_191_750_000)),
        ("1716191750123", Some(1_716_191_750_123)),
        (r#""2024-05-20T07:55:50Z""#, Some(1_716_191_750_000)),
        (r#""yesterday""#, None),
        ("null", None),
        ("0", None),
    ] {
        let clip = format!(r#"{{"id":"c1","audio_url":"https://cdn1.suno.ai/c1.mp3","created_at":{told}}}"#);
        let task = format!(r#"{{"task_id":"7","status":"SUCCESS","data":[{clip}]}}"#);
        let (_, details) = done(Desk::extended().told(Kind::Music, &task));
        assert_eq!(details.clips[0].created_ms, created_ms, "{told}");
    }
}

#[test]
fn the_wav_beside_each_sound_is_named_where_the_channel_says_so() {
    let task = r#"{"task_id":"7","status":"SUCCESS","data":[
        {"id":"c1","status":"complete","audio_url":"https://cdn1.suno.ai/c1.mp3?v=1"},
        {"id":"c2","status":"complete","audio_url":"https://cdn1.suno.ai/c2.m4a"}]}"#;
    let (outputs, _) = done(Desk::new(r#"{"wav":true}"#).told(Kind::Music, task));
    let expected = [
        output(Role::Audio, 0, "https://cdn1.suno.ai/c1.mp3?v=1"),
        output(Role::Wav, 0, "https://cdn1.suno.ai/c1.wav?v=1"),
        output(Role::Audio, 1, "https://cdn1.suno.ai/c2.m4a"),
    ];
    assert_eq!(outputs, expected);
    assert_eq!(done(Desk::extended().told(Kind::Music, task)).0.len(), 2);
}

#[test]
fn one_finished_clip_is_enough_whatever_the_task_is_called() {
    for status in ["SUCCESS", "FAILURE", "UNKNOWN"] {
        let task = format!(
            r#"{{"task_id":"7","status":"{status}","fail_reason":"x","data":[
                {{"id":"c1","status":"error","audio_url":"","metadata":{{"error_message":"no"}}}},
                {{"id":"c2","status":"complete","audio_url":"https://cdn1.suno.ai/c2.mp3"}}]}}"#
        );
        let (outputs, details) = done(Desk::extended().told(Kind::Music, &task));
        assert_eq!((outputs.len(), details.clips.len(), details.clips[0].id.as_str()), (1, 1, "c2"), "{status}");
    }
}

#[test]
fn trap_5_moderation_may_come_late() {
    let by_clip = r#"{"task_id":"7","status":"FAILURE","fail_reason":"","data":[{"id":"c1","status":"error",
        "metadata":{"error_type":"moderation_failure","error_message":"Unable to generate lyrics from description"}}]}"#;
    let failure = failed(Desk::extended().told(Kind::Music, by_clip));
    assert_eq!((failure.kind, failure.retry), (FailureKind::Moderation, Retry::Never));
    assert_eq!(failure.public, "Unable to generate lyrics from description");
    let by_reason = r#"{"task_id":"7","status":"FAILURE","fail_reason":"moderation_failure","data":null}"#;
    assert_eq!(failed(Desk::extended().told(Kind::Music, by_reason)).kind, FailureKind::Moderation);
}

#[test]
fn failures_are_told_apart() {
    use FailureKind::{InvalidInput, Refused, Upstream};
    for (reason, kind, retry) in [
        ("time out", Upstream, Retry::Later(None)),
        ("too many running jobs", Upstream, Retry::Later(None)),
        ("Insufficient credits", Refused, Retry::Elsewhere),
        ("Tags too long", InvalidInput, Retry::Never),
        ("something broke", Upstream, Retry::Never),
        ("", Upstream, Retry::Never),
    ] {
        let task = format!(r#"{{"task_id":"7","status":"FAILURE","fail_reason":"{reason}","data":[]}}"#);
        let failure = failed(Desk::extended().told(Kind::Music, &task));
        assert_eq!((failure.kind, failure.retry), (kind, retry), "{reason}");
        assert!(!failure.public.is_empty());
    }
    let unknown = failed(Desk::extended().told(Kind::Music, r#"{"task_id":"7","status":"UNKNOWN","data":[]}"#));
    assert_eq!(unknown.kind, Upstream, "the server counts it as done");
    let empty = failed(Desk::extended().told(Kind::Music, r#"{"task_id":"7","status":"SUCCESS","data":[]}"#));
    assert_eq!(empty.public, "the upstream finished without a result");
}

#[test]
fn lyrics_are_a_title_and_a_text() {
    let task = r#"{"task_id":"7","action":"LYRICS","status":"SUCCESS",
        "data":{"id":"7","status":"complete","title":"Rain","text":"[Verse]\nDrops"}}"#;
    let (outputs, details) = done(Desk::extended().told(Kind::Lyrics, task));
    assert_eq!(
        (outputs.len(), details.title.as_deref(), details.texts.as_slice()),
        (0, Some("Rain"), &["[Verse]\nDrops".to_owned()][..])
    );
    let empty = r#"{"task_id":"7","status":"SUCCESS","data":{"title":"Rain","text":""}}"#;
    assert_eq!(failed(Desk::extended().told(Kind::Lyrics, empty)).kind, FailureKind::Upstream);
    let failure = r#"{"task_id":"7","status":"FAILURE","fail_reason":"moderation","data":{"text":""}}"#;
    assert_eq!(failed(Desk::extended().told(Kind::Lyrics, failure)).kind, FailureKind::Moderation);
}

#[test]
fn ids_that_are_left_out_are_missing() {
    let body = r#"{"code":"success","data":[{"task_id":"8","status":"QUEUED"},{"task_id":7,"status":"IN_PROGRESS"}]}"#;
    let outcomes = Desk::extended().polled(Kind::Music, &["7", "gone", "8"], 200, body).expect("can be read");
    assert_eq!(outcomes, [pending(Phase::Working), PollOutcome::Missing, pending(Phase::Waiting)]);
    for body in [r#"{"code":"success","data":[]}"#, r#"{"code":"success","data":null}"#] {
        assert_eq!(Desk::extended().polled(Kind::Music, &["7"], 200, body), Ok(vec![PollOutcome::Missing]), "{body}");
    }
}

#[test]
fn what_is_no_answer_is_no_verdict() {
    for (status, body) in [
        (200, ""),
        (200, "null"),
        (200, "<html>"),
        (200, r#"{"code":"success","data":"text"}"#),
        (200, r#"{"code":"success","data":[{"task_id":"other","status":"SUCCESS"}]}"#),
        (401, r#"{"code":"unauthorized"}"#),
        (404, r#"{"code":"invalid_request","message":"x"}"#),
        (500, r#"{"code":"success","data":[]}"#),
        (503, ""),
    ] {
        let polled = Desk::extended().polled(Kind::Music, &["7"], status, body);
        assert!(polled.is_err(), "HTTP {status} {body}: {polled:?}");
    }
}

#[test]
fn a_mixed_batch_asks_once_for_each_action() {
    let desk = Desk::extended();
    let operations: Vec<Operation> = ["m1", "l1", "c1", "m2"].into_iter().map(operation).collect();
    let kinds = [Kind::Music, Kind::Lyrics, Kind::Concat, Kind::Music];
    let items: Vec<PollItem<'_>> =
        operations.iter().zip(kinds).map(|(operation, kind)| PollItem { operation, kind }).collect();
    let mut request = DIALECT.poll(desk.account(), &items);
    let mut memo = Value::Null;
    let answers = [
        (
            r#"{"ids":["m1","m2"],"action":"MUSIC"}"#,
            r#"{"code":"success","data":[{"task_id":"m2","status":"QUEUED"}]}"#,
        ),
        (
            r#"{"ids":["l1"],"action":"LYRICS"}"#,
            r#"{"code":"success","data":[{"task_id":"l1","status":"SUCCESS","data":{"title":"T","text":"la"}}]}"#,
        ),
        (
            r#"{"ids":["c1"],"action":"CONCAT"}"#,
            r#"{"code":"success","data":[{"task_id":"c1","status":"IN_PROGRESS"}]}"#,
        ),
    ];
    let mut end = None;
    for (asked, answer) in answers {
        assert_eq!((path(&request).as_str(), json(&text(&request)), request.paid), ("/suno/fetch", json(asked), false));
        match DIALECT.read_poll(desk.account(), &items, &memo, &response(200, answer)).expect("can be read") {
            Turn::Next(next, kept) => (request, memo) = (next, kept),
            Turn::End(outcomes) => end = Some(outcomes),
        }
    }
    let outcomes = end.expect("three actions take three requests");
    assert_eq!(
        (&outcomes[0], &outcomes[2], &outcomes[3]),
        (&PollOutcome::Missing, &pending(Phase::Working), &pending(Phase::Waiting))
    );
    assert!(matches!(&outcomes[1], PollOutcome::Done { details, .. } if details.texts == ["la"]));
}
