//! Every row of the sheet's section 2.2 that we send, and options.

use crate::desk::{DIALECT, Desk, custom, described, json, object, operation, path, sound, sung, text};
use providers::{Dialect, PollItem, SubmitOutcome, Target};
use task::{Clip, FailureKind, Input, InputData, Kind, Retry, Song, Spec};

#[test]
fn a_description_goes_without_custom_mode() {
    let (path, body) = Desk::new().sent(&described("An upbeat summer pop song"));
    assert_eq!(path, "/api/v1/generate");
    let expected = r#"{"model":"V4_5","customMode":false,"instrumental":false,"prompt":"An upbeat summer pop song"}"#;
    assert_eq!(body, json(expected));
    let singer = Song { singer_style: Some("smooth male vocal".into()), ..Song::default() };
    let spec = Spec { song: Some(Box::new(singer)), ..described("A ballad") };
    assert_eq!(Desk::new().sent(&spec).1["prompt"], "A ballad, smooth male vocal");
}

#[test]
fn own_words_go_in_custom_mode() {
    let song = Song { negative_tags: Some("metal".into()), version: Some("chirp-v4".into()), ..custom() };
    let (path, body) = Desk::new().sent(&sung(song));
    assert_eq!(path, "/api/v1/generate");
    let expected = r#"{"model":"V4","negativeTags":"metal","customMode":true,"instrumental":false,
        "prompt":"[Verse]\nla","style":"pop","title":"La"}"#;
    assert_eq!(body, json(expected));
}

#[test]
fn custom_mode_always_has_the_title_and_the_style_that_it_requires() {
    let song =
        Song { title: None, tags: None, lyrics: Some("[Verse]\nRain on the glass\nmore".into()), ..Song::default() };
    let (_, body) = Desk::new().sent(&sung(song.clone()));
    assert_eq!((&body["title"], &body["style"]), (&json("\"Rain on the glass\""), &json("\"pop\"")));
    let singer = Song { singer_style: Some("jazz singer".into()), ..song };
    assert_eq!(Desk::new().sent(&sung(singer)).1["style"], "jazz singer");
    let instrumental = Song { tags: Some("jazz".into()), instrumental: true, ..Song::default() };
    let (_, body) = Desk::new().sent(&sung(instrumental));
    let expected = r#"{"model":"V4_5","customMode":true,"instrumental":true,"style":"jazz","title":"Untitled"}"#;
    assert_eq!(body, json(expected));
    let style_alone = Song { tags: Some("jazz".into()), ..Song::default() };
    assert_eq!(Desk::new().sent(&sung(style_alone)).1["customMode"], false, "a style without words is a description");
}

#[test]
fn an_address_is_always_named() {
    let spec = described("cat");
    let named = |mut desk: Desk| {
        desk.hook_url = None;
        let request = desk.submit(&spec).expect("it can be sent");
        json(&text(&request))["callBackUrl"].clone()
    };
    assert_eq!(named(Desk::new()), providers::sunoapi_org::NO_CALLBACK_URL);
    assert_eq!(named(Desk::with(r#"{"callback_url":"https://mine.test/x"}"#)), "https://mine.test/x");
    assert!(DIALECT.capabilities(&object("{}")).callback);
}

#[test]
fn versions_come_from_the_caller_the_channel_or_the_models_name() {
    let model = |desk: &Desk, version: Option<&str>| {
        let song = Song { version: version.map(str::to_owned), ..custom() };
        let spec = sung(song);
        (desk.sent(&spec).1["model"].as_str().expect("is a name").to_owned(), desk.warned(&spec).len())
    };
    let usual = Desk::new();
    assert_eq!(model(&usual, None), ("V4_5".into(), 0));
    assert_eq!(model(&usual, Some("chirp-crow")), ("V5".into(), 0));
    assert_eq!(model(&usual, Some("chirp-v3-5")), ("V4".into(), 1));
    assert_eq!(model(&usual, Some("chirp-v99")), ("V4_5".into(), 1));
    assert_eq!(model(&Desk::with(r#"{"version":"V5_5"}"#), Some("chirp-v99")), ("V5_5".into(), 1));
    let mut renamed = Desk::with(r#"{"version":"V5_5"}"#);
    renamed.upstream_model = "V4_5PLUS".into();
    assert_eq!(model(&renamed, None), ("V4_5PLUS".into(), 0), "suno_music=V4_5PLUS among the channel's models");
}

#[test]
fn a_clip_is_continued_with_the_callers_own_words() {
    let song = Song { clip: Some("clip-1".into()), continue_at_s: Some(60.0), ..custom() };
    let (path, body) = Desk::new().sent(&sung(song));
    assert_eq!(path, "/api/v1/generate/extend");
    let expected = r#"{"model":"V4_5","audioId":"clip-1","defaultParamFlag":true,"continueAt":60,
        "prompt":"[Verse]\nla","style":"pop","title":"La"}"#;
    assert_eq!(body, json(expected));
}

#[test]
fn a_clip_of_the_callers_own_lends_what_is_missing() {
    let clip = Clip {
        id: "clip-1".into(),
        title: "Summer".into(),
        tags: "surf".into(),
        model: "chirp-v4".into(),
        duration_s: Some(93.5),
        ..Clip::default()
    };
    let song = Song { lyrics: Some("more".into()), clip: Some("clip-1".into()), ..Song::default() };
    let (_, body) = Desk::new().after(clip.clone()).sent(&sung(song.clone()));
    let expected = r#"{"model":"V4","audioId":"clip-1","defaultParamFlag":true,"continueAt":93.5,
        "prompt":"more","style":"surf","title":"Summer"}"#;
    assert_eq!(body, json(expected));
    let (_, body) = Desk::new().sent(&sung(song.clone()));
    assert_eq!(body, json(r#"{"model":"V4_5","audioId":"clip-1","defaultParamFlag":false}"#), "nothing is known of it");
    // A continuation has to be made by the version that made its source.
    let other = sung(Song { version: Some("chirp-crow".into()), ..song });
    let desk = Desk::new().after(clip);
    assert_eq!(desk.sent(&other).1["model"], "V4");
    let SubmitOutcome::Accepted { warnings, .. } =
        desk.answered_to(&other, 200, r#"{"code":200,"data":{"taskId":"5"}}"#)
    else {
        panic!("it was accepted");
    };
    assert_eq!(warnings, ["the song is continued by V4, which made it"]);
}

#[test]
fn a_description_is_sung_where_a_clip_is_continued() {
    let song =
        Song { clip: Some("clip-1".into()), continue_at_s: Some(1.5), tags: Some("pop".into()), ..Song::default() };
    let spec = Spec { song: Some(Box::new(song)), ..described("and then the sun comes out") };
    let (_, body) = Desk::new().sent(&spec);
    assert_eq!((&body["prompt"], &body["continueAt"]), (&json("\"and then the sun comes out\""), &json("1.5")));
}

#[test]
fn a_sound_is_covered_or_continued() {
    let cover = Spec { inputs: vec![sound()], ..sung(custom()) };
    let (path, body) = Desk::new().sent(&cover);
    assert_eq!(path, "/api/v1/generate/upload-cover");
    let expected = r#"{"model":"V4_5","uploadUrl":"<link 0>","instrumental":false,"prompt":"[Verse]\nla","style":"pop",
        "title":"La","customMode":true}"#;
    assert_eq!(body, json(expected));
    let extend = Spec { inputs: vec![sound()], ..sung(Song { continue_at_s: Some(30.0), ..custom() }) };
    let (path, body) = Desk::new().sent(&extend);
    assert_eq!(path, "/api/v1/generate/upload-extend");
    assert_eq!(
        (&body["defaultParamFlag"], &body["continueAt"], &body["uploadUrl"]),
        (&json("true"), &json("30"), &json("\"<link 0>\""))
    );
}

#[test]
fn lyrics_have_an_address_of_their_own() {
    let theme = Spec { prompt: "rain".into(), ..Spec::new(Kind::Lyrics) };
    assert_eq!(Desk::new().sent(&theme), ("/api/v1/lyrics".to_owned(), json(r#"{"prompt":"rain"}"#)));
}

#[test]
fn only_known_raw_fields_pass() {
    let mut spec = described("cat");
    let bag =
        r#"{"vocalGender":"m","styleWeight":0.65,"personaId":"","callBackUrl":"https://theirs.test","model":"V9"}"#;
    spec.extras.insert("sunoapi_org".into(), object(bag));
    spec.extras.insert("suno_api".into(), object(r#"{"weirdnessConstraint":1}"#));
    let (_, body) = Desk::new().sent(&spec);
    let expected = r#"{"model":"V4_5","vocalGender":"m","styleWeight":0.65,"customMode":false,"instrumental":false,
        "prompt":"cat"}"#;
    assert_eq!(body, json(expected));
}

#[test]
fn what_can_never_work_is_refused_before_it_is_sent() {
    let broken = Input { role: "reference_audio".into(), data: InputData::Broken("audio_url is no base64".into()) };
    let broken = Spec { inputs: vec![broken], ..described("cat") };
    for spec in [broken, described(" "), Spec::new(Kind::Music), Spec::new(Kind::Lyrics)] {
        let failure = Desk::new().submit(&spec).expect_err("something is missing");
        assert_eq!((failure.kind, failure.retry), (FailureKind::InvalidInput, Retry::Never), "{spec:?}");
    }
    let failure = Desk::new().submit(&Spec::new(Kind::Concat)).expect_err("joins nothing");
    assert_eq!(failure.retry, Retry::Elsewhere);
    assert_eq!(DIALECT.capabilities(&object("{}")).kinds, [Kind::Music, Kind::Lyrics]);
}

#[test]
fn songs_and_lyrics_are_polled_one_at_a_time() {
    let desk = Desk::new();
    let one = operation("a/b 1");
    for (kind, expected) in [
        (Kind::Music, "/api/v1/generate/record-info?taskId=a%2Fb%201"),
        (Kind::Lyrics, "/api/v1/lyrics/record-info?taskId=a%2Fb%201"),
    ] {
        let request = DIALECT.poll(desk.account(), &[PollItem { operation: &one, kind }]);
        assert_eq!((request.method.as_str(), path(&request).as_str(), request.paid), ("GET", expected, false));
    }
    assert_eq!(DIALECT.capabilities(&desk.options).poll_batch, 1);
}

#[test]
fn options_are_checked() {
    let check = |options: &str| DIALECT.check_options(&object(options));
    assert_eq!(check(r#"{"version":"V5","callback_url":"https://a.test/","poll_period_ms":500}"#), Ok(()));
    for wrong in [r#"{"version":"V9"}"#, r#"{"callback_url":"a.test"}"#, r#"{"poll_period_ms":1}"#, r#"{"wav":true}"#] {
        assert!(check(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn trap_8_files_are_kept_for_two_weeks_and_fetched_without_the_key() {
    assert_eq!(DIALECT.capabilities(&object("{}")).copy_deadline_ms, 14 * 24 * 3_600_000);
    let output = task::Output::new(task::Role::Audio, task::Source::Url("https://cdn.test/a.mp3".into()));
    let request = DIALECT.fetch(Desk::new().account(), &output).expect("is a link");
    assert_eq!(request.target, Target::FromAnswer("https://cdn.test/a.mp3".into()));
    assert!(request.headers.is_empty());
}
