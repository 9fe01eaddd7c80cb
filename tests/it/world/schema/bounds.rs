//! What fits the document and is refused all the same, because it depends on a model, on the channels that make it, or
//! on two fields at once, which a schema can't say: for the run of the tool such fields are bounded here, one by one,
//! and everything else of their operations is held to the document.

use serde_json::{Map, Value, json};

/// The fields that hold a film's first picture; a channel may take no more than one in all, so each route is tried
/// with another of them. Schema, the field that stays, and its bound.
const FIRST_PICTURES: &[(&str, &str, Option<usize>)] = &[
    ("openai_video.create.request", "input_reference", None),
    ("unified_video.create.request", "images", Some(1)),
    ("unified_video.generations.request", "image_url", None),
];
/// All of them.
const PICTURES: &[&str] = &["image_url", "images", "input_reference"];

/// Lists of files that the channel of every model takes: schema, list, the most items (`upstream/kling.md`, 2.3 and 2.4).
const LISTS: &[(&str, &str, usize)] = &[
    ("kling.multi-image2video.request", "image_list", 4),
    ("kling.omni-video.request", "image_list", 4),
    ("kling.omni-video.request", "video_list", 1),
];

/// Pages that reach no further back than is allowed, however long they are (`seedance::query`).
const PAGES_MAX: usize = 20;

/// How models are named whose orders are checked at the door by rules that span several fields; `contracts` has the
/// tests of these.
const CHECKED: &str = "doubao-seedance-2-0";

/// The document with these bounds.
pub(super) fn bounded(mut document: Value) -> Value {
    let schemas = &mut document["components"]["schemas"];
    for (schema, kept, most) in FIRST_PICTURES {
        let properties = properties(schemas, schema);
        properties.retain(|name, _| name == kept || !PICTURES.contains(&name.as_str()));
        if let Some(most) = most {
            properties[*kept]["maxItems"] = json!(most);
        }
    }
    for (schema, list, most) in LISTS {
        let list = &mut properties(schemas, schema)[*list];
        let array = if list["anyOf"].is_array() { &mut list["anyOf"][0] } else { list };
        assert_eq!(array["type"], "array", "{schema} has no list there any more: {array}");
        array["maxItems"] = json!(most);
    }
    let models = properties(schemas, "seedance.submit.request")["model"]["enum"].as_array_mut();
    models.expect("the models are named").retain(|name| !name.as_str().is_some_and(|name| name.starts_with(CHECKED)));
    // They are decoded and looked at before the answer.
    let uploads = "midjourney.upload-discord-images.request";
    let picture = document["paths"]["/mj/submit/upload-discord-images"]["post"]["requestBody"]["content"]
        ["application/json"]["example"]["base64Array"][0]
        .clone();
    assert!(picture.is_string(), "the example shows a picture");
    properties(&mut document["components"]["schemas"], uploads)["base64Array"]["items"] = json!({ "enum": [picture] });
    bound_operations(&mut document["paths"]);
    document
}

fn bound_operations(paths: &mut Value) {
    // Both ids may be given if they name one task.
    let query = parameters(&mut paths["/v1/video/query"]["get"]);
    query.retain(|parameter| parameter["name"] != "task_id");
    parameter(query, "id")["required"] = json!(true);
    let list = parameters(&mut paths["/volc/v1/contents/generations/tasks"]["get"]);
    parameter(list, "page_num")["schema"]["maximum"] = json!(PAGES_MAX);
    // The word may be of any letter case; each word has the body of its own path.
    let songs = paths["/suno/submit/music"]["post"]["requestBody"].clone();
    let any_case = &mut paths["/suno/submit/{action}"]["post"];
    any_case["requestBody"] = songs;
    parameter(parameters(any_case), "action")["schema"] = json!({ "enum": ["Music", "MUSIC"] });
}

fn properties<'a>(schemas: &'a mut Value, schema: &str) -> &'a mut Map<String, Value> {
    schemas[schema]["properties"].as_object_mut().unwrap_or_else(|| panic!("the document has no {schema}"))
}

fn parameters(operation: &mut Value) -> &mut Vec<Value> {
    operation["parameters"].as_array_mut().expect("the operation has parameters")
}

fn parameter<'a>(all: &'a mut [Value], name: &str) -> &'a mut Value {
    all.iter_mut().find(|parameter| parameter["name"] == name).unwrap_or_else(|| panic!("no parameter {name}"))
}
