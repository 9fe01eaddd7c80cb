//! Requests of `contract/midjourney.md`, as they stand but for task ids, and what becomes of them.

use crate::fixture::{Request, id, read};
use contracts::family::Body;
use contracts::midjourney::{LIST_MAX_IDS, Midjourney, PROMPT_MAX_CHARS, STATE_MAX_CHARS, UPLOADS_MAX};
use contracts::{Family, Order, Problem};
use serde_json::{Value, json};
use task::{InputData, Kind, Speed};

const SHORT: &str = "data:image/png;base64,iVBORw0KGgo...";

fn submit(name: &str, body: Value) -> Result<Order, Problem> {
    read(&Midjourney, &format!("/mj/submit/{name}"), body)
}

fn order(name: &str, body: Value) -> Order {
    submit(name, body).expect("is a documented request")
}

fn refusal(name: &str, body: Value) -> (u16, String, String) {
    let problem = submit(name, body).expect_err("was to be refused");
    (problem.status, problem.param.unwrap_or_default(), problem.message)
}

fn bag(order: &Order) -> Value {
    order.spec.extras.get("midjourney_proxy").cloned().map_or(Value::Null, Value::Object)
}

#[test]
fn imagine_as_the_curl_example_sends_it() {
    let order = order(
        "imagine",
        json!({
            "botType": "MID_JOURNEY",
            "prompt": "a beautiful sunset over the ocean, cinematic lighting --ar 16:9 --v 6",
            "notifyHook": "",
            "state": "",
        }),
    );
    insta::assert_json_snapshot!(order.spec, @r#"
    {
      "kind": "image",
      "prompt": "a beautiful sunset over the ocean, cinematic lighting --ar 16:9 --v 6",
      "extras": {
        "midjourney_proxy": {
          "botType": "MID_JOURNEY"
        }
      }
    }
    "#);
    assert_eq!((order.action.as_str(), order.model.as_str()), ("IMAGINE", "mj_imagine"));
    assert_eq!((order.callback_url, order.external_id, order.only_child), (None, None, false));
}

#[test]
fn imagine_as_the_other_examples_send_it() {
    let python = order(
        "imagine",
        json!({
            "botType": "MID_JOURNEY",
            "prompt": "a beautiful sunset over the ocean, cinematic lighting --ar 16:9 --v 6",
        }),
    );
    assert_eq!(python.spec.kind, Kind::Image);

    let references = order(
        "imagine",
        json!({
            "botType": "MID_JOURNEY",
            "prompt": "a cat in the style of the reference image --v 6",
            "base64Array": ["data:image/png;base64,iVBORw0KGgoAAAANSUhEUg..."],
        }),
    );
    let [input] = references.spec.inputs.as_slice() else { panic!("one input") };
    assert_eq!(input.role, "reference");
    assert_eq!(input.data, InputData::Inline("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg...".into()));

    let niji = order(
        "imagine",
        json!({
            "botType": "NIJI_JOURNEY",
            "prompt": "a cute anime girl with blue hair, cherry blossoms --niji 6",
        }),
    );
    assert_eq!(bag(&niji), json!({ "botType": "NIJI_JOURNEY" }));

    let seed =
        order("imagine", json!({ "prompt": "a beautiful sunset over the ocean --ar 16:9 --v 6 --seed 1234567890" }));
    assert_eq!(bag(&seed), Value::Null);

    // `contract/callback.md`.
    let hook = order(
        "imagine",
        json!({ "prompt": "a beautiful sunset", "notifyHook": "https://your-server.com/api/callback" }),
    );
    assert_eq!(hook.callback_url.as_deref(), Some("https://your-server.com/api/callback"));
}

#[test]
fn action_presses_the_button_verbatim() {
    let parent = id(1);
    let order = order("action", json!({ "taskId": parent, "customId": "MJ::JOB::upsample::1::abc123" }));
    assert_eq!(order.spec.kind, Kind::FollowUp);
    assert_eq!(order.spec.parent, Some(parent));
    assert_eq!(order.spec.button.as_deref(), Some("MJ::JOB::upsample::1::abc123"));
    assert_eq!((order.action.as_str(), order.model.as_str()), ("UPSCALE", "mj_upscale"));
    assert!(!order.only_child);
}

#[test]
fn blend_and_describe_keep_their_pictures_undecoded() {
    let order_ = order("blend", json!({ "base64Array": [SHORT, SHORT], "dimensions": "SQUARE" }));
    insta::assert_json_snapshot!(order_.spec, @r#"
    {
      "kind": "blend",
      "inputs": [
        {
          "role": "blend",
          "data": {
            "inline": "data:image/png;base64,iVBORw0KGgo..."
          }
        },
        {
          "role": "blend",
          "data": {
            "inline": "data:image/png;base64,iVBORw0KGgo..."
          }
        }
      ],
      "extras": {
        "midjourney_proxy": {
          "dimensions": "SQUARE"
        }
      }
    }
    "#);
    assert_eq!((order_.action.as_str(), order_.model.as_str()), ("BLEND", "mj_blend"));

    let describe = order("describe", json!({ "base64": SHORT }));
    assert_eq!((describe.spec.kind, describe.spec.inputs[0].role.as_str()), (Kind::Describe, "describe"));
    assert_eq!((describe.action.as_str(), describe.model.as_str()), ("DESCRIBE", "mj_describe"));
    let link = order("describe", json!({ "link": "https://example.com/a.png" }));
    assert_eq!(link.spec.inputs[0].data, InputData::Url("https://example.com/a.png".into()));
}

#[test]
fn modal_is_an_only_child_with_a_mask() {
    let order = order("modal", json!({ "taskId": id(1), "prompt": "add a rainbow in the sky", "maskBase64": SHORT }));
    assert_eq!((order.spec.kind, order.only_child), (Kind::Modal, true));
    assert_eq!((order.action.as_str(), order.model.as_str()), ("MODAL", "mj_modal"));
    assert_eq!(order.spec.prompt, "add a rainbow in the sky");
    assert_eq!(order.spec.inputs[0].role, "mask");
}

#[test]
fn shorten_takes_a_prompt() {
    let order = order("shorten", json!({ "prompt": "very long", "botType": "MID_JOURNEY" }));
    assert_eq!((order.spec.kind, order.model.as_str()), (Kind::Shorten, "mj_shorten"));
}

#[test]
fn change_and_simple_change_say_the_same() {
    let parent = id(1);
    for (change, simple, action, index) in [
        (json!({ "action": "UPSCALE", "index": 2 }), "U2", "UPSCALE", json!({ "index": 2 })),
        (json!({ "action": "variation", "index": "3" }), "v3", "VARIATION", json!({ "index": 3 })),
        (json!({ "action": "REROLL", "index": null }), "R", "REROLL", Value::Null),
        (json!({ "action": "REROLL", "index": 1 }), "r", "REROLL", Value::Null),
    ] {
        let mut body = change;
        body["taskId"] = json!(parent);
        let change = order("change", body);
        let simple = order("simple-change", json!({ "content": format!("{parent} {simple}") }));
        assert_eq!(change.action, action);
        assert_eq!(bag(&change), index);
        assert_eq!((change.spec.kind, change.spec.parent, &change.spec.button), (Kind::FollowUp, Some(parent), &None));
        assert_eq!(change, simple);
    }
}

#[test]
fn a_prefix_sets_the_speed() {
    for (prefix, speed) in [
        ("/mj", None),
        ("/mj-fast", Some(Speed::Fast)),
        ("/mj-fast/mj", Some(Speed::Fast)),
        ("/mj-turbo", Some(Speed::Turbo)),
        ("/mj-turbo/mj", Some(Speed::Turbo)),
        ("/mj-relax", Some(Speed::Relax)),
        ("/mj-relax/mj", Some(Speed::Relax)),
    ] {
        let order = read(&Midjourney, &format!("{prefix}/submit/imagine"), json!({ "prompt": "x" }));
        assert_eq!(order.expect("is a request").spec.speed, speed, "{prefix}");
    }
}

#[test]
fn unknown_fields_stay_raw_and_common_ones_do_not_leak() {
    let order = order(
        "imagine",
        json!({
            "prompt": "x",
            "botType": null,
            "accountFilter": { "modes": ["RELAX"], "remix": true },
            "somethingNew": { "deep": [1, null] },
            "callback_url": "https://example.com/b",
            "notifyHook": "https://example.com/a",
            "state": "{\"mine\":1}",
            "taskId": "task_1",
        }),
    );
    let expected = json!({
        "accountFilter": { "modes": ["RELAX"], "remix": true },
        "somethingNew": { "deep": [1, null] },
    });
    assert_eq!(bag(&order), expected);
    assert_eq!(order.callback_url.as_deref(), Some("https://example.com/a"));
    assert_eq!(order.external_id.as_deref(), Some("{\"mine\":1}"));
}

#[test]
fn flags_may_be_words() {
    let order = order(
        "action",
        json!({ "taskId": id(1), "customId": "MJ::JOB::variation::1::h", "enableRemix": "true", "strong": false }),
    );
    assert_eq!(bag(&order), json!({ "enableRemix": true, "strong": false }));
}

#[test]
fn a_refusal_names_the_field_and_what_would_be_accepted() {
    let parent = id(1);
    let long = |count: usize| "x".repeat(count);
    for (name, body, status, param, part) in [
        ("imagine", json!({}), 400, "prompt", "is required"),
        ("imagine", json!({ "prompt": "" }), 400, "prompt", "is required"),
        ("imagine", json!({ "prompt": "  " }), 400, "prompt", "is required"),
        ("imagine", json!({ "prompt": 5 }), 400, "prompt", "has to be a string"),
        ("imagine", json!({ "prompt": long(PROMPT_MAX_CHARS + 1) }), 400, "prompt", "at most 8192 characters"),
        ("imagine", json!({ "prompt": "x", "botType": "OTHER" }), 400, "botType", "MID_JOURNEY, NIJI_JOURNEY"),
        ("imagine", json!({ "prompt": "x", "base64Array": "y" }), 400, "base64Array", "an array"),
        ("imagine", json!({ "prompt": "x", "base64Array": [5] }), 400, "base64Array[0]", "a string"),
        ("imagine", json!({ "prompt": "x", "base64Array": vec![SHORT; 11] }), 400, "base64Array", "0 to 10"),
        ("imagine", json!({ "prompt": "x", "state": {} }), 400, "state", "a string"),
        ("imagine", json!({ "prompt": "x", "state": long(STATE_MAX_CHARS + 1) }), 400, "state", "at most"),
        ("imagine", json!({ "prompt": "x", "notifyHook": "ftp://a.b/" }), 400, "notifyHook", "http"),
        ("imagine", json!({ "prompt": "x", "callback_url": "nonsense" }), 400, "callback_url", "absolute"),
        ("imagine", json!({ "prompt": "x", "accountFilter": [] }), 400, "accountFilter", "an object"),
        ("blend", json!({ "base64Array": [SHORT] }), 400, "base64Array", "2 to 5"),
        ("blend", json!({ "base64Array": vec![SHORT; 6] }), 400, "base64Array", "2 to 5"),
        ("blend", json!({ "base64Array": [SHORT, SHORT], "dimensions": "ROUND" }), 400, "dimensions", "SQUARE"),
        ("blend", json!({ "base64Array": [SHORT, SHORT, ""] }), 400, "base64Array", "empty items"),
        ("describe", json!({}), 400, "base64", "is required"),
        ("action", json!({ "customId": "x" }), 400, "taskId", "is required"),
        ("action", json!({ "taskId": parent }), 400, "customId", "is required"),
        ("action", json!({ "taskId": parent, "customId": "x", "strong": 1 }), 400, "strong", "true or false"),
        ("change", json!({ "taskId": parent }), 400, "action", "UPSCALE, VARIATION, REROLL"),
        ("change", json!({ "taskId": parent, "action": "UPSCALE" }), 400, "index", "1 to 4"),
        ("change", json!({ "taskId": parent, "action": "UPSCALE", "index": 5 }), 400, "index", "1 to 4"),
        ("simple-change", json!({ "content": parent }), 400, "content", "U1–U4"),
        ("simple-change", json!({ "content": format!("{parent} U5") }), 400, "content", "U1–U4"),
        ("simple-change", json!({ "content": format!("{parent} U1 U2") }), 400, "content", "U1–U4"),
        ("modal", json!({}), 400, "taskId", "is required"),
        ("imagine", json!([1]), 400, "", "JSON object"),
        ("action", json!({ "taskId": "task_1234567890", "customId": "x" }), 404, "taskId", "task_not_exist"),
        ("modal", json!({ "taskId": "1320098173412546" }), 404, "taskId", "task_not_exist"),
    ] {
        let (found, field, message) = refusal(name, body.clone());
        assert_eq!((found, field.as_str()), (status, param), "{name} {message}");
        assert!(message.contains(part), "{name}: {message}");
    }
}

#[test]
fn a_picture_over_the_limit_is_413() {
    let large = "A".repeat(42 * 1024 * 1024);
    assert_eq!(refusal("describe", json!({ "base64": large })).0, 413);
    let (status, field, _) = refusal("imagine", json!({ "prompt": "x", "base64Array": [SHORT, large] }));
    assert_eq!((status, field.as_str()), (413, "base64Array[1]"));
}

#[test]
fn a_form_is_415_and_an_empty_body_400() {
    let mut request = Request::at(&Midjourney, "/mj/submit/imagine");
    assert_eq!(Midjourney.read(&request.input()).expect_err("is empty").code, "invalid_json");
    request.body = Body::Form(Vec::new(), Vec::new());
    assert_eq!(Midjourney.read(&request.input()).expect_err("is a form").status, 415);
}

#[test]
fn requests_name_their_tasks() {
    let ids = |request: Request| Midjourney.ids(&request.input());
    let at = |path: &str| Request::at(&Midjourney, path);
    assert_eq!(ids(at("/mj/task/{id}/fetch").id("task_1234567890")), Ok(vec!["task_1234567890".into()]));
    assert_eq!(ids(at("/mj/task/{id}/image-seed").id("x.y")), Ok(vec!["x.y".into()]));
    assert_eq!(ids(at("/mj/image/{id}").id("task_1.png")), Ok(vec!["task_1".into()]));

    let list = |body: Value| ids(at("/mj/task/list-by-condition").json(body));
    let page = list(json!({ "ids": ["task_1234567890", "task_0987654321"] }));
    assert_eq!(page, Ok(vec!["task_1234567890".into(), "task_0987654321".into()]));
    assert_eq!(list(json!({ "ids": ["b", "a", "b", null, ""] })), Ok(vec!["b".into(), "a".into()]));
    assert_eq!(list(json!({})), Ok(vec![]));
    assert_eq!(list(json!({ "ids": null })), Ok(vec![]));
    assert_eq!(list(json!({ "ids": [] })), Ok(vec![]));
    assert_eq!(ids(at("/mj/task/list-by-condition")), Ok(vec![]));
    assert!(list(json!({ "ids": vec!["a"; LIST_MAX_IDS] })).is_ok());
    for body in [json!({ "ids": vec!["a"; LIST_MAX_IDS + 1] }), json!({ "ids": "a" }), json!({ "ids": {} })] {
        let problem = list(body).expect_err("was to be refused");
        assert_eq!((problem.status, problem.param.as_deref()), (400, Some("ids")));
    }
}

#[test]
fn uploads_are_one_to_ten_pictures() {
    let uploads = |body: Value| {
        Midjourney.uploads(&Request::at(&Midjourney, "/mj/submit/upload-discord-images").json(body).input())
    };
    assert_eq!(uploads(json!({ "base64Array": [SHORT] })), Ok(vec![SHORT.into()]));
    for body in [json!({}), json!({ "base64Array": [] }), json!({ "base64Array": vec![SHORT; UPLOADS_MAX + 1] })] {
        assert_eq!(uploads(body).expect_err("was to be refused").param.as_deref(), Some("base64Array"));
    }
}
