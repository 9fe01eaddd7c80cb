//! Lengths, shapes and models that the vendor does not have: what is made instead, and what is told.

use crate::desk::{DIALECT, Desk, film, stored, with_bag};
use providers::{Dialect, Fit};
use serde_json::json;
use task::{Fitted, Kind, Shot, Size, Spec};

fn fit(model: &str, spec: &Spec) -> Fit {
    DIALECT.fit(&Desk::legacy().options, model, spec)
}

#[test]
fn lengths_by_model() {
    for (model, asked, made) in [
        ("kling-v2-5-turbo", 5.0, "5"),
        ("kling-v2-6", 3.0, "5"),
        ("kling-v2-6", 6.0, "10"),
        ("kling-v1", 30.0, "10"),
        ("kling-v3", 1.0, "3"),
        ("kling-v3", 7.2, "8"),
        ("kling-v3", 60.0, "15"),
        ("kling-video-o1", 12.0, "12"),
        ("kling-v9", 25.0, "25"),
    ] {
        let spec = Spec { seconds: Some(asked), ..film("a", Vec::new()) };
        let (_, body) = Desk::legacy().sent(model, &spec);
        assert_eq!(body["duration"], made, "{model} {asked}");
        let fit = fit(model, &spec);
        let seconds: f64 = made.parse().expect("is a number");
        assert_eq!(fit.fitted.seconds, Some(seconds), "{model} {asked}");
        assert_eq!(fit.warnings.is_empty(), seconds == asked, "{model} {asked}: {:?}", fit.warnings);
    }
    let unasked = fit("kling-v3", &film("a", Vec::new()));
    assert_eq!((unasked.fitted.seconds, unasked.warnings.len()), (Some(5.0), 0), "the vendor's own length");
}

#[test]
fn shapes_and_sizes() {
    let sized = |width, height| Spec { size: Some(Size { width, height }), ..film("a", Vec::new()) };
    for (width, height, ratio, mode, made) in [
        (1280, 720, "16:9", "std", Some((1280, 720))),
        (1920, 1080, "16:9", "pro", Some((1920, 1080))),
        (1024, 1792, "9:16", "pro", Some((1080, 1920))),
        (3840, 2160, "16:9", "4k", Some((3840, 2160))),
        (512, 512, "1:1", "std", None),
    ] {
        let spec = sized(width, height);
        let (_, body) = Desk::legacy().sent("kling-v3", &spec);
        assert_eq!((&body["aspect_ratio"], &body["mode"]), (&json!(ratio), &json!(mode)), "{width}x{height}");
        let fit = fit("kling-v3", &spec);
        let made = made.map(|(width, height)| Size { width, height });
        assert_eq!(fit.fitted, Fitted { seconds: Some(5.0), size: made });
        assert_eq!(
            fit.warnings.len(),
            usize::from(made.is_some_and(|made| Some(made) != spec.size)),
            "{:?}",
            fit.warnings
        );
    }
    let (_, body) = Desk::legacy().sent("kling-v2-6", &sized(3840, 2160));
    assert_eq!(body["mode"], "pro", "an older model has no 4k");
    let wide = Spec { aspect_ratio: Some("21:9".into()), ..film("a", Vec::new()) };
    assert_eq!(fit("kling-v3", &wide).warnings, ["21:9 was asked for; the upstream makes 16:9"]);
    let adaptive = Spec { aspect_ratio: Some("adaptive".into()), ..film("a", Vec::new()) };
    assert!(Desk::legacy().sent("kling-v3", &adaptive).1.get("aspect_ratio").is_none());
    // What was said to this vendor goes up as it stands.
    let own = with_bag(wide, json!({ "aspect_ratio": "21:9" }));
    assert_eq!(Desk::legacy().sent("kling-v3", &own).1["aspect_ratio"], "21:9");
    assert!(fit("kling-v3", &own).warnings.is_empty());
}

#[test]
fn another_model_is_told_unless_it_is_the_paths_own() {
    let two = film("a", vec![stored("reference_image"), stored("reference_image")]);
    assert_eq!(
        fit("kling-v2-6", &two).warnings,
        ["the upstream takes kling-v1-6 for pictures and films to go by, not kling-v2-6"]
    );
    assert_eq!(
        fit("kling-v3", &two).warnings,
        ["the upstream takes kling-v3-omni for pictures and films to go by, not kling-v3"]
    );
    assert!(fit("kling-v3", &with_bag(two, json!({ "route": "omni-video" }))).warnings.is_empty());
    let picture = Spec { prompt: "a".into(), ..Spec::new(Kind::Image) };
    assert_eq!(fit("kling-v2-5-turbo", &picture).warnings.len(), 1);
    assert_eq!(fit("kling-v3", &picture), Fit::default());
}

#[test]
fn what_is_left_out_is_told() {
    let spec = Spec {
        seed: Some(7),
        count: Some(4),
        shots: vec![Shot { prompt: "one".into(), seconds: Some(5.0) }],
        inputs: vec![stored("reference_audio")],
        ..film("a", Vec::new())
    };
    let warnings = fit("kling-v2-6", &spec).warnings;
    for word in ["storyboard", "one film", "sound", "seed"] {
        assert!(warnings.iter().any(|warning| warning.contains(word)), "{word}: {warnings:?}");
    }
}

#[test]
fn shots_have_to_make_up_the_film() {
    let shot = |seconds| Shot { prompt: "one".into(), seconds: Some(seconds) };
    let spec = |seconds, shots: &[f64]| Spec {
        seconds,
        shots: shots.iter().map(|seconds| shot(*seconds)).collect(),
        ..film("", Vec::new())
    };
    for (seconds, shots, lengths, warned) in [
        (Some(5.0), [2.0, 3.0], ["2", "3"], false),
        (None, [2.0, 4.0], ["2", "4"], false),
        (Some(10.0), [2.0, 3.0], ["4", "6"], true),
        (None, [10.0, 10.0], ["8", "7"], true),
    ] {
        let spec = spec(seconds, &shots);
        let (_, body) = Desk::legacy().sent("kling-v3", &spec);
        let found: Vec<&str> = (0..2).filter_map(|place| body["multi_prompt"][place]["duration"].as_str()).collect();
        assert_eq!(found, lengths, "{shots:?}");
        let whole: i64 = body["duration"].as_str().and_then(|text| text.parse().ok()).expect("is a number");
        assert_eq!(lengths.iter().filter_map(|text| text.parse::<i64>().ok()).sum::<i64>(), whole);
        assert_eq!(
            fit("kling-v3", &spec).warnings.iter().any(|warning| warning.contains("shots")),
            warned,
            "{shots:?}"
        );
    }
}
