//! Every row of the sheet's section 2 that we send.

use crate::desk::{Desk, json, object, path, picture, text};
use task::{FailureKind, Input, InputData, Kind, Retry, Spec, Speed};

fn spec(kind: Kind, prompt: &str) -> Spec {
    Spec { prompt: prompt.into(), ..Spec::new(kind) }
}

fn pressed(button: &str) -> Spec {
    Spec { button: Some(button.into()), ..Spec::new(Kind::FollowUp) }
}

fn with_extras(mut spec: Spec, fields: &str) -> Spec {
    spec.extras.insert("midjourney_proxy".into(), object(fields));
    spec
}

#[test]
fn imagine_sends_the_prompt_word_for_word() {
    let (path, body) = Desk::trueai().sent(&spec(Kind::Image, "a \"quoted\" \\ cat\n貓 --ar 16:9"));
    assert_eq!(path, "/mj/submit/imagine");
    assert_eq!(body, json(r#"{"prompt":"a \"quoted\" \\ cat\n貓 --ar 16:9"}"#));
}

#[test]
fn pictures_stand_in_the_body_as_data_uris_in_their_order() {
    let mut spec = spec(Kind::Image, "cat");
    spec.inputs = vec![
        picture("reference"),
        Input { role: "reference".into(), data: InputData::Url("https://a.test/b.png".into()) },
    ];
    let (_, body) = Desk::trueai().sent(&spec);
    assert_eq!(body["base64Array"], json(r#"["<data uri 0>","<data uri 1>"]"#));
}

#[test]
fn the_secret_goes_in_its_own_header_and_hides_itself() {
    let request = Desk::trueai().submit(&spec(Kind::Image, "cat")).expect("it can be sent");
    let value = &request.headers["mj-api-secret"];
    assert_eq!(value, "hush-77");
    assert!(value.is_sensitive());
    assert!(!format!("{request:?}").contains("hush-77"));
    assert_eq!(request.headers["content-type"], "application/json");
    let mut open = Desk::trueai();
    open.key = task::Secret::default();
    assert!(!open.submit(&spec(Kind::Image, "cat")).expect("it can be sent").headers.contains_key("mj-api-secret"));
    open.key = task::Secret::new("two\nlines");
    let failure = open.submit(&spec(Kind::Image, "cat")).expect_err("no header can hold it");
    assert_eq!(failure.retry, Retry::Elsewhere);
}

#[test]
fn raw_fields_pass_but_never_over_ours() {
    let mut desk = Desk::trueai();
    desk.hook_url = Some("https://our.test/hook/1".into());
    let spec = with_extras(
        spec(Kind::Image, "cat"),
        r#"{"botType":"NIJI_JOURNEY","state":"theirs","notifyHook":"https://theirs.test","prompt":"x","taskId":"1",
            "accountFilter":{"instanceId":"9"},"nothing":null,"blank":"","newField":[1,{"a":"b"}]}"#,
    );
    let (_, body) = desk.sent(&spec);
    assert_eq!(
        body,
        json(
            r#"{"prompt":"cat","notifyHook":"https://our.test/hook/1","accountFilter":{"instanceId":"9"},
                "botType":"NIJI_JOURNEY","newField":[1,{"a":"b"}]}"#
        )
    );
}

#[test]
fn a_hook_that_is_too_long_for_the_proxy_is_left_out() {
    let mut desk = Desk::trueai();
    desk.hook_url = Some(format!("https://our.test/{}", "h".repeat(2_000)));
    let (_, body) = desk.sent(&spec(Kind::Image, "cat"));
    assert_eq!(body, json(r#"{"prompt":"cat"}"#));
}

#[test]
fn speed_goes_by_path_or_by_filter_as_the_channel_says() {
    let fast = |speed| Spec { speed: Some(speed), ..spec(Kind::Image, "cat") };
    let by_path = Desk::trueai();
    assert_eq!(by_path.sent(&fast(Speed::Fast)).0, "/mj-fast/mj/submit/imagine");
    assert_eq!(by_path.sent(&fast(Speed::Turbo)).0, "/mj-turbo/mj/submit/imagine");
    assert_eq!(by_path.sent(&fast(Speed::Relax)).0, "/mj-relax/mj/submit/imagine");
    let by_filter = Desk::new(r#"{"speed_prefixes":false}"#);
    let asked = with_extras(fast(Speed::Turbo), r#"{"accountFilter":{"remark":"a","modes":["FAST"]}}"#);
    let (path, body) = by_filter.sent(&asked);
    assert_eq!(path, "/mj/submit/imagine");
    assert_eq!(body["accountFilter"], json(r#"{"remark":"a","modes":["TURBO"]}"#));
    assert_eq!(Desk::novicezk().sent(&fast(Speed::Fast)).0, "/mj/submit/imagine");
}

#[test]
fn blend_takes_two_to_five_pictures() {
    let of = |count: usize| {
        let spec = Spec { inputs: vec![picture("blend"); count], ..Spec::new(Kind::Blend) };
        with_extras(spec, r#"{"dimensions":"PORTRAIT"}"#)
    };
    let (path, body) = Desk::novicezk().sent(&of(2));
    assert_eq!(path, "/mj/submit/blend");
    assert_eq!(body, json(r#"{"base64Array":["<data uri 0>","<data uri 1>"],"dimensions":"PORTRAIT"}"#));
    for count in [0, 1, 6] {
        let failure = Desk::trueai().submit(&of(count)).expect_err("too few or too many");
        assert_eq!((failure.kind, failure.retry), (FailureKind::InvalidInput, Retry::Never), "{count}");
    }
}

#[test]
fn describe_and_shorten() {
    let describe = Spec { inputs: vec![picture("describe")], ..Spec::new(Kind::Describe) };
    let (path, body) = Desk::trueai().sent(&with_extras(describe, r#"{"language":"en"}"#));
    assert_eq!((path.as_str(), body), ("/mj/submit/describe", json(r#"{"base64":"<data uri 0>","language":"en"}"#)));
    let (path, body) = Desk::trueai().sent(&spec(Kind::Shorten, "a very long cat"));
    assert_eq!((path.as_str(), body), ("/mj/submit/shorten", json(r#"{"prompt":"a very long cat"}"#)));
    let failure = Desk::novicezk().submit(&spec(Kind::Shorten, "cat")).expect_err("that flavour has no shorten");
    assert_eq!(failure.retry, Retry::Elsewhere);
}

#[test]
fn a_button_is_pressed_by_its_custom_id() {
    let press = with_extras(pressed("MJ::Outpaint::50::1::ab::SOLO"), r#"{"enableRemix":true}"#);
    let (path, body) = Desk::trueai().after("1320098173412546").sent(&press);
    assert_eq!(path, "/mj/submit/action");
    assert_eq!(
        body,
        json(r#"{"taskId":"1320098173412546","customId":"MJ::Outpaint::50::1::ab::SOLO","enableRemix":true}"#)
    );
}

#[test]
fn the_flavour_without_buttons_gets_the_change_that_a_button_stands_for() {
    let desk = Desk::novicezk().after("42");
    let (path, body) = desk.sent(&pressed("MJ::JOB::upsample::2::42"));
    assert_eq!((path.as_str(), body), ("/mj/submit/change", json(r#"{"taskId":"42","action":"UPSCALE","index":2}"#)));
    let (_, body) = desk.sent(&pressed("MJ::JOB::variation::4::42"));
    assert_eq!(body, json(r#"{"taskId":"42","action":"VARIATION","index":4}"#));
    let (_, body) = desk.sent(&pressed("MJ::JOB::reroll::0::42"));
    assert_eq!(body, json(r#"{"taskId":"42","action":"REROLL"}"#));
    let failure = desk.submit(&pressed("MJ::CustomZoom::42")).expect_err("that flavour can't zoom");
    assert_eq!(failure.kind, FailureKind::InvalidInput);
}

#[test]
fn a_modal_answers_its_parent() {
    let mut answer = spec(Kind::Modal, "add a rainbow");
    answer.inputs = vec![picture("mask")];
    let (path, body) = Desk::trueai().after("42").sent(&answer);
    assert_eq!(path, "/mj/submit/modal");
    assert_eq!(body, json(r#"{"taskId":"42","prompt":"add a rainbow","maskBase64":"<data uri 0>"}"#));
}

#[test]
fn what_can_never_work_is_refused_before_it_is_sent() {
    let mut broken = spec(Kind::Image, "cat");
    broken.inputs =
        vec![Input { role: "reference".into(), data: InputData::Broken("base64Array[0] is no base64".into()) }];
    let failure = Desk::trueai().submit(&broken).expect_err("the input is broken");
    assert_eq!((failure.kind, failure.public.as_str()), (FailureKind::InvalidInput, "base64Array[0] is no base64"));
    for spec in [spec(Kind::Image, " \n"), spec(Kind::Shorten, ""), pressed(""), pressed("MJ::JOB::upsample::1::7")] {
        let failure = Desk::trueai().submit(&spec).expect_err("something is missing");
        assert_eq!((failure.kind, failure.retry), (FailureKind::InvalidInput, Retry::Never), "{spec:?}");
    }
}

#[test]
fn one_task_is_fetched_and_several_are_listed() {
    use providers::{Dialect, PollItem};
    let desk = Desk::trueai();
    let (one, two) = (crate::desk::operation("a/b?c 1"), crate::desk::operation("2"));
    let item = |operation| PollItem { operation, kind: Kind::Image };
    let single = crate::desk::DIALECT.poll(desk.account(), &[item(&one)]);
    assert_eq!((single.method.as_str(), path(&single).as_str()), ("GET", "/mj/task/a%2Fb%3Fc%201/fetch"));
    let batch = crate::desk::DIALECT.poll(desk.account(), &[item(&one), item(&two)]);
    assert_eq!((batch.method.as_str(), path(&batch).as_str()), ("POST", "/mj/task/list-by-condition"));
    assert_eq!(text(&batch), r#"{"ids":["a/b?c 1","2"]}"#);
    assert!(!single.paid && !batch.paid);
}
