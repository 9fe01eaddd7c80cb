//! `/docs`: the API reference, rendered from the same document as `openapi.json`, so that the two can't
//! differ from the routes.

use super::example::{Auth, curl};
use super::host;
use super::layout::{Current, auth, code_block, page as whole_page};
use super::schema::{self, Way};
use crate::routes;
use crate::state::Front;
use axum::extract::{Request, State};
use axum::response::Response;
use contracts::Call;
use maud::{Markup, html};
use serde_json::Value;

/// An id in the form that submissions answer, for the paths of examples.
const EXAMPLE_ID: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

/// A model, for the same.
const EXAMPLE_MODEL: &str = "sora-2";

/// One operation, with the other paths that do the same.
struct Operation<'a> {
    anchor: String,
    method: String,
    path: &'a str,
    aliases: Vec<&'a str>,
    body: &'a Value,
}

/// `GET /docs`.
pub(super) async fn page(State(front): State<Front>, request: Request) -> Response {
    if let Some(refusal) = host::refuse_foreign(&front, &request) {
        return refusal;
    }
    let document = contracts::openapi::openapi(&front.settings.public_base);
    let families = families(&document);
    let auth = auth(&front);
    let body = html! {
        main.wrap.docs {
            (contents(&families))
            div {
                h1 { "API reference" }
                p.intro { (schema::prose(document.pointer("/info/description").and_then(Value::as_str).unwrap_or_default())) }
                p.base {
                    "Base URL " code { (front.settings.public_base) } " · key in "
                    code { "Authorization: Bearer sk-…" } " · machine-readable: " a href="/openapi.json" { "openapi.json" }
                }
                @for (family, operations) in &families {
                    h2.family id={ "family-" (family) } { (title(family)) }
                    @for operation in operations { (article(&document, operation, &front.settings.public_base, &auth)) }
                }
            }
        }
    };
    whole_page(&front, Current::Docs, body)
}

/// The operations by family (the document's tags, in their order). Those that differ in nothing but the
/// path are one operation: its first path stands for the others.
fn families(document: &Value) -> Vec<(&str, Vec<Operation<'_>>)> {
    let tags = document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
    let mut families: Vec<(&str, Vec<Operation<'_>>)> = tags.map(|tag| (tag, Vec::new())).collect();
    let paths = document["paths"].as_object().into_iter().flatten();
    let order = registered();
    let place = |method: &str, path: &str| {
        order.iter().position(|(m, p)| m.eq_ignore_ascii_case(method) && p == path).unwrap_or(usize::MAX)
    };
    let mut all: Vec<(&str, &str, &Value)> = paths
        .flat_map(|(path, methods)| methods.as_object().into_iter().flatten().map(move |(m, body)| (path, m, body)))
        .map(|(path, method, body)| (path.as_str(), method.as_str(), body))
        .collect();
    all.sort_by_key(|(path, method, _)| place(method, path));
    for (path, method, body) in all {
        let family = families.iter_mut().find(|(tag, _)| body["tags"].get(0).and_then(Value::as_str) == Some(tag));
        let Some((_, operations)) = family else { continue };
        match operations.iter_mut().find(|o| o.method.eq_ignore_ascii_case(method) && is_same(o.body, body)) {
            Some(known) => known.aliases.push(path),
            None => operations.push(Operation {
                anchor: body["operationId"].as_str().unwrap_or(path).to_owned(),
                method: method.to_ascii_uppercase(),
                path,
                aliases: Vec::new(),
                body,
            }),
        }
    }
    families.retain(|(_, operations)| !operations.is_empty());
    families
}

/// Method and path of every route, in the order in which the families give them: the most used first.
/// The document itself keeps no order.
fn registered() -> Vec<(String, String)> {
    routes::all().map(|e| (e.route.method.to_string(), documented(&e.route.path))).collect()
}

/// A path as the document writes it: a parameter that may hold slashes is one like any other there.
fn documented(path: &str) -> String {
    path.replace("{*", "{")
}

fn is_same(one: &Value, other: &Value) -> bool {
    ["summary", "parameters", "requestBody", "responses", "security"]
        .iter()
        .all(|part| one.get(part) == other.get(part))
}

fn title(family: &str) -> String {
    let words = family.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn summary<'a>(operation: &Operation<'a>) -> &'a str {
    operation.body["summary"].as_str().unwrap_or_default()
}

fn contents(families: &[(&str, Vec<Operation<'_>>)]) -> Markup {
    html! {
        nav.toc aria-label="Operations" {
            @for (family, operations) in families {
                strong { (title(family)) }
                @for operation in operations {
                    a href={ "#" (operation.anchor) } title=(summary(operation)) {
                        i class=(operation.method.to_ascii_lowercase()) { (short(&operation.method)) }
                        span { (operation.path) }
                    }
                }
            }
        }
    }
}

fn short(method: &str) -> &str {
    if method == "DELETE" { "DEL" } else { method }
}

fn article(document: &Value, operation: &Operation<'_>, base: &str, auth: &Auth) -> Markup {
    let is_open = operation.body["security"].as_array().is_some_and(Vec::is_empty);
    let content = &operation.body["requestBody"]["content"]["application/json"];
    let url = format!("{base}{}", filled(operation.path));
    let line = curl(&operation.method, &url, if is_open { &Auth::None } else { auth }, &content["example"]);
    html! {
        article.op.card id=(operation.anchor) {
            header {
                span class={ "verb " (operation.method.to_ascii_lowercase()) } { (operation.method) }
                code { (operation.path) }
                @if is_open { span.open { "needs no key" } }
            }
            p { (summary(operation)) }
            (aliases(&operation.aliases))
            (code_block("Example", &line))
            (parameters(document, &operation.body["parameters"]))
            @if let Some(table) = schema::table(document, &content["schema"], Way::In) { h3 { "Body" } (table) }
            (answers(document, &operation.body["responses"]))
        }
    }
}

/// A path with an example in each parameter's place.
fn filled(path: &str) -> String {
    let is_of_models = routes::all().any(|e| e.route.call == Call::Models && documented(&e.route.path) == path);
    let example = if is_of_models { EXAMPLE_MODEL } else { EXAMPLE_ID };
    let part = |part: &str| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        Some(_) => example.to_owned(),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn aliases(paths: &[&str]) -> Markup {
    html! {
        @if !paths.is_empty() {
            details {
                summary { "Also under " (paths.len()) @if paths.len() == 1 { " other path" } @else { " other paths" } }
                ul.paths { @for path in paths { li { code { (path) } } } }
            }
        }
    }
}

fn parameters(document: &Value, parameters: &Value) -> Markup {
    // A table of parameters reads like one of fields: their schemas, by name.
    let mut fields = serde_json::Map::new();
    let mut required = Vec::new();
    for parameter in parameters.as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let place = parameter["in"].as_str().unwrap_or_default();
        let mut field = schema::resolve(document, &parameter["schema"]).clone();
        let words = parameter["description"].as_str().unwrap_or_default();
        field["description"] = Value::from(format!("In the {place}. {words}").trim_end());
        fields.insert(name.to_owned(), field);
        if parameter["required"] == true {
            required.push(Value::from(name));
        }
    }
    let schema = serde_json::json!({ "properties": fields, "required": required });
    html! { @if let Some(table) = schema::table(document, &schema, Way::In) { h3 { "Parameters" } (table) } }
}

fn answers(document: &Value, responses: &Value) -> Markup {
    let all: Vec<(&String, &Value)> = responses.as_object().into_iter().flatten().collect();
    let (good, bad): (Vec<_>, Vec<_>) = all.into_iter().partition(|(status, _)| status.starts_with('2'));
    html! {
        @for (status, response) in &good {
            h3 { "Answer " (status) }
            (answer(document, response))
        }
        @if !bad.is_empty() {
            details {
                summary { "Errors (" (bad.len()) ")" }
                div.scroll {
                    table {
                        tbody {
                            @for (status, response) in &bad {
                                tr {
                                    td { code { (status) } }
                                    td.text { (response["description"].as_str().unwrap_or_default()) }
                                }
                            }
                        }
                    }
                }
                @let error = &bad[0].1["content"]["application/json"]["schema"];
                @if let Some(table) = schema::table(document, error, Way::Out) { h3 { "Error body" } (table) }
            }
        }
    }
}

fn answer(document: &Value, response: &Value) -> Markup {
    let content = response["content"].as_object().and_then(|content| content.iter().next());
    let Some((kind, content)) = content else {
        return html! { p { (response["description"].as_str().unwrap_or_default()) } };
    };
    html! {
        @if let Some(table) = schema::table(document, &content["schema"], Way::Out) {
            (table)
        } @else if kind == "*/*" {
            p { "The file's bytes, with their true content type." }
        } @else {
            p { code { (kind) } " " (schema::resolve(document, &content["schema"])["description"].as_str().unwrap_or_default()) }
        }
        @if let Some(example) = content.get("example") {
            (code_block("Example answer", &serde_json::to_string_pretty(example).unwrap_or_default()))
        }
    }
}
