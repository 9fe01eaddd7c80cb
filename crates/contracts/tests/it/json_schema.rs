//! As much of JSON Schema as the families' schemas use, so that a shown object can be held against its own.

use serde_json::Value;

/// Every way in which `value` is not what `schema` says; patterns are not looked at.
pub fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "$", &mut found);
    found
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(kind) = schema.get("type")
        && !is_of(kind, value)
    {
        found.push(format!("{at}: {value} is not of type {kind}"));
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array)
        && !words.contains(value)
    {
        found.push(format!("{at}: {value} is none of {words:?}"));
    }
    if let Some(only) = schema.get("const")
        && only != value
    {
        found.push(format!("{at}: {value} is not {only}"));
    }
    if let Some(schemas) = schema.get("anyOf").and_then(Value::as_array)
        && !schemas.iter().any(|schema| violations(schema, value).is_empty())
    {
        found.push(format!("{at}: no alternative fits"));
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().expect("required holds names");
        if value.as_object().is_some_and(|object| !object.contains_key(name)) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(value) = value.get(name) {
            check(schema, value, &format!("{at}.{name}"), found);
        }
    }
    if let (Some(schema), Some(items)) = (schema.get("items"), value.as_array()) {
        for (place, item) in items.iter().enumerate() {
            check(schema, item, &format!("{at}[{place}]"), found);
        }
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
        Value::String(kind) => match kind.as_str() {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("no such type: {other}"),
        },
        other => panic!("no such type: {other}"),
    }
}

#[test]
fn it_finds_what_is_wrong() {
    let schema = serde_json::json!({ "type": "object", "required": ["a"],
        "properties": { "b": { "type": ["integer", "null"] }, "c": { "items": { "enum": ["x"] } } } });
    assert!(violations(&schema, &serde_json::json!({ "a": 1, "b": null, "c": ["x"] })).is_empty());
    assert_eq!(violations(&schema, &serde_json::json!({ "b": 1.5, "c": ["x", "y"] })).len(), 3);
    assert_eq!(violations(&schema, &serde_json::json!([])).len(), 1);
}
