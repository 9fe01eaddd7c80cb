//! Suno's request bodies: every example of the page, every field, every refusal.

use crate::fixture::{Request, id, read};
use contracts::suno::{LIST_MAX_IDS, PROMPT_MAX_CHARS, Suno};
use contracts::{Body, Family, Order, Problem};
use serde_json::{Value, json};
use task::{InputData, Kind, Song};

const MUSIC: &str = "/suno/submit/music";
const LYRICS: &str = "/suno/submit/lyrics";
const CONCAT: &str = "/suno/submit/concat";

fn order(path: &str, body: Value) -> Order {
    read(&Suno, path, body.clone()).unwrap_or_else(|problem| panic!("{path} {body}: {problem}"))
}

fn refused(path: &str, body: Value) -> Problem {
    match read(&Suno, path, body.clone()) {
        Err(problem) => problem,
        Ok(order) => panic!("{path} {body} was to be refused: {order:?}"),
    }
}

fn song(order: &Order) -> &Song {
    order.spec.song.as_deref().expect("it asks for a song")
}

/// The same body on the route for any letter case.
fn in_letters(word: &str, body: Value) -> Result<Order, Problem> {
    let mut request = Request::at(&Suno, "/suno/submit/{action}").json(body);
    request.path.push(("action".into(), word.into()));
    Suno.read(&request.input())
}

#[test]
fn every_example_of_the_page_is_read() {
    let long = "[Verse]\nSunshine on the ocean waves\nGentle breeze across my face\n\n[Chorus]\nThis summer we are \
        together\nSinging and dancing by the sea";
    let bridge = "[Bridge]\nMemories like ocean waves\nCrashing one after another\n\n[Outro]\nGoodbye to this summer";
    for (path, body) in [
        (
            MUSIC,
            json!({ "gpt_description_prompt": "An upbeat summer pop song about the beach, with guitar and drums",
            "mv": "chirp-v4", "make_instrumental": false }),
        ),
        (MUSIC, json!({ "gpt_description_prompt": "An upbeat summer pop song in English", "mv": "chirp-v4" })),
        (
            MUSIC,
            json!({ "prompt": long, "title": "Summer Beach", "tags": "pop, english, upbeat, summer", "mv": "chirp-v4" }),
        ),
        (
            MUSIC,
            json!({ "prompt": bridge, "continue_clip_id": "clip_abc123", "continue_at": 60,
            "tags": "pop, english, emotional" }),
        ),
        (
            MUSIC,
            json!({ "gpt_description_prompt": "A soulful R&B love ballad", "mv": "chirp-v4",
            "singer_style": "smooth male vocal, R&B" }),
        ),
        (
            MUSIC,
            json!({ "prompt": "Add lyrics to this melody", "audio_url": "https://example.com/melody.mp3",
            "tags": "pop, english" }),
        ),
        (LYRICS, json!({ "prompt": "A song about missing a faraway friend on a rainy day" })),
        (CONCAT, json!({ "clip_id": "clip_abc123", "is_infill": false })),
        (CONCAT, json!({ "clip_id": "clip_abc123", "is_infill": true })),
    ] {
        let order = order(path, body);
        let listed = task::catalogue::of_family("suno").contains(&(order.model.as_str(), order.spec.kind));
        assert!(listed && order.spec.extras.is_empty(), "{path}: every documented field is understood");
    }
}

#[test]
fn inspiration_mode() {
    let order = order(
        MUSIC,
        json!({ "gpt_description_prompt": "An upbeat summer pop song about the beach, with guitar and drums",
            "mv": "chirp-v4", "make_instrumental": false }),
    );
    assert_eq!((order.action.as_str(), order.model.as_str(), order.spec.kind), ("MUSIC", "suno_music", Kind::Music));
    assert_eq!(order.spec.prompt, "An upbeat summer pop song about the beach, with guitar and drums");
    assert_eq!(song(&order), &Song { version: Some("chirp-v4".into()), ..Song::default() });
    assert_eq!((order.clip, order.spec.extras.len()), (None, 0));
}

#[test]
fn custom_mode() {
    let lyrics = "[Verse]\nSunshine on the ocean waves\nGentle breeze across my face";
    let order = order(
        MUSIC,
        json!({ "prompt": lyrics, "title": "Summer Beach", "tags": "pop, english, upbeat, summer", "mv": "chirp-v4" }),
    );
    assert_eq!(order.spec.prompt, "");
    let expected = Song {
        lyrics: Some(lyrics.into()),
        title: Some("Summer Beach".into()),
        tags: Some("pop, english, upbeat, summer".into()),
        version: Some("chirp-v4".into()),
        ..Song::default()
    };
    assert_eq!(song(&order), &expected);
}

#[test]
fn continuation_mode_names_the_clip_for_front_and_for_upstream() {
    let order = order(
        MUSIC,
        json!({ "prompt": "[Bridge]\nMemories like ocean waves", "continue_clip_id": "clip_abc123",
            "continue_at": 60, "tags": "pop, english, emotional" }),
    );
    assert_eq!(order.clip.as_deref(), Some("clip_abc123"));
    assert_eq!((song(&order).clip.as_deref(), song(&order).continue_at_s), (Some("clip_abc123"), Some(60.0)));
    assert_eq!(order.spec.parent, None, "front looks whose clip it is");
}

#[test]
fn singer_style_and_an_uploaded_sound() {
    let singer = order(
        MUSIC,
        json!({ "gpt_description_prompt": "A soulful R&B love ballad", "mv": "chirp-v4",
            "singer_style": "smooth male vocal, R&B" }),
    );
    assert_eq!(song(&singer).singer_style.as_deref(), Some("smooth male vocal, R&B"));
    let upload = order(
        MUSIC,
        json!({ "prompt": "Add lyrics to this melody", "audio_url": "https://example.com/melody.mp3",
            "tags": "pop, english" }),
    );
    let inputs: Vec<_> = upload.spec.inputs_as("reference_audio").collect();
    assert_eq!(inputs.len(), 1);
    assert_eq!(inputs[0].1.data, InputData::Url("https://example.com/melody.mp3".into()));
}

#[test]
fn lyrics_and_concat() {
    let lyrics = order(LYRICS, json!({ "prompt": "A song about missing a faraway friend on a rainy day" }));
    assert_eq!(
        (lyrics.action.as_str(), lyrics.model.as_str(), lyrics.spec.kind),
        ("LYRICS", "suno_lyrics", Kind::Lyrics)
    );
    assert_eq!(lyrics.spec.prompt, "A song about missing a faraway friend on a rainy day");
    for infill in [true, false] {
        let concat = order(CONCAT, json!({ "clip_id": "clip_abc123", "is_infill": infill }));
        assert_eq!(
            (concat.action.as_str(), concat.model.as_str(), concat.spec.kind),
            ("CONCAT", "suno_concat", Kind::Concat)
        );
        assert_eq!((concat.clip.as_deref(), song(&concat).infill), (Some("clip_abc123"), infill));
    }
}

#[test]
fn the_action_is_read_in_any_letter_case() {
    for (word, kind) in [("MUSIC", Kind::Music), ("Lyrics", Kind::Lyrics), ("music", Kind::Music)] {
        assert_eq!(in_letters(word, json!({ "prompt": "x" })).expect("is an action").spec.kind, kind, "{word}");
    }
    assert_eq!(in_letters("CONCAT", json!({ "clip_id": "c" })).expect("is an action").spec.kind, Kind::Concat);
    for word in ["video", "musi", "music2", "submit", ""] {
        let problem = in_letters(word, json!({ "prompt": "x" })).expect_err("is no action");
        assert_eq!((problem.status, problem.code), (400, "invalid_request"), "{word}");
        assert!(problem.message.starts_with("invalid_action"), "{}", problem.message);
        assert_eq!(problem.param.as_deref(), Some("action"));
    }
}

#[test]
fn one_source_of_words_is_enough_and_none_is_too_little() {
    for body in [
        json!({ "gpt_description_prompt": "x" }),
        json!({ "prompt": "x" }),
        json!({ "make_instrumental": true, "tags": "jazz" }),
        json!({ "make_instrumental": "true", "tags": "jazz", "prompt": null, "title": "" }),
    ] {
        order(MUSIC, body);
    }
    for body in [
        json!({}),
        json!({ "prompt": " \n" }),
        json!({ "title": "x", "tags": "y" }),
        json!({ "make_instrumental": true }),
        json!({ "make_instrumental": false, "tags": "jazz" }),
    ] {
        let problem = refused(MUSIC, body);
        assert_eq!((problem.status, problem.code, problem.param.as_deref()), (400, "invalid_request", Some("prompt")));
    }
    assert_eq!(refused(LYRICS, json!({ "prompt": "" })).param.as_deref(), Some("prompt"));
    assert_eq!(refused(CONCAT, json!({ "is_infill": true })).param.as_deref(), Some("clip_id"));
}

#[test]
fn wrong_types_and_lengths_name_the_field() {
    let long = "x".repeat(PROMPT_MAX_CHARS + 1);
    for (field, value) in [
        ("prompt", json!(5)),
        ("prompt", json!(long)),
        ("gpt_description_prompt", json!([])),
        ("title", json!({})),
        ("tags", json!(true)),
        ("mv", json!("x".repeat(65))),
        ("make_instrumental", json!("maybe")),
        ("continue_clip_id", json!(7)),
        ("continue_at", json!(-1)),
        ("continue_at", json!("soon")),
        ("continue_at", json!([60])),
        ("audio_url", json!(["https://example.com/a.mp3"])),
        ("notify_hook", json!("ftp://example.com")),
        ("notifyHook", json!("no url")),
        ("callback_url", json!("https://")),
    ] {
        let mut body = json!({ "prompt": "x" });
        body[field] = value.clone();
        let problem = refused(MUSIC, body);
        assert_eq!((problem.status, problem.param.as_deref()), (400, Some(field)), "{field} {value}");
    }
    let seconds = |value: Value| song(&order(MUSIC, json!({ "prompt": "x", "continue_at": value }))).continue_at_s;
    assert_eq!(seconds(json!("60.5")), Some(60.5));
    assert_eq!(seconds(json!("")), None);
}

#[test]
fn the_hook_has_three_names() {
    let url = |body: Value| order(MUSIC, body).callback_url;
    for name in ["notify_hook", "notifyHook", "callback_url"] {
        let mut body = json!({ "prompt": "x" });
        body[name] = json!("https://hooks.example.com/suno");
        assert_eq!(url(body).as_deref(), Some("https://hooks.example.com/suno"), "{name}");
    }
    let all = json!({ "prompt": "x", "notify_hook": "https://c.example.com/", "callback_url": "https://b.example.com/",
        "notifyHook": "https://a.example.com/" });
    assert_eq!(url(all).as_deref(), Some("https://a.example.com/"));
    assert_eq!(url(json!({ "prompt": "x", "notify_hook": "" })), None);
    let lyrics = order(LYRICS, json!({ "prompt": "x", "notifyHook": "https://a.example.com/" }));
    assert_eq!(lyrics.callback_url.as_deref(), Some("https://a.example.com/"));
}

#[test]
fn unknown_fields_stay_raw_in_the_bag_of_their_spelling() {
    let order = order(
        MUSIC,
        json!({ "prompt": "x", "task_id": id(3), "generation_type": "TEXT", "vocalGender": "m", "nothing": null }),
    );
    assert_eq!(order.spec.extras["suno_api"], *json!({ "generation_type": "TEXT" }).as_object().expect("an object"));
    assert_eq!(order.spec.extras["sunoapi_org"], *json!({ "vocalGender": "m" }).as_object().expect("an object"));
    assert_eq!(order.spec.extras.len(), 2, "our ids never go up as theirs");
}

#[test]
fn ids_come_from_the_path_or_the_list() {
    let one = Request::at(&Suno, "/suno/fetch/{id}").id("task_x");
    assert_eq!(Suno.ids(&one.input()), Ok(vec!["task_x".to_owned()]));
    let many = |body: Body| {
        let mut request = Request::at(&Suno, "/suno/fetch");
        request.body = body;
        Suno.ids(&request.input())
    };
    let listed =
        json!({ "ids": ["suno_task_abc123", "suno_task_def456", "suno_task_abc123", null, ""], "action": "MUSIC" });
    assert_eq!(many(Body::Json(listed)), Ok(vec!["suno_task_abc123".to_owned(), "suno_task_def456".to_owned()]));
    assert_eq!(many(Body::Json(json!({ "ids": [] }))), Ok(Vec::new()));
    let too_many = vec!["a"; LIST_MAX_IDS + 1];
    for body in
        [json!({}), json!({ "ids": null }), json!({ "ids": "a" }), json!({ "ids": [5] }), json!({ "ids": too_many })]
    {
        let problem = many(Body::Json(body)).expect_err("is no list of ids");
        assert!(problem.param.as_deref().is_some_and(|param| param.starts_with("ids")), "{problem:?}");
    }
    assert_eq!(many(Body::Empty).expect_err("has no body").status, 400);
}
