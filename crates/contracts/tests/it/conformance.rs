//! What every family of the registry has to keep, whatever it means.

use crate::fixture::{Request, grid, id, task, view, view_with_child};
use crate::json_schema::violations;
use contracts::family::Upload;
use contracts::{Body, Call, Family, PageEnd, Problem, Route};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use task::{Details, FailureKind, Shown, State, Task};

/// A task of this family in each state, and one that was handed over to each of them.
fn tasks(family: &dyn Family) -> Vec<(Task, Option<Task>)> {
    let mut all: Vec<(Task, Option<Task>)> = State::ALL.into_iter().map(|state| (task(state), None)).collect();
    all.push((grid(), None));
    for state in State::ALL {
        let mut parent = task(State::HandedOver);
        let mut child = task(state);
        child.id = id(2);
        parent.child = Some(child.id);
        all.push((parent, Some(child)));
    }
    for (task, _) in &mut all {
        family.name().clone_into(&mut task.family);
    }
    all
}

fn show(family: &dyn Family, task: &Task, child: Option<&Task>) -> Value {
    match child {
        Some(child) => family.show(&view_with_child(task, child)),
        None => family.show(&view(task)),
    }
}

fn problems() -> Vec<Problem> {
    vec![
        Problem::invalid("field", "wrong"),
        Problem::invalid_json("wrong"),
        Problem::refused("other", "wrong"),
        Problem::unknown_model("x"),
        Problem::invalid_api_key(),
        Problem::model_not_allowed("x"),
        Problem::insufficient_quota(),
        Problem::no_task(),
        Problem::no_route("/x"),
        Problem::not_found("other", "wrong"),
        Problem::method_not_allowed("GET, HEAD"),
        Problem::idempotency_conflict(),
        Problem::not_cancellable("wrong"),
        Problem::too_large(None, "wrong"),
        Problem::unsupported_media_type("wrong"),
        Problem::rate_limited(5),
        Problem::internal(),
        Problem::upstream("wrong"),
        Problem::no_channel("x"),
        Problem::unavailable("wrong"),
    ]
}

#[test]
fn names_are_unique_and_found() {
    let names: BTreeSet<&str> = contracts::all().iter().map(|family| family.name()).collect();
    assert_eq!(names.len(), contracts::all().len());
    for name in names {
        assert_eq!(contracts::find(name).map(Family::name), Some(name));
    }
    assert!(contracts::find("nobody").is_none());
}

#[test]
fn routes_are_unique_and_well_formed() {
    let mut seen = BTreeSet::new();
    for family in contracts::all() {
        for route in family.routes() {
            let Route { method, path, .. } = &route;
            assert!(seen.insert((method.clone().to_string(), path.clone())), "{method} {path} is there twice");
            assert!(path.starts_with('/') && !path.ends_with('/') && !path.contains("//"), "{path}");
            for part in path.split('/') {
                let plain = part.trim_start_matches('{').trim_start_matches('*').trim_end_matches('}');
                assert_eq!(part.starts_with('{'), part.ends_with('}'), "{path}");
                assert!(plain.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{path}");
            }
            assert!(!route.name.is_empty() && route.summary.ends_with(['.', '…']), "{path}: {}", route.summary);
            assert_eq!(route.schema.is_null(), route.example.is_null(), "{path}");
            assert!(!route.open || route.call == Call::Content, "{path} needs a key");
        }
    }
}

#[test]
fn every_name_of_a_route_means_one_thing() {
    for family in contracts::all() {
        let mut calls = std::collections::BTreeMap::new();
        for route in family.routes() {
            let call = *calls.entry(route.name).or_insert(route.call);
            assert_eq!(call, route.call, "{} {}", family.name(), route.name);
        }
    }
}

#[test]
fn examples_fit_their_schemas_and_read_well() {
    for family in contracts::all() {
        for route in family.routes().into_iter().filter(|route| !route.example.is_null()) {
            let path = route.path.clone();
            assert_eq!(violations(&route.schema, &route.example), Vec::<String>::new(), "{path}");
            let mut request = Request::new(route.clone()).json(route.example.clone());
            if path.contains("{id}") {
                request = request.id(&id(3).to_string());
            }
            match route.call {
                Call::Submit => {
                    let order = family.read(&request.input()).unwrap_or_else(|problem| panic!("{path}: {problem}"));
                    let known = family.models().contains(&(order.model.as_str(), order.spec.kind));
                    assert!(known, "{path}: {} is in the catalogue for {:?}", order.model, order.spec.kind);
                    assert_eq!(order.spec.kind.needs_parent(), order.spec.parent.is_some(), "{path}");
                }
                Call::Upload => assert!(family.uploads(&request.input()).is_ok(), "{path}"),
                _ => assert!(family.ids(&request.input()).is_ok(), "{path}"),
            }
        }
    }
}

#[test]
fn every_state_shows_documented_keys_of_the_documented_types() {
    for family in contracts::all() {
        let routes = family.routes();
        let schema_for =
            |call: Call| routes.iter().find(|route| route.call == call).map(|route| family.doc(route).answer);
        // A family without tasks of its own (models) shows none.
        let Some(schema) = schema_for(Call::Show) else { continue };
        let documented: BTreeSet<&String> = schema["properties"].as_object().expect("is an object").keys().collect();
        for (task, child) in tasks(*family) {
            let shown = show(*family, &task, child.as_ref());
            assert_eq!(violations(&schema, &shown), Vec::<String>::new(), "{} {}", family.name(), task.state);
            let found: BTreeSet<&String> = shown.as_object().expect("is an object").keys().collect();
            let others: Vec<_> = found.difference(&documented).collect();
            assert!(others.is_empty(), "{} {}: {others:?} are in no document", family.name(), task.state);
            for (call, shown) in [
                (Call::ShowMany, family.show_many(&[view(&task)])),
                (Call::List, family.list(&[view(&task)], PageEnd { has_more: true, total: Some(1) })),
            ] {
                if let Some(schema) = schema_for(call) {
                    assert_eq!(violations(&schema, &shown), Vec::<String>::new(), "{} {call:?}", family.name());
                }
            }
        }
    }
}

#[test]
fn answers_have_the_documented_types() {
    for family in contracts::all() {
        for route in family.routes() {
            let doc = family.doc(&route);
            assert!(doc.error.is_object(), "{}", route.path);
            assert_eq!(doc.answer.is_null(), route.call == Call::Content, "{}", route.path);
            assert_eq!(violations(&doc.answer, &doc.answer_example), Vec::<String>::new(), "{}", route.path);
            for (task, _) in tasks(*family) {
                let answer = match route.call {
                    Call::Submit => family.accepted(&task, contracts::QueuePosition { ahead: 2 }),
                    Call::Cancel => family.cancelled(&view(&task)),
                    Call::Delete => family.deleted(&view(&task)),
                    Call::Upload => family.uploaded(&["https://media.test/a.png".into()]),
                    _ => continue,
                };
                assert_eq!(answer.status / 100, 2, "{}", route.path);
                if let Some(body) = answer.body {
                    assert_eq!(violations(&doc.answer, &body), Vec::<String>::new(), "{}", route.path);
                }
            }
        }
    }
}

#[test]
fn every_public_state_has_a_callback_word_and_words_do_not_return() {
    for family in contracts::all() {
        let words: Vec<&str> = Shown::ALL.into_iter().map(|shown| family.callback_word(shown)).collect();
        assert!(words.iter().all(|word| !word.is_empty()), "{}", family.name());
        // Once a word has been left, no later state has it again; the ends are not in an order.
        let mut ordered = words[..5].to_vec();
        ordered.dedup();
        assert_eq!(ordered.iter().collect::<BTreeSet<_>>().len(), ordered.len(), "{}: {words:?}", family.name());
    }
}

#[test]
fn nothing_private_is_shown() {
    let shows = |family: &&&dyn Family| family.routes().iter().any(|route| route.call == Call::Show);
    for family in contracts::all().iter().filter(shows) {
        let mut task = task(State::Failed);
        task.failure = Some(task::Failure::never(FailureKind::Upstream, "public words", "private words"));
        task.channel = "channel-of-the-operator".into();
        task.upstream_model = "upstream-name".into();
        task.operation = Some(task::Operation { id: "vendor-id".into(), memo: json!({ "url": "https://signed" }) });
        task.details = Details {
            extras: Map::from_iter([("imageUrl".to_owned(), json!("https://cdn.vendor.test/x?sig=1"))]),
            ..Details::default()
        };
        for shown in [family.show(&view(&task)), family.callback(&view(&task))] {
            let text = shown.to_string();
            assert!(text.contains("public words"), "{text}");
            for secret in [
                "private words",
                "channel-of-the-operator",
                "upstream-name",
                "vendor-id",
                "https://signed",
                "cdn.vendor",
            ] {
                assert!(!text.contains(secret), "{}: {text}", family.name());
            }
        }
    }
}

#[test]
fn errors_keep_their_status_and_say_what_is_wrong() {
    for family in contracts::all() {
        let schema = family.doc(&family.routes()[0]).error;
        for problem in problems() {
            let (status, body) = family.error(&problem, "req_1");
            assert_eq!(status, problem.status, "{} {problem}", family.name());
            assert_eq!(violations(&schema, &body), Vec::<String>::new(), "{} {problem}", family.name());
            let error = &body["error"];
            assert_eq!(error["code"], problem.code);
            assert_eq!(error["type"], problem.kind);
            assert_eq!(error["param"], json!(problem.param));
            assert_eq!(error["request_id"], "req_1");
        }
    }
}

/// Calls everything that reads a request. Whatever comes back is an answer or a problem with a status.
fn ask_everything(family: &dyn Family, request: &Request) -> Result<(), TestCaseError> {
    let input = request.input();
    let results =
        [family.read(&input).err(), family.ids(&input).err(), family.page(&input).err(), family.uploads(&input).err()];
    for problem in results.into_iter().flatten() {
        prop_assert!((400..500).contains(&problem.status), "{} {}", request.route.path, problem);
        prop_assert!(!problem.message.is_empty());
        let (status, body) = family.error(&problem, "r");
        prop_assert_eq!(status, problem.status);
        prop_assert!(body["error"]["message"].is_string());
    }
    if let Ok(order) = family.read(&input) {
        for (parent, _) in tasks(family) {
            if let Err(problem) = family.follow(order.clone(), Some(&parent)) {
                prop_assert!((400..500).contains(&problem.status));
            }
        }
    }
    Ok(())
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("prompt".to_owned()),
        Just("taskId".to_owned()),
        Just("customId".to_owned()),
        Just("base64Array".to_owned()),
        Just("base64".to_owned()),
        Just("action".to_owned()),
        Just("index".to_owned()),
        Just("content".to_owned()),
        Just("notifyHook".to_owned()),
        Just("state".to_owned()),
        Just("ids".to_owned()),
        "\\PC{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!(id(1))),
        Just(json!(format!("{} é2", id(1)))),
        Just(json!("http://[::1")),
        Just(json!("data:,")),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn junk_is_refused_and_never_panics(body in any_json(), id in "\\PC{0,40}", query in prop::collection::vec(("\\PC{0,8}", "\\PC{0,8}"), 0..4)) {
        for family in contracts::all() {
            let mut seen = BTreeSet::new();
            for route in family.routes().into_iter().filter(|route| seen.insert(route.name)) {
                let mut request = Request::new(route).json(body.clone()).id(&id);
                request.query.clone_from(&query);
                ask_everything(*family, &request)?;
            }
        }
    }
}

#[test]
fn deep_and_odd_bodies_are_refused_and_never_panic() {
    let deep = (0..120).fold(json!("x"), |inner, _| json!([inner]));
    let file =
        Upload { field: "image".into(), file_name: None, content_type: None, bytes: bytes::Bytes::from_static(b"x") };
    let bodies = [
        Body::Empty,
        Body::Json(deep.clone()),
        Body::Json(json!({ "prompt": deep, "ids": deep, "taskId": deep })),
        Body::Json(json!({ "prompt": "x", "unknown": deep })),
        Body::Form(vec![("prompt".into(), "x".into())], vec![file]),
    ];
    for family in contracts::all() {
        for route in family.routes() {
            for body in &bodies {
                let mut request = Request::new(route.clone());
                request.body = body.clone();
                ask_everything(*family, &request).expect("gives an answer or a problem");
            }
        }
    }
}
