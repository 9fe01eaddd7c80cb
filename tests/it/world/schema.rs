//! The page of the API and the service say the same: schemathesis makes requests that fit the document and
//! requests that do not, and holds each answer against it.

mod bounds;

use super::process::{Backlot, log_of};
use super::sdk::installed;
use contracts::{Body, Call, Input, Order, Route};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use tokio::process::Command;

/// The most generated requests of one operation; what the schema's own bounds ask for comes beside them.
const EXAMPLES_MAX: &str = "8";
const SEED: &str = "1";

/// Why a film's order that fits the document may be refused.
const FILES: &str = "how many pictures and films a model takes depends on the channels that make it";

/// Where data that fits the document may be refused, because a schema can't say when, and why. All but the last two
/// are tried once more with a document that says it ([`bounds`]).
const REFUSING: &[(&str, &str)] = &[
    ("GET /v1/video/query", "id and task_id may both be given if they name one task"),
    ("GET /volc/v1/contents/generations/tasks", "page_num times page_size is bounded, not each alone"),
    ("POST /volc/v1/contents/generations/tasks", "what Seedance 2.0 takes at the door depends on the model's name"),
    ("POST /v1/videos", FILES),
    ("POST /v1/video/create", FILES),
    ("POST /v1/video/generations", FILES),
    ("POST /kling/v1/videos/multi-image2video", FILES),
    ("POST /kling/v1/videos/omni-video", FILES),
    ("POST /mj/submit/upload-discord-images", "the pictures are decoded and looked at before the answer"),
    (
        "POST /suno/submit/{action}",
        "the word is one of three in any letter case, and each has the body of its own path",
    ),
    ("GET /v1/videos/{id}/content", "400 is the decision for a film that failed or is not ready, as SDKs repeat a 409"),
    ("POST /v1/videos/{id}/remix", "400 is the decision for a film that is not ready, as for its content"),
];
/// How many of [`REFUSING`] depend on what became of a task, which no document can say.
const UNSAYABLE: usize = 2;

/// The checks of an operation as the tool's own configuration has them.
fn configuration() -> String {
    let mut text = String::new();
    for (operation, reason) in REFUSING {
        let entry = format!(
            "# {reason}\n[[operations]]\ninclude-name = {operation:?}\nchecks.positive_data_acceptance.enabled = false\n\n"
        );
        text.write_str(&entry).expect("a text takes text");
    }
    text
}

/// What is read of a body on this route.
fn read(family: &dyn contracts::Family, route: &Route, body: Value) -> Option<Order> {
    let body = Body::Json(body);
    let input = Input { route, path: &[], query: &[], headers: &HeaderMap::new(), body: &body };
    family.read(&input).ok()
}

/// The document with the models' names in it: they are data, so the document leaves them open, and here they are
/// those of the catalogue for what the route makes.
fn with_models(mut document: Value) -> Value {
    for family in contracts::all() {
        for route in family.routes().into_iter().filter(|route| route.call == Call::Submit) {
            let Some(order) = read(*family, &route, route.example.clone()) else { continue };
            let fitting = family.models().into_iter().filter(|(_, kind)| *kind == order.spec.kind);
            let names: BTreeSet<&str> = fitting.map(|(name, _)| name).collect();
            let mut unnamed = route.example.clone();
            if let Some(fields) = unnamed.as_object_mut() {
                fields.retain(|name, _| name != "model" && name != "model_name");
            }
            let has_usual = read(*family, &route, unnamed).is_some();
            let name = format!("{}.{}.request", family.name(), route.name);
            name_models(&mut document["components"]["schemas"][name], &names, has_usual);
        }
    }
    document
}

/// Lets the field that names the model hold these names alone. Its alias stands aside: what it holds counts only
/// where the other is missing.
fn name_models(schema: &mut Value, names: &BTreeSet<&str>, has_usual: bool) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let field = if properties.contains_key("model_name") { "model_name" } else { "model" };
    let Some(model) = properties.get_mut(field).and_then(Value::as_object_mut) else { return };
    let mut known: Vec<Value> = match model.get("enum").and_then(Value::as_array) {
        Some(words) => {
            words.iter().filter(|word| word.as_str().is_some_and(|word| !word.is_empty())).cloned().collect()
        }
        None => names.iter().map(|name| json!(name)).collect(),
    };
    if has_usual {
        known.extend([json!(""), Value::Null]);
    }
    *model = Map::from_iter([("enum".to_owned(), Value::from(known))]);
    if field == "model_name" {
        properties.remove("model");
    }
    let required = schema.get_mut("required").and_then(Value::as_array_mut);
    if let Some(required) = required.filter(|required| !has_usual && !required.contains(&json!(field))) {
        required.push(json!(field));
    }
}

/// Runs the tool on a document in a folder that may hold its configuration; what it says when it is not content.
async fn run(backlot: &Backlot, folder: &Path, document: &Value, more: &[&str]) {
    let sdk = installed().expect("was asked before");
    std::fs::create_dir_all(folder).expect("a folder can be made");
    let path = folder.join("openapi.json");
    std::fs::write(&path, document.to_string()).expect("a file can be written");
    let mut command = Command::new(sdk.join("schemathesis/bin/st"));
    command.arg("run").arg(path).args(["--url", &backlot.base]).current_dir(folder);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES_MAX]);
    command.args(["--seed", SEED, "--generation-database", "none", "--continue-on-failure", "--no-color"]);
    // How long a value takes to make is the tool's matter.
    command.args(["--suppress-health-check", "all"]);
    // The same routes with the same schemas, under the prefixes of the speed modes.
    command.args(["--exclude-path-regex", "^/mj-(fast|turbo|relax)/"]).args(more);
    command.args(["--header", &format!("Authorization: Bearer {}", backlot.token)]).kill_on_drop(true);
    let output = command.output().await.expect("the tool runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}\n{}", log_of(&backlot.data));
    assert!(said.contains("Test cases"), "it made requests: {said}\n{complained}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_keeps_to_its_document() {
    if installed().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let backlot = Backlot::start(&folder.path().join("data")).await;
    let (status, document) = backlot.get("/openapi.json").await;
    assert_eq!(status, 200, "{document}");
    std::fs::write(folder.path().join("schemathesis.toml"), configuration()).expect("a file can be written");
    let document = with_models(document);
    run(&backlot, folder.path(), &document, &[]).await;
    let mut more = vec!["--mode", "positive", "--checks", "positive_data_acceptance"];
    for (operation, _) in &REFUSING[..REFUSING.len() - UNSAYABLE] {
        more.extend(["--include-name", *operation]);
    }
    // A folder of its own: the configuration above is not for this run.
    run(
        &backlot,
        &tempfile::tempdir().expect("a folder can be made").path().join("bounded"),
        &bounds::bounded(document),
        &more,
    )
    .await;
}
