//! What other contracts ask for, in measures that each model takes.

use crate::desk::{Desk, prompted};
use providers::Fit;
use serde_json::Value;
use task::{Size, Spec};

const FIRST: &str = "doubao-seedance-1-0-pro-250528";
const PRO: &str = "doubao-seedance-1-5-pro-251215";
const SECOND: &str = "doubao-seedance-2-0-260128";
const NEWEST: &str = "doubao-seedance-2-5-260628";
const ENDPOINT: &str = "ep-20261122-abcde";

/// What is sent and what is told.
fn made(model: &str, spec: &Spec) -> (Value, Fit) {
    let desk = Desk::of(model);
    (desk.asked(spec), desk.fitted(spec))
}

#[test]
fn a_length_becomes_the_next_longer_one_or_the_longest() {
    for (model, asked, duration) in [
        (FIRST, 1.0, 2),
        (FIRST, 5.0, 5),
        (FIRST, 30.0, 12),
        (PRO, 2.0, 4),
        (PRO, 60.0, 12),
        (SECOND, 4.2, 5),
        (SECOND, 60.0, 15),
        (NEWEST, 29.5, 30),
        (ENDPOINT, 40.0, 40),
    ] {
        let (body, fit) = made(model, &Spec { seconds: Some(asked), ..prompted("x") });
        assert_eq!(body["duration"], duration, "{model} {asked}");
        let as_asked = f64::from(duration) == asked;
        assert_eq!(fit.fitted.seconds, (!as_asked).then_some(f64::from(duration)), "{model} {asked}");
        assert_eq!(fit.warnings.is_empty(), as_asked, "{model} {asked}: {:?}", fit.warnings);
    }
    assert!(made(SECOND, &prompted("x")).0.get("duration").is_none(), "nothing asked, nothing said");
}

#[test]
fn pixels_become_the_nearest_resolution_and_shape_of_the_same_orientation() {
    for (model, (width, height), resolution, ratio, fitted) in [
        (SECOND, (1280, 720), "720p", "16:9", None),
        (SECOND, (720, 1280), "720p", "9:16", None),
        (SECOND, (1920, 1080), "720p", "16:9", Some((1280, 720))),
        (FIRST, (1920, 1080), "1080p", "16:9", None),
        (FIRST, (1024, 1792), "1080p", "9:16", Some((1080, 1920))),
        (SECOND, (1024, 1024), "720p", "1:1", Some((960, 960))),
        (SECOND, (864, 480), "480p", "16:9", Some((854, 480))),
        (SECOND, (1000, 1001), "720p", "1:1", Some((960, 960))),
    ] {
        let (body, fit) = made(model, &Spec { size: Some(Size { width, height }), ..prompted("x") });
        assert_eq!((&body["resolution"], &body["ratio"]), (&resolution.into(), &ratio.into()), "{width}x{height}");
        assert_eq!(fit.fitted.size, fitted.map(|(width, height)| Size { width, height }), "{width}x{height}");
        assert_eq!(fit.warnings.len(), usize::from(fitted.is_some()), "{:?}", fit.warnings);
    }
}

#[test]
fn words_become_words_that_the_model_takes() {
    let asked = |resolution: &str, ratio: &str| Spec {
        resolution: Some(resolution.into()),
        aspect_ratio: Some(ratio.into()),
        ..prompted("x")
    };
    for (model, spec, resolution, ratio, warnings) in [
        (SECOND, asked("720p", "16:9"), "720p", "16:9", 0),
        (SECOND, asked("1080p", "adaptive"), "720p", "adaptive", 1),
        (FIRST, asked("4k", "3:2"), "1080p", "4:3", 2),
        (FIRST, asked("768p", "2:3"), "720p", "3:4", 2),
        (ENDPOINT, asked("4k", "16:9"), "4k", "16:9", 0),
    ] {
        let (body, fit) = made(model, &spec);
        assert_eq!((&body["resolution"], &body["ratio"]), (&resolution.into(), &ratio.into()), "{model}");
        assert_eq!(fit.warnings.len(), warnings, "{model}: {:?}", fit.warnings);
    }
}

#[test]
fn what_the_model_can_not_do_is_said() {
    let spec = Spec {
        sound: Some(true),
        negative_prompt: Some("dogs".into()),
        count: Some(4),
        seed: Some(4_294_967_296),
        ..prompted("x")
    };
    let (body, fit) = made(FIRST, &spec);
    assert_eq!(body.as_object().map(|body| body.keys().collect::<Vec<_>>()), Some(vec![&"content".to_owned()]));
    for part in ["sound", "negative_prompt", "one film", "seed"] {
        assert!(fit.warnings.iter().any(|warning| warning.contains(part)), "{part}: {:?}", fit.warnings);
    }
    let (body, fit) = made(PRO, &Spec { sound: Some(false), ..prompted("x") });
    assert_eq!((&body["generate_audio"], fit.warnings.len()), (&Value::from(false), 0));
}

#[test]
fn what_was_fitted_is_told_with_the_acceptance() {
    let spec = Spec { seconds: Some(60.0), ..prompted("x") };
    let desk = Desk::second();
    match desk.answered_to(&spec, 200, r#"{"id":"cgt-7"}"#) {
        providers::SubmitOutcome::Accepted { warnings, .. } => assert_eq!(warnings, desk.fitted(&spec).warnings),
        other => panic!("{other:?}"),
    }
}
