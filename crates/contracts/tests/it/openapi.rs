//! The API document holds every route, and every reference in it leads somewhere.

use contracts::openapi::openapi;
use serde_json::Value;
use std::collections::BTreeSet;

fn document() -> Value {
    openapi("https://backlot.test")
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_route_is_there_with_its_errors() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "https://backlot.test");
    for family in contracts::all() {
        for route in family.routes() {
            let operation =
                &document["paths"][route.path.replace("{*", "{")][route.method.as_str().to_ascii_lowercase()];
            assert_eq!(operation["summary"], route.summary, "{}", route.path);
            let statuses: Vec<&String> = operation["responses"].as_object().expect("has responses").keys().collect();
            assert!(
                statuses.len() > 4 && statuses.iter().any(|status| *status == "200"),
                "{}: {statuses:?}",
                route.path
            );
            assert_eq!(operation["security"].is_array(), route.open, "{}", route.path);
            assert_eq!(operation["requestBody"].is_object(), !route.schema.is_null(), "{}", route.path);
            let in_path = operation["parameters"].as_array().expect("is an array").iter().filter(|p| p["in"] == "path");
            assert_eq!(in_path.count(), route.path.matches('{').count(), "{}", route.path);
        }
    }
}

#[test]
fn references_resolve_and_operations_are_told_apart() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("stays within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let operations = document["paths"].as_object().expect("is an object").values().flat_map(|path| {
        path.as_object().expect("is an object").values().map(|operation| operation["operationId"].to_string())
    });
    let all: Vec<String> = operations.collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}
