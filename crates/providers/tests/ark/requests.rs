//! Submissions: the caller's own words as they came, and everybody else's in this protocol's.

use crate::desk::{Desk, json, linked, object, operation, own, path, prompted, stored};
use providers::{Dialect, PollItem};
use task::{Details, FailureKind, Input, InputData, Kind, Retry, Secret, Shot, Spec};

/// The body that Ark's own SDK sent (`upstream/sdk-requests.md`, section 3), as the bag holds it.
#[test]
fn a_submission_in_arks_own_words_goes_up_as_it_came() {
    let mut spec = own(r#"{"content":[{"type":"text","text":"a cat --ratio 16:9 --dur 5"},
            {"type":"image_url","image_url":{"url":null},"role":"first_frame"}],"return_last_frame":true}"#);
    spec.inputs = vec![linked("first_frame", "https://example.com/a.png")];
    // What the commands in the text were read into is not said twice.
    (spec.seconds, spec.aspect_ratio) = (Some(5.0), Some("16:9".into()));
    let body = Desk::of("doubao-seedance-1-0-pro-250528").asked(&spec);
    assert_eq!(
        body,
        json(
            r#"{"content":[{"type":"text","text":"a cat --ratio 16:9 --dur 5"},
                {"type":"image_url","image_url":{"url":"https://example.com/a.png"},"role":"first_frame"}],
                "return_last_frame":true}"#
        )
    );
}

#[test]
fn every_field_of_the_sheet_and_unknown_ones_arrive_untouched() {
    let fields = r#"{"content":[{"type":"text","text":"x"}],"return_last_frame":true,"service_tier":"flex",
        "execution_expires_after":7200,"priority":3,"generate_audio":false,"draft":false,"tools":[{"type":"web_search"}],
        "resolution":"9k","ratio":"adaptive","duration":-1,"frames":57,"seed":-1,"camera_fixed":false,"watermark":true,
        "output_format":"mp4","omni_reference_task_type":"edit","newer":{"deep":[1,null]}}"#;
    assert_eq!(Desk::second().asked(&own(fields)), json(fields));
    let fit = Desk::second().fitted(&own(fields));
    assert!(fit.warnings.is_empty() && fit.fitted.is_nothing(), "the vendor judges what is in its own words: {fit:?}");
}

/// Trap 13: data URIs, but films by their URL alone.
#[test]
fn files_go_where_their_urls_stood() {
    let mut spec = own(
        r#"{"content":[{"type":"image_url","image_url":{"url":null,"detail":"high"},"role":"reference_image","note":1},
            {"type":"image_url","image_url":{"url":"asset://asset-1"}},{"type":"text","text":"x"},
            {"type":"video_url","video_url":{"url":null}},{"type":"audio_url","audio_url":{"url":null}}]}"#,
    );
    spec.inputs = vec![stored("reference_image"), stored("reference_video"), stored("reference_audio")];
    assert_eq!(
        Desk::second().asked(&spec)["content"],
        json(
            r#"[{"type":"image_url","image_url":{"url":"<data uri 0>","detail":"high"},"role":"reference_image","note":1},
                {"type":"image_url","image_url":{"url":"asset://asset-1"}},{"type":"text","text":"x"},
                {"type":"video_url","video_url":{"url":"<link 1>"}},{"type":"audio_url","audio_url":{"url":"<data uri 2>"}}]"#
        )
    );
    spec.inputs.pop();
    assert_eq!(Desk::second().submit(&spec).expect_err("a file is missing").kind, FailureKind::Internal);
    spec.inputs = vec![stored("reference_image"); 4];
    assert_eq!(Desk::second().submit(&spec).expect_err("a file is left over").kind, FailureKind::Internal);
}

#[test]
fn a_draft_is_named_by_its_id_upstream() {
    let spec = own(r#"{"content":[{"type":"draft_task","draft_task":{"id":null}}]}"#);
    let mut desk = Desk::of("doubao-seedance-1-5-pro-251215");
    assert_eq!(desk.submit(&spec).expect_err("there is no draft").kind, FailureKind::InvalidInput);
    desk.parent = Some((operation("cgt-draft"), Details::default(), prompted("x")));
    assert_eq!(desk.asked(&spec)["content"], json(r#"[{"type":"draft_task","draft_task":{"id":"cgt-draft"}}]"#));
}

/// Trap 14: numbers are numbers.
#[test]
fn everybody_elses_words_become_items() {
    let mut spec = Spec { seed: Some(7), sound: Some(true), seconds: Some(8.0), ..prompted("a \"cat\"\n貓") };
    spec.resolution = Some("720p".into());
    spec.aspect_ratio = Some("9:16".into());
    spec.inputs = vec![
        linked("first_frame", "https://example.com/a.png"),
        stored("last_frame"),
        stored("reference"),
        linked("reference_video", "https://example.com/v.mp4"),
        stored("reference_audio"),
    ];
    assert_eq!(
        Desk::second().asked(&spec),
        json(
            r#"{"content":[{"type":"text","text":"a \"cat\"\n貓"},
                {"type":"image_url","image_url":{"url":"https://example.com/a.png"},"role":"first_frame"},
                {"type":"image_url","image_url":{"url":"<data uri 1>"},"role":"last_frame"},
                {"type":"image_url","image_url":{"url":"<data uri 2>"},"role":"reference_image"},
                {"type":"video_url","video_url":{"url":"https://example.com/v.mp4"},"role":"reference_video"},
                {"type":"audio_url","audio_url":{"url":"<data uri 4>"},"role":"reference_audio"}],
                "duration":8,"resolution":"720p","ratio":"9:16","generate_audio":true,"seed":7}"#
        )
    );
    assert!(Desk::second().fitted(&spec).warnings.is_empty());
}

#[test]
fn raw_fields_beside_common_ones_win() {
    let mut spec = own(r#"{"ratio":"21:9","duration":10,"vendor_field":1}"#);
    (spec.seconds, spec.aspect_ratio, spec.seed) = (Some(10.0), Some("21:9".into()), Some(3));
    assert_eq!(
        Desk::of("doubao-seedance-1-0-pro-250528").asked(&spec),
        json(r#"{"content":[{"type":"text","text":"a cat"}],"ratio":"21:9","duration":10,"vendor_field":1,"seed":3}"#)
    );
}

#[test]
fn our_address_and_id_go_up_and_the_callers_never() {
    let mut desk = Desk::second();
    desk.hook_url = Some("https://our.test/hook/1".into());
    let spec = own(
        r#"{"content":[{"type":"text","text":"x"}],"callback_url":"https://theirs.test","model":"other","safety_identifier":"user-hash"}"#,
    );
    let body = desk.sent(&spec);
    assert_eq!(body["callback_url"], "https://our.test/hook/1");
    assert_eq!(body["safety_identifier"], desk.client.to_string());
    assert!(desk.client.to_string().len() <= 64, "the field holds 64 characters");
    let warnings = desk.fitted(&spec).warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("safety_identifier"), "{warnings:?}");
}

#[test]
fn a_channel_may_leave_the_identifier_to_the_caller() {
    let desk = Desk::second().with(r#"{"safety_identifier":"caller"}"#);
    let spec = own(r#"{"content":[{"type":"text","text":"x"}],"safety_identifier":"user-hash"}"#);
    assert_eq!(desk.sent(&spec)["safety_identifier"], "user-hash");
    assert!(desk.fitted(&spec).warnings.is_empty());
    assert!(desk.sent(&prompted("x")).get("safety_identifier").is_none());
}

#[test]
fn the_key_goes_as_a_bearer_and_hides_itself() {
    let mut desk = Desk::second();
    let request = desk.submit(&prompted("x")).expect("it can be sent");
    assert_eq!(request.headers["authorization"], "Bearer hush-77");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["x-client-request-id"], desk.client.to_string().as_str());
    assert!(!format!("{request:?}").contains("hush-77"));
    for key in ["", "two\nlines"] {
        desk.key = Secret::new(key);
        let failure = desk.submit(&prompted("x")).expect_err("no header can hold it");
        assert_eq!((failure.kind, failure.retry), (FailureKind::Refused, Retry::Elsewhere));
    }
}

#[test]
fn shots_are_joined_into_the_prompt() {
    let shot = |prompt: &str, seconds| Shot { prompt: prompt.into(), seconds };
    let spec = Spec { shots: vec![shot("a door", Some(3.0)), shot("a cat", None)], ..prompted("a house") };
    let body = Desk::second().asked(&spec);
    assert_eq!(body["content"][0]["text"], "a house\nShot 1 (3 s): a door\nShot 2: a cat");
    assert!(Desk::second().fitted(&spec).warnings[0].contains("storyboard"));
}

#[test]
fn what_can_never_work_is_refused_before_it_is_sent() {
    let mut broken = prompted("x");
    broken.inputs = vec![Input { role: "first_frame".into(), data: InputData::Broken("it is no base64".into()) }];
    let failure = Desk::second().submit(&broken).expect_err("the input is broken");
    assert_eq!((failure.kind, failure.public.as_str()), (FailureKind::InvalidInput, "it is no base64"));
    let empty = Desk::second().submit(&prompted(" ")).expect_err("there is nothing to go by");
    assert_eq!((empty.kind, empty.retry), (FailureKind::InvalidInput, Retry::Never));
}

#[test]
fn one_task_is_asked_for_by_its_id_and_several_in_a_list() {
    let desk = Desk::second();
    let (one, two) = (operation("a/b?c 1"), operation("cgt-2"));
    let item = |operation| PollItem { operation, kind: Kind::Video };
    let single = crate::desk::DIALECT.poll(desk.account(), &[item(&one)]);
    assert_eq!((single.method.as_str(), path(&single).as_str()), ("GET", "/contents/generations/tasks/a%2Fb%3Fc%201"));
    let batch = crate::desk::DIALECT.poll(desk.account(), &[item(&one), item(&two)]);
    let expected =
        "/contents/generations/tasks?page_num=1&page_size=2&filter.task_ids=a%2Fb%3Fc%201&filter.task_ids=cgt-2";
    assert_eq!((batch.method.as_str(), path(&batch).as_str()), ("GET", expected));
    assert!(!single.paid && !batch.paid && single.body.is_empty());
    assert_eq!(batch.headers["authorization"], "Bearer hush-77");
    let can = crate::desk::DIALECT.capabilities(&object("{}"));
    assert!(can.poll_batch <= 500 && can.copy_deadline_ms == 24 * 3_600_000, "sections 4 and 6");
}
