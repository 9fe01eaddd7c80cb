//! Submissions on the Seedance routes: both shapes, every documented field, the checks at the door, and
//! what Ark's SDK really sends.

use crate::fixture::{Request, id, read, task, view};
use contracts::seedance::{GENERATE, ITEMS_MAX, REACH_MAX, Seedance, VOLCENGINE};
use contracts::{Family, Order, Page, Problem};
use serde_json::{Value, json};
use task::{Input, InputData, Kind, Shown, State};

const PATH: &str = "/volc/v1/contents/generations/tasks";

fn order(body: Value) -> Order {
    read(&Seedance, PATH, body.clone()).unwrap_or_else(|problem| panic!("{body}: {problem}"))
}

fn refusal(body: Value) -> Problem {
    read(&Seedance, PATH, body.clone()).map_or_else(|problem| problem, |_| panic!("{body} was to be refused"))
}

fn bag(order: &Order) -> Value {
    Value::Object(order.spec.extras.get("ark").cloned().unwrap_or_default())
}

fn url(role: &str, url: &str) -> Input {
    Input { role: role.into(), data: InputData::Url(url.into()) }
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn file(kind: &str, role: &str) -> Value {
    json!({ "type": kind, kind: { "url": "https://example.com/a" }, "role": role })
}

fn second(content: Vec<Value>, more: Value) -> Value {
    let mut body = json!({ "model": "doubao-seedance-2-0", "content": content });
    body.as_object_mut().expect("is an object").extend(more.as_object().expect("is an object").clone());
    body
}

#[test]
fn the_pages_examples_read() {
    let words = order(
        json!({ "model": "doubao-seedance-1-0-lite-t2v", "content": [text("A slow push-in shot of a white seagull")] }),
    );
    assert_eq!((words.model.as_str(), words.action.as_str()), ("doubao-seedance-1-0-lite-t2v", GENERATE));
    assert_eq!((words.spec.kind, words.spec.prompt.as_str()), (Kind::Video, "A slow push-in shot of a white seagull"));

    let picture = order(json!({ "model": "doubao-seedance-1-0-lite-i2v", "content": [
        text("The subject turns naturally"), { "type": "image_url", "image_url": { "url": "https://example.com/portrait.png" } }] }));
    assert_eq!(picture.spec.inputs, [url("first_frame", "https://example.com/portrait.png")]);

    let volcengine = order(json!({ "model": "doubao-video",
        "content": { "prompt": "A butterfly fluttering among flowers, macro lens shot", "aspect_ratio": "16:9" } }));
    assert_eq!((volcengine.model.as_str(), volcengine.action.as_str()), ("doubao-video", VOLCENGINE));
    assert_eq!(volcengine.spec.prompt, "A butterfly fluttering among flowers, macro lens shot");
    assert_eq!((volcengine.spec.aspect_ratio.as_deref(), bag(&volcengine)), (Some("16:9"), json!({ "ratio": "16:9" })));
}

#[test]
fn the_multimodal_example_gives_each_file_its_role() {
    let order = order(json!({
        "model": "doubao-seedance-2-0",
        "content": [
            { "type": "text", "text": "A girl turns back on the beach" },
            { "type": "image_url", "image_url": { "url": "https://example.com/first-frame.png" }, "role": "reference_image" },
            { "type": "video_url", "video_url": { "url": "https://example.com/reference-video.mp4" }, "role": "reference_video" },
            { "type": "audio_url", "audio_url": { "url": "https://example.com/reference-audio.mp3" }, "role": "reference_audio" },
        ],
        "generate_audio": true, "ratio": "16:9", "duration": 11, "watermark": false,
    }));
    let spec = &order.spec;
    assert_eq!(
        spec.inputs,
        [
            url("reference_image", "https://example.com/first-frame.png"),
            url("reference_video", "https://example.com/reference-video.mp4"),
            url("reference_audio", "https://example.com/reference-audio.mp3"),
        ]
    );
    assert_eq!((spec.seconds, spec.sound, spec.aspect_ratio.as_deref()), (Some(11.0), Some(true), Some("16:9")));
    assert_eq!(
        bag(&order),
        json!({
            "content": [
                { "type": "text", "text": "A girl turns back on the beach" },
                { "type": "image_url", "image_url": { "url": null }, "role": "reference_image" },
                { "type": "video_url", "video_url": { "url": null }, "role": "reference_video" },
                { "type": "audio_url", "audio_url": { "url": null }, "role": "reference_audio" },
            ],
            "generate_audio": true, "ratio": "16:9", "duration": 11, "watermark": false,
        })
    );
}

/// The body of `content_generation.tasks.create`, as recorded (`upstream/sdk-requests.md`, section 3).
#[test]
fn what_arks_sdk_sends_reads_with_its_nulls_absent() {
    let order = order(json!({
        "model": "doubao-seedance-1-0-pro-250528",
        "content": [
            { "type": "text", "text": "a cat --ratio 16:9 --dur 5" },
            { "type": "image_url", "image_url": { "url": "https://example.com/a.png" }, "role": "first_frame" },
        ],
        "safety_identifier": null, "callback_url": "https://example.com/cb", "return_last_frame": true,
        "service_tier": null, "execution_expires_after": null, "priority": null, "generate_audio": null, "draft": null,
        "camera_fixed": null, "watermark": null, "seed": null, "resolution": null, "ratio": null, "duration": null,
        "frames": null, "tools": null, "output_format": null, "omni_reference_task_type": null,
    }));
    assert_eq!(order.callback_url.as_deref(), Some("https://example.com/cb"));
    // The commands are read for everybody, and reach Ark within the text.
    assert_eq!(order.spec.prompt, "a cat");
    assert_eq!((order.spec.seconds, order.spec.aspect_ratio.as_deref()), (Some(5.0), Some("16:9")));
    assert_eq!(
        bag(&order),
        json!({
            "content": [
                { "type": "text", "text": "a cat --ratio 16:9 --dur 5" },
                { "type": "image_url", "image_url": { "url": null }, "role": "first_frame" },
            ],
            "return_last_frame": true,
        })
    );
    assert!(Seedance.models().contains(&("doubao-seedance-1-0-pro-250528", Kind::Video)), "dated names are aliases");
    let nulls =
        second(vec![text("a")], json!({ "frames": null, "camera_fixed": null, "duration": null, "resolution": null }));
    assert!(read(&Seedance, PATH, nulls).is_ok());
}

#[test]
fn commands_count_on_the_first_generation_only_and_fields_win_over_them() {
    let fields = order(json!({ "model": "doubao-seedance-1-0-pro", "content": [text("x --dur 5 --rs 480p --seed 3")],
        "duration": 8, "resolution": "1080P" }));
    assert_eq!(
        (fields.spec.seconds, fields.spec.resolution.as_deref(), fields.spec.seed),
        (Some(8.0), Some("1080p"), Some(3))
    );
    assert_eq!(bag(&fields)["content"][0]["text"], "x --dur 5 --rs 480p --seed 3");
    let second = order(second(vec![text("x --dur 5")], json!({})));
    assert_eq!((second.spec.seconds, second.spec.prompt.as_str()), (None, "x --dur 5"));
}

#[test]
fn every_documented_field_reaches_the_bag_in_its_own_type() {
    let given = json!({
        "model": "doubao-seedance-1-5-pro",
        "content": [text("a cat")],
        "resolution": "720p", "ratio": "adaptive", "duration": "5", "seed": "42", "generate_audio": "true",
        "camera_fixed": false, "watermark": true, "return_last_frame": true, "draft": false, "service_tier": "flex",
        "execution_expires_after": 7200, "priority": 3, "safety_identifier": "user-hash", "output_format": "mp4",
        "omni_reference_task_type": "edit", "tools": [{ "type": "web_search" }], "newer_field": { "deep": [1] },
    });
    let order = order(given.clone());
    let mut expected = given;
    let fields = expected.as_object_mut().expect("is an object");
    fields.remove("model");
    fields.extend([
        ("duration".to_owned(), json!(5)),
        ("seed".to_owned(), json!(42)),
        ("generate_audio".to_owned(), json!(true)),
    ]);
    assert_eq!(bag(&order), expected);
    assert_eq!((order.spec.seed, order.spec.sound), (Some(42), Some(true)));
}

#[test]
fn lengths_left_to_the_model_and_frames() {
    let open = order(second(vec![text("x")], json!({ "duration": -1, "seed": -1 })));
    assert_eq!((open.spec.seconds, open.spec.seed), (None, None));
    assert_eq!((&bag(&open)["duration"], &bag(&open)["seed"]), (&json!(-1), &json!(-1)));
    let frames =
        order(json!({ "model": "doubao-seedance-1-0-pro", "content": [text("x")], "frames": 57, "duration": 5 }));
    assert_eq!(frames.spec.seconds, Some(57.0 / 24.0));
}

#[test]
fn files_come_as_urls_data_or_assets() {
    let order = order(second(
        vec![
            text("one"),
            text("two"),
            json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo...", "detail": "high" }, "role": "last_frame" }),
            json!({ "type": "image_url", "image_url": { "url": "asset://asset-1" }, "role": "reference_image" }),
            json!({ "type": "image_url", "image_url": "https://example.com/b.png", "note": 1, "gone": null }),
        ],
        json!({}),
    ));
    assert_eq!(order.spec.prompt, "one\ntwo");
    let inline = InputData::Inline("data:image/png;base64,iVBORw0KGgo...".into());
    let expected = [Input { role: "last_frame".into(), data: inline }, url("first_frame", "https://example.com/b.png")];
    assert_eq!(order.spec.inputs, expected);
    assert_eq!(
        bag(&order)["content"],
        json!([
            text("one"), text("two"),
            { "type": "image_url", "image_url": { "url": null, "detail": "high" }, "role": "last_frame" },
            { "type": "image_url", "image_url": { "url": "asset://asset-1" }, "role": "reference_image" },
            { "type": "image_url", "image_url": { "url": null }, "note": 1 },
        ])
    );
}

#[test]
fn several_plain_pictures_are_to_go_by() {
    let plain = || json!({ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } });
    let order = order(second(vec![text("x"), plain(), plain()], json!({})));
    let roles: Vec<&str> = order.spec.inputs.iter().map(|input| input.role.as_str()).collect();
    assert_eq!(roles, ["reference_image", "reference_image"]);
}

#[test]
fn the_object_shape_takes_the_other_fields_too() {
    let order = order(json!({
        "model": "doubao-video", "duration": 10, "notifyHook": "https://example.com/cb", "vendor_field": 1,
        "content": { "prompt": "x", "image_url": "https://example.com/a.png", "aspect_ratio": "", "seed": 7, "resolution": "480p" },
    }));
    assert_eq!(order.spec.inputs, [url("first_frame", "https://example.com/a.png")]);
    assert_eq!((order.spec.seconds, order.spec.seed), (Some(10.0), Some(7)));
    assert_eq!(bag(&order), json!({ "duration": 10, "seed": 7, "resolution": "480p", "vendor_field": 1 }));
    assert_eq!(order.callback_url.as_deref(), Some("https://example.com/cb"));
    // A picture is an input, whatever its length, and no unknown field.
    let large = "A".repeat(200_000);
    assert!(
        read(&Seedance, PATH, json!({ "model": "doubao-video", "content": { "prompt": "x", "image_url": large } }))
            .is_ok()
    );
}

#[test]
fn seedance_2_is_checked_at_the_door() {
    let images = |count| vec![file("image_url", "reference_image"); count];
    let of = |images_: usize, videos: usize, audios: usize| {
        let mut content = images(images_);
        content.extend(vec![file("video_url", "reference_video"); videos]);
        content.extend(vec![file("audio_url", "reference_audio"); audios]);
        content
    };
    let none = || json!({});
    for (body, param) in [
        (second(of(10, 0, 0), none()), "content"),
        (second(of(1, 4, 0), none()), "content"),
        (second(of(1, 0, 4), none()), "content"),
        (second(of(9, 3, 1), none()), "content"),
        (second(of(0, 0, 1), none()), "content"),
        (second(vec![text("x"), file("audio_url", "reference_audio")], none()), "content"),
        (second(images(1), json!({ "duration": 3 })), "duration"),
        (second(images(1), json!({ "duration": 16 })), "duration"),
        (second(images(1), json!({ "duration": 0 })), "duration"),
        (second(images(1), json!({ "resolution": "1080p" })), "resolution"),
        (second(images(1), json!({ "frames": 57 })), "frames"),
        (second(images(1), json!({ "camera_fixed": true })), "camera_fixed"),
    ] {
        for model in ["doubao-seedance-2-0", "doubao-seedance-2-0-fast", "doubao-seedance-2-0-260128"] {
            let mut body = body.clone();
            body["model"] = json!(model);
            let problem = refusal(body.clone());
            assert_eq!((problem.status, problem.param.as_deref()), (400, Some(param)), "{body}");
        }
        let mut first = body.clone();
        first["model"] = json!("doubao-seedance-1-0-pro");
        assert!(read(&Seedance, PATH, first).is_ok(), "only 2.0 models are checked: {body}");
    }
    for body in [
        second(of(9, 3, 0), json!({ "duration": 4, "resolution": "480p" })),
        second(of(6, 3, 3), json!({ "duration": 15, "resolution": "720P" })),
        second(of(1, 0, 1), json!({ "duration": -1, "camera_fixed": false, "frames": false })),
    ] {
        assert!(read(&Seedance, PATH, body.clone()).is_ok(), "{body}");
    }
    let newer =
        json!({ "model": "doubao-seedance-2-5", "content": [text("x")], "duration": 30, "resolution": "1080p" });
    assert!(read(&Seedance, PATH, newer).is_ok());
}

#[test]
fn a_refusal_names_the_field() {
    let with = |content: Value| json!({ "model": "doubao-seedance-1-0-pro", "content": content });
    let and =
        |name: &str, value: Value| json!({ "model": "doubao-seedance-1-0-pro", "content": [text("x")], name: value });
    for (body, param, part) in [
        (json!({ "content": [text("x")] }), "model", "required"),
        (json!({ "model": "m" }), "content", "array"),
        (with(json!("x")), "content", "object"),
        (with(json!(5)), "content", "object"),
        (with(json!([])), "content", "empty"),
        (with(json!([null])), "content", "empty"),
        (with(json!(vec![text("x"); ITEMS_MAX + 1])), "content", "at most 64"),
        (with(json!(["x"])), "content[0]", "object"),
        (with(json!([{ "text": "x" }])), "content[0].type", "text, image_url"),
        (with(json!([{ "type": "file" }])), "content[0].type", "draft_task"),
        (with(json!([{ "type": "text" }])), "content[0].text", "required"),
        (with(json!([{ "type": "text", "text": " " }])), "content[0].text", "required"),
        (with(json!([{ "type": "text", "text": "x".repeat(8_193) }])), "content[0].text", "8192"),
        (with(json!([text("x"), { "type": "image_url" }])), "content[1].image_url.url", "required"),
        (with(json!([{ "type": "video_url", "video_url": { "url": "" } }])), "content[0].video_url.url", "required"),
        (with(json!([file("image_url", "middle_frame")])), "content[0].role", "first_frame"),
        (with(json!([file("audio_url", "first_frame")])), "content[0].role", "reference_audio"),
        (with(json!({ "aspect_ratio": "1:1" })), "content.prompt", "required"),
        (with(json!({ "prompt": " " })), "content.prompt", "required"),
        (with(json!({ "prompt": "x", "image_url": 5 })), "content.image_url", "string"),
        (and("duration", json!("long")), "duration", "integer"),
        (and("duration", json!(5.5)), "duration", "integer"),
        (and("seed", json!(4_294_967_296_i64)), "seed", "4294967295"),
        (and("ratio", json!(16)), "ratio", "string"),
        (and("watermark", json!("yes")), "watermark", "true or false"),
        (and("tools", json!({})), "tools", "array"),
        (and("safety_identifier", json!("x".repeat(65))), "safety_identifier", "64"),
        (and("callback_url", json!("ftp://a.b/")), "callback_url", "http"),
    ] {
        let problem = refusal(body.clone());
        assert_eq!((problem.status, problem.param.as_deref()), (400, Some(param)), "{body}");
        assert!(problem.message.contains(part), "{body}: {}", problem.message);
    }
    assert_eq!(refusal(json!({ "content": [text("x")] })).code, "missing_model");
    let large = json!({ "type": "image_url", "image_url": { "url": "A".repeat(42 * 1024 * 1024) } });
    assert_eq!(refusal(with(json!([large]))).status, 413);
    assert_eq!(refusal(and("other", json!("x".repeat(70_000)))).status, 413);
}

#[test]
fn a_draft_is_a_completed_task_of_the_callers() {
    let draft = json!({ "type": "draft_task", "draft_task": { "id": id(1) } });
    let order = order(json!({ "model": "doubao-seedance-1-5-pro", "content": [draft] }));
    assert_eq!(order.spec.parent, Some(id(1)));
    assert_eq!(bag(&order)["content"], json!([{ "type": "draft_task", "draft_task": { "id": null } }]));

    let mut parent = task(State::Succeeded);
    parent.family = "seedance".into();
    assert_eq!(Seedance.follow(order.clone(), Some(&parent)), Ok(order.clone()));
    let status = |parent: Option<&task::Task>| Seedance.follow(order.clone(), parent).expect_err("can't be").status;
    assert_eq!(status(None), 404);
    let mut running = task(State::Running);
    running.family = "seedance".into();
    assert_eq!(status(Some(&running)), 400);
    assert_eq!(status(Some(&task(State::Succeeded))), 404, "another contract's task is no draft");
    let foreign =
        json!({ "model": "m", "content": [{ "type": "draft_task", "draft_task": { "id": "cgt-2026-abc" } }] });
    assert_eq!(refusal(foreign).status, 404);
}

fn page(query: &[(&str, &str)]) -> Result<Page, Problem> {
    let route = Seedance.routes().into_iter().find(|route| route.name == "list").expect("there is a list");
    let asked = Request::new(route);
    Seedance.page(&query.iter().fold(asked, |asked, (name, value)| asked.query(name, value)).input())
}

#[test]
fn a_list_is_asked_for_as_arks_is() {
    let families = vec!["seedance".to_owned()];
    let plain = Page { families, limit: 10, counts: true, ..Page::default() };
    assert_eq!(page(&[]), Ok(plain.clone()));
    // As the SDK sends it.
    let queued = page(&[("page_num", "1"), ("page_size", "10"), ("filter.status", "queued")]);
    assert_eq!(queued, Ok(Page { shown: vec![Shown::Queued, Shown::Submitted], ..plain.clone() }));
    let all = page(&[
        ("page_num", "3"),
        ("page_size", "100"),
        ("filter.task_ids", "a"),
        ("filter.task_ids", "b"),
        ("filter.model", "doubao-seedance-2-0"),
        ("filter.status", ""),
        ("filter.service_tier", "flex"),
    ]);
    let expected = Page {
        ids: vec!["a".into(), "b".into()],
        model: Some("doubao-seedance-2-0".into()),
        offset: 200,
        limit: 100,
        ..plain
    };
    assert_eq!(all, Ok(expected));
    for (name, value) in [("page_num", "0"), ("page_num", "x"), ("page_size", "501"), ("filter.status", "done")] {
        let problem = page(&[(name, value)]).expect_err("was to be refused");
        assert_eq!((problem.status, problem.param.as_deref()), (400, Some(name)), "{value}");
    }
    let far = (REACH_MAX / 500 + 2).to_string();
    assert_eq!(
        page(&[("page_size", "500"), ("page_num", &far)]).expect_err("too far").param.as_deref(),
        Some("page_num")
    );
}

#[test]
fn a_task_is_named_in_the_path_and_deleted_with_an_empty_object() {
    let route = Seedance.routes().into_iter().find(|route| route.name == "delete").expect("there is one");
    let request = Request::new(route).id("task_1").json(json!({}));
    assert_eq!(Seedance.ids(&request.input()), Ok(vec!["task_1".to_owned()]));
    assert_eq!(Seedance.deleted(&view(&task(State::Cancelled))).body, Some(json!({})));
}

#[test]
fn what_the_common_fields_carry_is_named() {
    let body = json!({ "model": "doubao-seedance-1-0-pro", "content": [text("a kite")], "resolution": "480p",
        "duration": 5, "seed": 7, "watermark": true, "service_tier": "flex" });
    let carried: Vec<String> = order(body).spec.carried.into_iter().collect();
    assert_eq!(carried, ["content", "duration", "resolution", "seed"]);
}
