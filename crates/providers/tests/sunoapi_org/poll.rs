//! Every status of the sheet's section 2.3, songs, lyrics, and answers that are not what was asked for.

use crate::desk::Desk;
use providers::PollOutcome;
use task::{Clip, Details, Failure, FailureKind, Kind, Output, Phase, Retry, Role, Source};

fn pending(phase: Phase) -> PollOutcome {
    PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word: None }
}

fn done(outcome: PollOutcome) -> (Vec<Output>, Details) {
    match outcome {
        PollOutcome::Done { outputs, details } => (outputs, details),
        other => panic!("it has finished: {other:?}"),
    }
}

fn failed(outcome: PollOutcome) -> Failure {
    match outcome {
        PollOutcome::Failed(failure) => failure,
        other => panic!("it has failed: {other:?}"),
    }
}

fn record(status: &str, songs: &str) -> String {
    format!(
        r#"{{"taskId":"7","parentMusicId":"","param":"{{}}","response":{{"taskId":"7","sunoData":[{songs}]}},
            "status":"{status}","type":"chirp-v4","operationType":"generate","errorCode":null,"errorMessage":null}}"#
    )
}

/// Ready, and still a stream.
const READY: &str = r#"{"id":"c1","audioUrl":"https://cdn.test/c1.mp3","sourceAudioUrl":"https://cdn1.suno.ai/c1.mp3",
    "streamAudioUrl":"https://cdn.test/stream/c1","imageUrl":"https://cdn.test/c1.jpeg","prompt":"[Verse]\nla",
    "modelName":"chirp-v4","title":"Sea","tags":"pop","createTime":1716191750123,"duration":198.44}"#;
const STREAM: &str = r#"{"id":"c2","audioUrl":"","sourceAudioUrl":null,"streamAudioUrl":"https://cdn.test/stream/c2",
    "title":"Sea","createTime":"2025-01-01 00:00:00","duration":null}"#;

#[test]
fn unfinished_words() {
    use Phase::{Waiting, Working};
    for (word, phase) in [("PENDING", Waiting), ("", Waiting), ("TEXT_SUCCESS", Working), ("FIRST_SUCCESS", Working)] {
        assert_eq!(Desk::new().told(Kind::Music, &record(word, READY)), pending(phase), "{word}");
    }
}

#[test]
fn trap_16_an_unknown_word_is_still_running() {
    let unknown_word = Some("PONDERING".to_owned());
    let expected = PollOutcome::Pending { phase: Phase::Working, percent: None, poll_after_ms: None, unknown_word };
    assert_eq!(Desk::new().told(Kind::Music, &record("PONDERING", "")), expected);
}

#[test]
fn songs_with_their_files_and_fields() {
    let second = READY.replace("c1", "c2").replace("imageUrl", "sourceImageUrl");
    let (outputs, details) = done(Desk::new().told(Kind::Music, &record("SUCCESS", &format!("{READY},{second}"))));
    let output = |role, piece, url: &str| Output::new(role, Source::Url(url.into())).of_piece(piece);
    let expected = [
        output(Role::Audio, 0, "https://cdn.test/c1.mp3"),
        output(Role::Cover, 0, "https://cdn.test/c1.jpeg"),
        output(Role::Audio, 1, "https://cdn.test/c2.mp3"),
        output(Role::Cover, 1, "https://cdn.test/c2.jpeg"),
    ];
    assert_eq!(outputs, expected);
    let first = Clip {
        id: "c1".into(),
        title: "Sea".into(),
        tags: "pop".into(),
        lyrics: "[Verse]\nla".into(),
        model: "chirp-v4".into(),
        duration_s: Some(198.44),
        created_ms: Some(1_716_191_750_123),
        ..Clip::default()
    };
    assert_eq!((details.clips.len(), &details.clips[0]), (2, &first));
}

#[test]
fn trap_7_a_stream_is_not_the_file() {
    let (outputs, details) = done(Desk::new().told(Kind::Music, &record("SUCCESS", &format!("{STREAM},{READY}"))));
    assert!(outputs.iter().all(|output| output.piece == 0), "{outputs:?}");
    assert_eq!((details.clips.len(), details.clips[0].id.as_str()), (1, "c1"));
    let none = failed(Desk::new().told(Kind::Music, &record("SUCCESS", STREAM)));
    assert_eq!(none.public, "the upstream finished without a result");
}

#[test]
fn a_callback_that_failed_does_not_lose_the_song() {
    for status in ["CALLBACK_EXCEPTION", "GENERATE_AUDIO_FAILED"] {
        let (outputs, _) = done(Desk::new().told(Kind::Music, &record(status, READY)));
        assert_eq!(outputs.len(), 2, "{status}");
        let failure = failed(Desk::new().told(Kind::Music, &record(status, STREAM)));
        assert_eq!((failure.kind, failure.retry), (FailureKind::Upstream, Retry::Later(None)), "{status}");
    }
}

#[test]
fn trap_5_moderation_may_come_late() {
    let bare = r#"{"taskId":"7","status":"SENSITIVE_WORD_ERROR","errorCode":null,"errorMessage":null}"#;
    let failure = failed(Desk::new().told(Kind::Music, bare));
    assert_eq!((failure.kind, failure.retry), (FailureKind::Moderation, Retry::Never));
    let told = r#"{"taskId":"7","status":"GENERATE_AUDIO_FAILED","errorCode":413,
        "errorMessage":"Uploaded audio matches existing work of art."}"#;
    assert_eq!(failed(Desk::new().told(Kind::Music, told)).kind, FailureKind::Moderation);
}

#[test]
fn failures_are_told_apart() {
    use FailureKind::{InvalidInput, Refused, Upstream};
    for (status, code, kind, retry) in [
        ("CREATE_TASK_FAILED", "null", Upstream, Retry::Later(None)),
        ("GENERATE_AUDIO_FAILED", "500", Upstream, Retry::Later(None)),
        ("CREATE_TASK_FAILED", "\"400\"", InvalidInput, Retry::Never),
        ("CREATE_TASK_FAILED", "429", Refused, Retry::Elsewhere),
    ] {
        let body = format!(r#"{{"taskId":"7","status":"{status}","errorCode":{code},"errorMessage":"some words"}}"#);
        let failure = failed(Desk::new().told(Kind::Music, &body));
        assert_eq!((failure.kind, failure.retry), (kind, retry), "{status} {code}");
    }
}

#[test]
fn lyrics_are_found_under_either_name() {
    for name in ["lyricsData", "data"] {
        let body = format!(
            r#"{{"taskId":"7","status":"SUCCESS","response":{{"taskId":"7","{name}":[
                {{"text":"","title":"empty","status":"failed"}},
                {{"text":"[Verse]\nDrops","title":"Rain","status":"complete","errorMessage":""}},
                {{"text":"Other","title":"Again","status":"complete"}}]}}}}"#
        );
        let (outputs, details) = done(Desk::new().told(Kind::Lyrics, &body));
        assert_eq!((outputs.len(), details.title.as_deref()), (0, Some("Rain")), "{name}");
        assert_eq!(details.texts, ["[Verse]\nDrops", "Other"]);
    }
    let failure = failed(Desk::new().told(Kind::Lyrics, r#"{"taskId":"7","status":"GENERATE_LYRICS_FAILED"}"#));
    assert_eq!(failure.kind, FailureKind::Upstream);
}

#[test]
fn a_record_that_is_not_there_is_missing() {
    for (status, body) in [
        (200, r#"{"code":200,"msg":"success","data":null}"#),
        (200, r#"{"code":404,"msg":"task not found","data":null}"#),
        (404, r#"{"code":404,"msg":"Task does not exist: not found"}"#),
        (200, r#"{"code":422,"msg":"recordInfo is null"}"#),
    ] {
        assert_eq!(Desk::new().polled(Kind::Music, status, body), Ok(PollOutcome::Missing), "HTTP {status} {body}");
    }
}

#[test]
fn what_is_no_answer_is_no_verdict() {
    for (status, body) in [
        (200, ""),
        (200, "null"),
        (200, "<html>"),
        (200, r#"{"code":200,"data":"text"}"#),
        (200, r#"{"code":200,"data":{"taskId":"other","status":"SUCCESS"}}"#),
        (200, r#"{"code":500,"msg":"x"}"#),
        (404, "<html>"),
        (401, r#"{"code":401,"msg":"no access"}"#),
        (403, r#"{"code":200,"data":null}"#),
        (500, r#"{"code":404,"msg":"not found"}"#),
    ] {
        let polled = Desk::new().polled(Kind::Music, status, body);
        assert!(polled.is_err(), "HTTP {status} {body}: {polled:?}");
    }
}
