//! The OpenAPI 3.1 document: the registry, written out. A pure function of the code, so that the page
//! can't say anything else than the routes do.

use crate::family::{Call, Family, Route, RouteDoc};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The document for a service at `server_url` (scheme, host and port, without a trailing slash).
pub fn openapi(server_url: &str) -> Value {
    let mut document = Document::default();
    for family in crate::all() {
        document.add_family(*family);
    }
    let Document { paths, schemas, tags, .. } = document;
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Backlot",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Media generation as tasks: submit once, get an id at once, then poll or be called back. \
                Every submission and every fetch takes the header `Prefer: wait=N` (N up to 60 seconds), which holds \
                the answer until the task ends or the time is over.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": server_url }],
        "security": [{ "bearer": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "description": "An API key, `sk-…`." } },
        },
    })
}

#[derive(Default)]
struct Document {
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
    tags: Vec<Value>,
    operation_ids: BTreeSet<String>,
}

impl Document {
    fn add_family(&mut self, family: &dyn Family) {
        self.tags.push(json!({ "name": family.name() }));
        for route in family.routes() {
            let operation = self.operation(family, &route);
            let path = self.paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
            path[route.method.as_str().to_ascii_lowercase()] = operation;
        }
    }

    fn operation(&mut self, family: &dyn Family, route: &Route) -> Value {
        let doc = family.doc(route);
        let schema_name = format!("{}.{}", family.name(), route.name);
        let mut operation = json!({
            "operationId": self.operation_id(family, route),
            "tags": [family.name()],
            "summary": route.summary,
            "parameters": parameters(route, &doc),
            "responses": self.responses(family, route, &doc, &schema_name),
        });
        if !route.schema.is_null() {
            let schema = self.schema(format!("{schema_name}.request"), route.schema.clone());
            let content = json!({ "application/json": { "schema": schema, "example": route.example } });
            let required = route.schema.get("x-body-optional") != Some(&Value::Bool(true));
            operation["requestBody"] = json!({ "required": required, "content": content });
        }
        if route.open {
            operation["security"] = json!([]);
        }
        operation
    }

    /// The family's and the route's name; routes that share a name (prefixes) are told apart by the path.
    fn operation_id(&mut self, family: &dyn Family, route: &Route) -> String {
        let short = format!("{}.{}", family.name(), route.name);
        if self.operation_ids.insert(short.clone()) {
            return short;
        }
        let long =
            format!("{}{}", route.method.as_str().to_ascii_lowercase(), route.path.replace(['/', '{', '*', '}'], "."));
        self.operation_ids.insert(long.clone());
        long
    }

    fn responses(&mut self, family: &dyn Family, route: &Route, doc: &RouteDoc, schema_name: &str) -> Value {
        let mut responses = Map::new();
        let answer = match route.call {
            Call::Content => binary(),
            Call::Events => json!({ "text/event-stream": { "schema": event() } }),
            _ => {
                let schema = self.schema(format!("{schema_name}.answer"), doc.answer.clone());
                let mut content = json!({ "application/json": { "schema": schema } });
                if !doc.answer_example.is_null() {
                    content["application/json"]["example"] = doc.answer_example.clone();
                }
                content
            }
        };
        if route.call == Call::Content {
            responses
                .insert("206".into(), json!({ "description": "A part, for a Range request.", "content": binary() }));
            responses.insert("304".into(), json!({ "description": "Not changed, for If-None-Match." }));
            responses.insert("416".into(), json!({ "description": "The range lies outside of the file." }));
        }
        responses.insert("200".into(), json!({ "description": "Success.", "content": answer }));
        let error = self.schema(format!("{}.error", family.name()), doc.error.clone());
        for (status, description) in errors_of(route) {
            let mut response = json!({ "description": description,
                "content": { "application/json": { "schema": error.clone() } } });
            if matches!(*status, 429 | 503) {
                response["headers"] = json!({ "Retry-After": { "schema": { "type": "integer", "minimum": 1, "maximum": 60 },
                    "description": "Whole seconds." } });
            }
            responses.insert(status.to_string(), response);
        }
        Value::Object(responses)
    }

    /// Keeps a schema once, under its name, and gives the reference to it.
    fn schema(&mut self, name: String, schema: Value) -> Value {
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.schemas.entry(name).or_insert(schema);
        reference
    }
}

fn binary() -> Value {
    json!({ "*/*": { "schema": { "type": "string", "contentEncoding": "binary" } } })
}

/// One event of a stream.
fn event() -> Value {
    json!({
        "type": "object",
        "description": "An event of the type `task`, with the task object as JSON text in `data`.",
        "properties": { "event": { "const": "task" }, "id": { "type": "string" }, "data": { "type": "string" } },
    })
}

fn parameters(route: &Route, doc: &RouteDoc) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}').map(|name| name.trim_start_matches('*'))).map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }),
    );
    let in_query = doc.query.iter().map(|parameter| {
        json!({ "name": parameter.name, "in": "query", "description": parameter.summary, "schema": parameter.schema })
    });
    let once = (route.call == Call::Submit).then(|| {
        json!({ "name": "Idempotency-Key", "in": "header",
            "description": "The same key and body answer the first answer again; another body is refused with 409.",
            "schema": { "type": "string", "maxLength": 255, "pattern": "^[\\t -~]*$" } })
    });
    in_path.chain(in_query).chain(once).collect()
}

/// Statuses beside success, with a sentence each (`contract/DECISIONS.md`, error table).
fn errors_of(route: &Route) -> &'static [(u16, &'static str)] {
    const OPEN: &[(u16, &str)] = &[
        (404, "No such file, or not yet."),
        (405, "Not with this method."),
        (429, "Too many requests."),
        (500, "A mistake of ours; the log has the reason."),
        (503, "Something of ours is away for the moment."),
    ];
    const READ: &[(u16, &str)] = &[
        (400, "The request can't be understood; error.param names the field."),
        (401, "The key is missing, unknown or expired."),
        (403, "The key may not be used from here."),
        (404, "No such task, or none of this key's."),
        (405, "Not with this method."),
        (409, "The task has ended, or can't be stopped any more."),
        (413, "The body is too large."),
        (415, "The body is of another type than this route takes."),
        (429, "Too many requests."),
        (500, "A mistake of ours; the log has the reason."),
        (502, "The upstream could not be asked."),
        (503, "Something of ours is away for the moment."),
    ];
    const SUBMIT: &[(u16, &str)] = &[
        (400, "The request can't be understood; error.param names the field."),
        (401, "The key is missing, unknown or expired."),
        (403, "The key may not use the model, or has no quota left."),
        (404, "No such task to follow up, or none of this key's."),
        (405, "Not with this method."),
        (409, "The idempotency key was used with another body."),
        (413, "The body or one of its inputs is too large."),
        (415, "The body is of another type than this route takes."),
        (429, "Too many requests."),
        (500, "A mistake of ours; the log has the reason."),
        (503, "No enabled channel serves the model, or something of ours is away for the moment."),
    ];
    match route.call {
        _ if route.open => OPEN,
        Call::Submit => SUBMIT,
        _ => READ,
    }
}
