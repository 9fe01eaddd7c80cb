use super::*;
use serde_json::json;

fn body(value: Value) -> Body {
    Body::Json(value)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Problem>) -> (u16, Option<String>, String) {
    let problem = result.expect_err("was to be refused");
    (problem.status, problem.param, problem.message)
}

#[test]
fn null_and_empty_text_are_absent() {
    let body = body(json!({"a": null, "b": "", "c": "x"}));
    let mut fields = Fields::of(&body).expect("is an object");
    assert_eq!(fields.text("a", 9), Ok(None));
    assert_eq!(fields.text("b", 9), Ok(None));
    assert_eq!(fields.text("c", 9), Ok(Some("x")));
    assert_eq!(fields.integer("b", 0..=9), Ok(None));
    assert_eq!(fields.flag("b"), Ok(None));
    assert_eq!(fields.array("b"), Ok(None));
    assert_eq!(fields.object("b"), Ok(None));
    assert_eq!(fields.word("b", &["X"]), Ok(None));
}

#[test]
fn text_stands_for_numbers_and_flags() {
    let body = body(json!({"a": "5", "b": 5.0, "c": "true", "d": false, "e": "x"}));
    let mut fields = Fields::of(&body).expect("is an object");
    assert_eq!(fields.integer("a", 0..=9), Ok(Some(5)));
    assert_eq!(fields.integer("b", 0..=9), Ok(Some(5)));
    assert_eq!(fields.flag("c"), Ok(Some(true)));
    assert_eq!(fields.flag("d"), Ok(Some(false)));
    assert_eq!(fields.word("e", &["X", "Y"]), Ok(Some("X")));
}

#[test]
fn a_wrong_type_names_the_field_and_what_would_be_accepted() {
    let body = body(json!({"a": 5, "b": 5.5, "c": 1, "d": {}, "e": ["x", 1], "f": "z", "g": "ab\0"}));
    let mut fields = Fields::of(&body).expect("is an object");
    let at = |name: &str| Some(name.to_owned());
    assert_eq!(refusal(fields.text("a", 9)), (400, at("a"), "a is a number; it has to be a string".into()));
    assert_eq!(refusal(fields.integer("b", 1..=4)), (400, at("b"), "b has to be an integer from 1 to 4".into()));
    assert_eq!(refusal(fields.flag("c")), (400, at("c"), "c is a number; it has to be true or false".into()));
    assert_eq!(refusal(fields.array("d")), (400, at("d"), "d is an object; it has to be an array".into()));
    assert_eq!(refusal(fields.texts("e")), (400, at("e[1]"), "e[1] is a number; it has to be a string".into()));
    assert_eq!(refusal(fields.word("f", &["X", "Y"])), (400, at("f"), "f has to be one of X, Y".into()));
    assert_eq!(refusal(fields.text("g", 9)), (400, at("g"), "g must not hold a NUL character".into()));
    assert_eq!(refusal(fields.text("f", 0)), (400, at("f"), "f is too long: at most 0 characters".into()));
    assert_eq!(
        refusal(fields.required_text("h", 9)),
        (400, at("h"), "h is required: a string of 1 to 9 characters".into())
    );
}

#[test]
fn what_nobody_read_stays_raw_and_within_its_limit() {
    let body_ = body(json!({"a": 1, "b": {"deep": [null]}, "c": null, "d": "x"}));
    let mut fields = Fields::of(&body_).expect("is an object");
    assert_eq!(fields.integer("a", 0..=9), Ok(Some(1)));
    fields.drop_unread(&["d"]);
    assert_eq!(fields.rest().map(Value::Object), Ok(json!({"b": {"deep": [null]}})));

    let large = body(json!({"a": "x".repeat(REST_MAX_BYTES)}));
    let fields = Fields::of(&large).expect("is an object");
    assert_eq!(refusal(fields.rest()).0, 413);
}

#[test]
fn only_objects_are_bodies() {
    for (body, status) in [
        (Body::Empty, 400),
        (Body::Json(json!([1])), 400),
        (Body::Json(json!(7)), 400),
        (Body::Form(Vec::new(), Vec::new()), 415),
    ] {
        assert_eq!(refusal(Fields::of(&body)).0, status, "{body:?}");
    }
}
