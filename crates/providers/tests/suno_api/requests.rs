//! Every row of the sheet's section 1.2 that we send, and options.

use crate::desk::{DIALECT, Desk, described, json, object, path, sound, sung};
use providers::Dialect;
use task::{FailureKind, Input, InputData, Kind, Retry, Song, Spec};

#[test]
fn an_inspiration_goes_up_word_for_word() {
    let mut spec = described("a \"sad\" song \\ about 貓");
    spec.song = Some(Box::new(Song { instrumental: true, version: Some("chirp-v4".into()), ..Song::default() }));
    let (path, body) = Desk::extended().sent(&spec);
    assert_eq!(path, "/suno/submit/music");
    let expected =
        r#"{"gpt_description_prompt":"a \"sad\" song \\ about 貓","mv":"chirp-v4","make_instrumental":true}"#;
    assert_eq!(body, json(expected));
}

#[test]
fn custom_words_title_and_style() {
    let song = Song {
        lyrics: Some("[Verse]\nla".into()),
        title: Some("La".into()),
        tags: Some("pop".into()),
        negative_tags: Some("metal".into()),
        singer_style: Some("smooth male vocal".into()),
        ..Song::default()
    };
    let (_, body) = Desk::extended().sent(&sung(song));
    let expected = r#"{"prompt":"[Verse]\nla","title":"La","tags":"pop","make_instrumental":false,
        "negative_tags":"metal","singer_style":"smooth male vocal"}"#;
    assert_eq!(body, json(expected));
}

#[test]
fn the_key_goes_as_a_bearer_and_hides_itself() {
    let request = Desk::extended().submit(&described("cat")).expect("it can be sent");
    assert_eq!(request.headers["authorization"], "Bearer hush-77");
    assert!(!format!("{request:?}").contains("hush-77"));
    let mut open = Desk::extended();
    open.key = task::Secret::default();
    assert!(!open.submit(&described("cat")).expect("it can be sent").headers.contains_key("authorization"));
}

#[test]
fn a_continuation_of_the_callers_own_clip_names_the_task_that_owns_it() {
    let song =
        Song { lyrics: Some("more".into()), clip: Some("clip-1".into()), continue_at_s: Some(60.0), ..Song::default() };
    let (_, body) = Desk::extended().after("up-9").sent(&sung(song.clone()));
    let expected = r#"{"prompt":"more","make_instrumental":false,"continue_clip_id":"clip-1","continue_at":60.0,
        "task_id":"up-9"}"#;
    assert_eq!(body, json(expected));
    let (_, body) = Desk::extended().sent(&sung(song));
    assert_eq!(
        (body.get("task_id"), &body["continue_clip_id"]),
        (None, &json("\"clip-1\"")),
        "nobody's clip goes up as it is"
    );
}

#[test]
fn lyrics_and_concat() {
    let theme = Spec { prompt: "rain".into(), ..Spec::new(Kind::Lyrics) };
    assert_eq!(Desk::original().sent(&theme), ("/suno/submit/lyrics".to_owned(), json(r#"{"prompt":"rain"}"#)));
    let song = Song { clip: Some("clip-1".into()), infill: true, ..Song::default() };
    let concat = Spec { song: Some(Box::new(song)), ..Spec::new(Kind::Concat) };
    let (path, body) = Desk::extended().after("up-9").sent(&concat);
    assert_eq!(path, "/suno/submit/concat");
    assert_eq!(body, json(r#"{"clip_id":"clip-1","is_infill":true,"task_id":"up-9"}"#));
    let failure = Desk::original().submit(&concat).expect_err("the published source has no concat");
    assert_eq!(failure.retry, Retry::Elsewhere);
    assert!(!DIALECT.capabilities(&Desk::original().options).kinds.contains(&Kind::Concat));
    assert!(DIALECT.capabilities(&Desk::extended().options).kinds.contains(&Kind::Concat));
}

#[test]
fn a_sound_goes_up_as_a_link() {
    let song = Song { lyrics: Some("Add lyrics to this melody".into()), ..Song::default() };
    let spec = Spec { inputs: vec![sound()], ..sung(song) };
    let (_, body) = Desk::extended().sent(&spec);
    assert_eq!(body["audio_url"], "<link 0>");
    let failure = Desk::original().submit(&spec).expect_err("the published source takes no sound");
    assert_eq!((failure.kind, failure.retry), (FailureKind::Refused, Retry::Elsewhere));
}

#[test]
fn the_hook_goes_only_to_a_server_that_knows_it() {
    for (mut desk, told) in [(Desk::extended(), true), (Desk::original(), false)] {
        desk.hook_url = Some("https://our.test/hook/1".into());
        let (_, body) = desk.sent(&described("cat"));
        assert_eq!(body.get("notify_hook").is_some(), told);
        assert_eq!(DIALECT.capabilities(&desk.options).callback, told);
    }
}

#[test]
fn the_published_source_gets_the_singer_among_the_words_and_a_warning() {
    let singer =
        Song { singer_style: Some("low voice".into()), negative_tags: Some("metal".into()), ..Song::default() };
    let spec = Spec { song: Some(Box::new(singer.clone())), ..described("a ballad") };
    let (_, body) = Desk::original().sent(&spec);
    assert_eq!(body, json(r#"{"gpt_description_prompt":"a ballad, low voice","make_instrumental":false}"#));
    assert_eq!(DIALECT.fit(&Desk::original().options, "music", &spec).warnings.len(), 2);
    let (_, body) =
        Desk::original().sent(&sung(Song { lyrics: Some("la".into()), tags: Some("pop".into()), ..singer }));
    assert_eq!(body["tags"], "pop, low voice");
    assert!(DIALECT.fit(&Desk::extended().options, "music", &spec).warnings.is_empty());
}

#[test]
fn a_description_beside_own_words_is_told() {
    let song = Song { lyrics: Some("la".into()), ..Song::default() };
    let spec = Spec { song: Some(Box::new(song)), ..described("a ballad") };
    assert_eq!(DIALECT.fit(&Desk::extended().options, "music", &spec).warnings.len(), 1);
}

#[test]
fn raw_fields_pass_but_never_over_ours() {
    let mut spec = described("cat");
    let bag =
        r#"{"generation_type":"TEXT","task_id":"theirs","notify_hook":"https://x.test","mv":"x","blank":"","no":null}"#;
    spec.extras.insert("suno_api".into(), object(bag));
    spec.extras.insert("sunoapi_org".into(), object(r#"{"vocalGender":"m"}"#));
    let (_, body) = Desk::extended().sent(&spec);
    let expected = r#"{"gpt_description_prompt":"cat","make_instrumental":false,"generation_type":"TEXT"}"#;
    assert_eq!(body, json(expected));
}

#[test]
fn the_channels_version_stands_in() {
    let desk = Desk::new(r#"{"version":"chirp-auk"}"#);
    assert_eq!(desk.sent(&described("cat")).1["mv"], "chirp-auk");
    let song = Song { lyrics: Some("la".into()), version: Some("anything".into()), ..Song::default() };
    assert_eq!(desk.sent(&sung(song)).1["mv"], "anything", "an unknown version is passed on");
}

#[test]
fn what_can_never_work_is_refused_before_it_is_sent() {
    let broken = Input { role: "reference_audio".into(), data: InputData::Broken("audio_url is no base64".into()) };
    let broken = Spec { inputs: vec![broken], ..described("cat") };
    for spec in [broken, described(" "), Spec::new(Kind::Music), Spec::new(Kind::Lyrics), Spec::new(Kind::Concat)] {
        let failure = Desk::extended().submit(&spec).expect_err("something is missing");
        assert_eq!((failure.kind, failure.retry), (FailureKind::InvalidInput, Retry::Never), "{spec:?}");
    }
    let failure = Desk::extended().submit(&Spec::new(Kind::Image)).expect_err("makes no pictures");
    assert_eq!(failure.retry, Retry::Elsewhere);
}

#[test]
fn options_are_checked() {
    let check = |options: &str| DIALECT.check_options(&object(options));
    assert_eq!(check(r#"{"flavour":"original","version":"chirp-v4","wav":true,"poll_period_ms":500}"#), Ok(()));
    for wrong in
        [r#"{"flavour":"other"}"#, r#"{"version":""}"#, r#"{"wav":"yes"}"#, r#"{"poll_period_ms":1}"#, r#"{"mv":"x"}"#]
    {
        assert!(check(wrong).is_err(), "{wrong}");
    }
    assert_eq!(DIALECT.capabilities(&object(r#"{"poll_period_ms":500}"#)).poll_period_ms, 500);
}

#[test]
fn a_file_is_fetched_without_the_key() {
    let output = task::Output::new(task::Role::Audio, task::Source::Url("https://cdn1.suno.ai/a.mp3".into()));
    let request = DIALECT.fetch(Desk::extended().account(), &output).expect("is a link");
    assert_eq!(request.target, providers::Target::FromAnswer("https://cdn1.suno.ai/a.mp3".into()));
    assert!(request.headers.is_empty());
    let poll = DIALECT.poll(Desk::extended().account(), &[]);
    assert_eq!(path(&poll), "/suno/fetch");
}
