//! Whatever a caller sends, a family answers with an order or a problem of bounded size.

use crate::budget::try_cases;
use crate::corpus::BODIES;
use crate::edits::{Case, Edit, case, edit};
use contracts::{Body, Call, Family, Input, ModelCard, Order, Problem, Route, Upload};
use http::HeaderMap;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use std::collections::BTreeSet;
use task::{InputData, Spec};

/// The most characters of a problem's message. It may quote names and short fields, never a body.
const MESSAGE_MAX_CHARS: usize = 4_096;
/// An order may be so many times larger than its body, written as JSON, plus [`ORDER_MORE_BYTES`].
const ORDER_TIMES: usize = 4;
/// What an order may have beside that.
const ORDER_MORE_BYTES: usize = 8_192;

/// A request: a route of the registry, a body, and odd texts in its path and query.
#[derive(Debug, Clone)]
struct Request {
    route: Index,
    body: Case,
    is_form: bool,
    texts: Vec<Edit>,
}

fn request() -> impl Strategy<Value = Request> {
    (any::<Index>(), case(), prop::bool::weighted(0.2), vec(edit(), 0..4))
        .prop_map(|(route, body, is_form, texts)| Request { route, body, is_form, texts })
}

/// Every route but those that only repeat another one under a prefix.
fn routes() -> Vec<(&'static dyn Family, Route)> {
    let mut seen = BTreeSet::new();
    let all = contracts::all().iter().flat_map(|family| family.routes().into_iter().map(|route| (*family, route)));
    all.filter(|(family, route)| seen.insert((family.name(), route.name))).collect()
}

/// The members of an object as the fields of a form, in the ways in which SDKs write them; text that looks like a
/// file goes as one.
fn form(value: &Value) -> Body {
    let (mut texts, mut files) = (Vec::new(), Vec::new());
    let mut put = |name: String, value: &Value| match value {
        Value::String(text) if text.starts_with("data:") => files.push(Upload {
            field: name,
            file_name: Some("a.png".into()),
            content_type: None,
            bytes: bytes::Bytes::from(text.clone()),
        }),
        Value::String(text) => texts.push((name, text.clone())),
        other => texts.push((name, other.to_string())),
    };
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Array(items) => items.iter().for_each(|item| match item {
                Value::Object(members) => {
                    members.iter().for_each(|(key, value)| put(format!("{name}[][{key}]"), value))
                }
                item => put(format!("{name}[]"), item),
            }),
            Value::Object(members) => members.iter().for_each(|(key, value)| put(format!("{name}[{key}]"), value)),
            value => put(name.clone(), value),
        }
    }
    Body::Form(texts, files)
}

fn check_problem(family: &dyn Family, problem: &Problem) -> Result<(), TestCaseError> {
    prop_assert!((400..500).contains(&problem.status), "{problem}");
    prop_assert!(!problem.message.is_empty());
    let length = problem.message.chars().count();
    prop_assert!(length <= MESSAGE_MAX_CHARS, "a message of {length} characters: {:.200}", problem.message);
    let (status, body) = family.error(problem, "r");
    prop_assert_eq!(status, problem.status);
    let length = body.to_string().len();
    prop_assert!(length <= 8 * MESSAGE_MAX_CHARS, "an error of {length} bytes: {:.200}", body.to_string());
    Ok(())
}

fn check_order(order: &Order, body_bytes: usize) -> Result<(), TestCaseError> {
    let spec = &order.spec;
    for text in [Some(&order.action), Some(&order.model), order.callback_url.as_ref(), order.external_id.as_ref()]
        .into_iter()
        .flatten()
    {
        // These are text columns of the ledger.
        prop_assert!(!text.contains('\0') && text.len() <= 8_192, "{text:?}");
    }
    prop_assert!(spec.seconds.is_none_or(|seconds| seconds.is_finite() && seconds > 0.0), "{:?}", spec.seconds);
    prop_assert!(spec.size.is_none_or(|size| size.width > 0 && size.height > 0), "{:?}", spec.size);
    // A file of the form goes to the store before anything is written.
    if spec.inputs.iter().all(|input| !matches!(input.data, InputData::Bytes(_))) {
        let written = serde_json::to_string(spec).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let most = body_bytes * ORDER_TIMES + ORDER_MORE_BYTES;
        prop_assert!(written.len() <= most, "{} bytes of a body of {body_bytes}", written.len());
        let read: Spec = serde_json::from_str(&written).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&read, spec, "it comes back from the ledger as it went in");
    }
    Ok(())
}

/// Asks for everything that reads a request.
fn ask(family: &dyn Family, input: &Input<'_>, body_bytes: usize) -> Result<(), TestCaseError> {
    let card = ModelCard { name: "m".into(), owner: "o".into(), families: vec!["suno".into()], created_s: 1 };
    let others = [
        family.ids(input).err(),
        family.page(input).err(),
        family.uploads(input).err(),
        family.show_models(input, &[card]).err(),
    ];
    for problem in others.into_iter().flatten() {
        check_problem(family, &problem)?;
    }
    if let Ok(page) = family.page(input) {
        prop_assert!(page.limit <= 500 && page.offset <= 10_000, "{page:?}");
    }
    match family.read(input) {
        Ok(order) => check_order(&order, body_bytes),
        Err(problem) => check_problem(family, &problem),
    }
}

fn ask_route(
    family: &dyn Family,
    route: &Route,
    body: &Value,
    is_form: bool,
    texts: &[String],
) -> Result<(), TestCaseError> {
    let mut texts = texts.iter();
    let mut path = Vec::new();
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let text = texts.next().cloned().unwrap_or_else(|| "task_01jd3k8w9q2v5x7z4m6n8p0r1s".to_owned());
        path.push((name.trim_start_matches('*').to_owned(), text));
    }
    let rest: Vec<&String> = texts.collect();
    let query: Vec<(String, String)> = rest
        .chunks(2)
        .map(|pair| (pair[0].clone(), pair.get(1).map_or_else(String::new, |text| (*text).clone())))
        .collect();
    let body_bytes = body.to_string().len();
    let body = match (is_form, body) {
        (true, value) => form(value),
        (false, Value::Null) => Body::Empty,
        (false, value) => Body::Json(value.clone()),
    };
    let headers = HeaderMap::new();
    ask(family, &Input { route, path: &path, query: &query, headers: &headers, body: &body }, body_bytes)
}

#[test]
fn the_corpus_is_read_or_refused_on_every_route() {
    let routes = routes();
    for body in BODIES.iter() {
        for (family, route) in routes.iter().filter(|(_, route)| route.call != Call::Content) {
            for is_form in [false, true] {
                ask_route(*family, route, body, is_form, &[])
                    .unwrap_or_else(|why| panic!("{} {}: {why}\n{body:#}", family.name(), route.path));
            }
        }
    }
}

#[test]
fn odd_requests_are_read_or_refused() {
    let routes = routes();
    let parts = |request: &Request| {
        let texts: Vec<String> = request.texts.iter().map(|edit| edit.text()).collect();
        (request.route.get(&routes), request.body.value(&BODIES), texts)
    };
    let tell = |request: &Request| {
        let ((family, route), body, texts) = parts(request);
        format!("{} {} form: {} {texts:?}\n{body:#}", family.name(), route.path, request.is_form)
    };
    try_cases("requests", &request(), tell, |request| {
        let ((family, route), body, texts) = parts(request);
        ask_route(*family, route, &body, request.is_form, &texts)
    });
}

#[test]
fn names_of_any_length_are_quoted_in_part_only() {
    let long = "n".repeat(100_000);
    let body = serde_json::json!({ &long: &long, "prompt": &long, "model": &long, "action": &long, "content": [{ "type": &long }] });
    for (family, route) in routes() {
        for is_form in [false, true] {
            ask_route(family, &route, &body, is_form, &[long.clone(), long.clone(), long.clone()])
                .unwrap_or_else(|why| panic!("{} {} form: {is_form}: {why:.400}", family.name(), route.path));
        }
    }
}
