//! JSON Schemas as tables for people.

use maud::{Markup, html};
use serde_json::Value;

/// How deep a table goes into objects within objects.
const DEPTH_MAX: usize = 4;

/// How many accepted values a row lists; the rest is left to `openapi.json`.
const VALUES_SHOWN: usize = 12;

/// Text with words between backticks set as code.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Follows `#/…` references within the document; an unknown one reads as an empty schema.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    // A chain of references is one or two long; a circle ends here too.
    for _ in 0..8 {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return schema };
        schema = reference.strip_prefix('#').and_then(|p| document.pointer(p)).unwrap_or(&Value::Null);
    }
    &Value::Null
}

/// A field of a body.
struct Row {
    name: String,
    kind: String,
    required: bool,
    text: String,
}

/// Which way a body goes. Of one that comes in, a reader has to know what must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the caller.
    In,
    /// To the caller.
    Out,
}

/// A table of a schema's fields; `None` when it has none.
pub(super) fn table(document: &Value, schema: &Value, way: Way) -> Option<Markup> {
    let mut rows = Vec::new();
    collect(document, schema, "", 0, &mut rows);
    (!rows.is_empty()).then(|| {
        html! {
            div.scroll {
                table {
                    thead { tr { th { "Field" } th { "Type" } th { "Meaning" } } }
                    tbody {
                        @for row in &rows {
                            tr {
                                td { code { (row.name) } @if row.required && way == Way::In { span.need { "required" } } }
                                td.type title=(row.kind) { (row.kind) }
                                td.text { (prose(&row.text)) }
                            }
                        }
                    }
                }
            }
        }
    })
}

fn collect(document: &Value, schema: &Value, prefix: &str, depth: usize, rows: &mut Vec<Row>) {
    let schema = resolve(document, schema);
    if let Some(items) = schema.get("items") {
        collect(document, items, &format!("{prefix}[]"), depth, rows);
    }
    let Some(fields) = schema.get("properties").and_then(Value::as_object) else { return };
    let required: Vec<&str> = strings(schema.get("required")).collect();
    for (name, field) in ordered(fields, &required) {
        let field = resolve(document, field);
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let is_required = required.contains(&name);
        rows.push(Row { name: path.clone(), kind: kind(document, field), required: is_required, text: text(field) });
        if depth < DEPTH_MAX {
            collect(document, field, &path, depth + 1, rows);
        }
    }
}

/// What is required first, the rest by name: JSON objects carry no order of their own here.
fn ordered<'a>(fields: &'a serde_json::Map<String, Value>, required: &[&str]) -> Vec<(&'a str, &'a Value)> {
    let mut all: Vec<(&str, &Value)> = fields.iter().map(|(name, field)| (name.as_str(), field)).collect();
    all.sort_by_key(|(name, _)| required.iter().position(|r| r == name).unwrap_or(usize::MAX));
    all
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// `string`, `integer or null`, `array of string`, `one of several`, `constant` …
fn kind(document: &Value, schema: &Value) -> String {
    let words: Vec<&str> = match schema.get("type") {
        Some(Value::String(word)) => vec![word],
        Some(many @ Value::Array(_)) => strings(Some(many)).collect(),
        _ => return untyped(document, schema),
    };
    let word = |word: &&str| match (*word, schema.get("items")) {
        ("array", Some(items)) => array_of(&kind(document, resolve(document, items))),
        (word, _) => word.to_owned(),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" or ")
}

fn array_of(item: &str) -> String {
    if item.contains(" or ") { format!("array of ({item})") } else { format!("array of {item}") }
}

fn untyped(document: &Value, schema: &Value) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return type_names(values.iter());
    }
    if let Some(value) = schema.get("const") {
        return type_names(std::iter::once(value));
    }
    let choices = ["anyOf", "oneOf"].iter().find_map(|name| schema.get(*name)).and_then(Value::as_array);
    let mut words: Vec<String> =
        choices.into_iter().flatten().map(|choice| kind(document, resolve(document, choice))).collect();
    words.dedup();
    if words.is_empty() { "any".to_owned() } else { words.join(" or ") }
}

fn type_names<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut words: Vec<&str> = Vec::new();
    for value in values {
        let word = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" or ")
}

/// The description, then what limits the value.
fn text(schema: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(schema.get("description").and_then(Value::as_str).map(str::to_owned));
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        parts.push(format!("One of {}.", listed(values)));
    }
    if let Some(value) = schema.get("const") {
        parts.push(format!("Always {}.", shown(value)));
    }
    let limits = [
        ("maxLength", "at most", "characters"),
        ("minItems", "at least", "items"),
        ("maxItems", "at most", "items"),
        ("minimum", "from", ""),
        ("maximum", "to", ""),
    ];
    let limit = |(name, before, after): &(&str, &str, &str)| {
        let number = schema.get(*name)?.as_i64().filter(|n| *n > 0)?;
        Some(format!("{before} {number} {after}").trim_end().to_owned())
    };
    let limits: Vec<String> = limits.iter().filter_map(limit).collect();
    if !limits.is_empty() {
        parts.push(format!("({})", limits.join(", ")));
    }
    parts.join(" ")
}

fn listed(values: &[Value]) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in values.iter().filter(|value| !value.is_null()).map(shown) {
        // `true` and `"true"` read alike.
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.len() > VALUES_SHOWN {
        words.truncate(VALUES_SHOWN);
        words.push("…".to_owned());
    }
    words.join(", ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_fields_are_rows_with_their_paths() {
        let document = json!({ "components": { "schemas": { "button": {
            "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } },
        } } } });
        let schema = json!({ "type": "object", "required": ["b"], "properties": {
            "a": { "type": ["integer", "null"], "minimum": 1, "maximum": 4, "description": "Which." },
            "b": { "type": "array", "items": { "$ref": "#/components/schemas/button" } },
            "<c>": { "enum": ["x", "", null] },
        } });
        let mut rows = Vec::new();
        collect(&document, &schema, "", 0, &mut rows);
        let seen: Vec<(&str, &str, bool, &str)> =
            rows.iter().map(|r| (r.name.as_str(), r.kind.as_str(), r.required, r.text.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("b", "array of object", true, ""),
                ("b[].id", "string", true, ""),
                ("<c>", "string or null", false, "One of x, \"\"."),
                ("a", "integer or null", false, "Which. (from 1, to 4)"),
            ]
        );
        let written = table(&document, &schema, Way::In).expect("has rows").into_string();
        assert!(written.contains("&lt;c&gt;") && !written.contains("<c>"));
    }

    #[test]
    fn a_circle_of_references_ends() {
        let document = json!({ "a": { "$ref": "#/a" } });
        assert_eq!(resolve(&document, &document["a"]), &Value::Null);
    }
}
