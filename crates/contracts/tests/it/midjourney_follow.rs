//! Follow-ups: what they take from their parent, and when they are refused.

use crate::fixture::{grid, id, read, task};
use contracts::midjourney::Midjourney;
use contracts::{Family, Order, Problem};
use serde_json::{Value, json};
use task::{State, Task};

fn order(name: &str, mut body: Value) -> Order {
    if name != "simple-change" {
        body["taskId"] = json!(id(1));
    }
    read(&Midjourney, &format!("/mj/submit/{name}"), body).expect("is a request")
}

fn press(body: Value, parent: &Task) -> Result<Order, Problem> {
    Midjourney.follow(order("action", body), Some(parent))
}

#[test]
fn change_finds_the_parents_button() {
    for (wish, custom_id) in [
        ("U1", "MJ::JOB::upsample::1::abc123"),
        ("U4", "MJ::JOB::upsample::4::abc123"),
        ("V3", "MJ::JOB::variation::3::abc123"),
        ("R", "MJ::JOB::reroll::0::abc123::SOLO"),
    ] {
        let asked = order("simple-change", json!({ "content": format!("{} {wish}", id(1)) }));
        let followed = Midjourney.follow(asked, Some(&grid())).expect("the grid has it");
        assert_eq!(followed.spec.button.as_deref(), Some(custom_id));
        assert!(followed.spec.extras.is_empty(), "{:?}", followed.spec.extras);
        assert_eq!(followed.spec.prompt, grid().spec.prompt);
    }
}

#[test]
fn a_button_in_another_form_is_found_by_its_label() {
    let mut parent = grid();
    for button in &mut parent.details.buttons {
        button.custom_id = format!("other:{}", button.label);
    }
    let asked = order("change", json!({ "action": "VARIATION", "index": 2 }));
    let followed = Midjourney.follow(asked, Some(&parent)).expect("V2 is there");
    assert_eq!(followed.spec.button.as_deref(), Some("other:V2"));
}

#[test]
fn a_button_that_is_not_there_is_refused_with_those_that_are() {
    let mut parent = grid();
    parent.details.buttons.truncate(2);
    let asked = order("change", json!({ "action": "UPSCALE", "index": 3 }));
    let problem = Midjourney.follow(asked, Some(&parent)).expect_err("U3 is not there");
    assert_eq!((problem.status, problem.code), (400, "button_not_found"));
    assert!(problem.message.ends_with("it offers U1, U2"), "{}", problem.message);
}

#[test]
fn an_action_takes_the_button_as_it_is() {
    let followed = press(json!({ "customId": "MJ::JOB::unheard_of::1::h" }), &grid()).expect("nothing is looked up");
    assert_eq!(followed.spec.button.as_deref(), Some("MJ::JOB::unheard_of::1::h"));
    assert_eq!(followed.callback_url, None);
}

#[test]
fn a_missing_parent_is_404_and_so_is_one_of_another_family() {
    let mut foreign = grid();
    foreign.family = "suno".into();
    for name in ["action", "modal"] {
        for parent in [None, Some(&foreign)] {
            let problem = Midjourney.follow(order(name, json!({ "customId": "x" })), parent).expect_err("is missing");
            assert_eq!((problem.status, problem.code), (404, "task_not_exist"));
        }
    }
}

#[test]
fn buttons_need_a_succeeded_parent() {
    for state in State::ALL {
        let result = press(json!({ "customId": "x" }), &task(state));
        if state == State::Succeeded {
            assert!(result.is_ok());
        } else {
            let problem = result.expect_err("has no buttons yet");
            assert_eq!((problem.status, problem.code), (400, "task_status_not_success"), "{state}");
        }
    }
}

#[test]
fn a_button_on_a_handed_over_task_is_its_childs() {
    let mut parent = task(State::HandedOver);
    parent.child = Some(id(2));
    let followed = press(json!({ "customId": "MJ::JOB::upsample::1::h" }), &parent).expect("goes to the child");
    assert_eq!(followed.spec.parent, Some(id(2)));
    let mut child = grid();
    child.id = id(2);
    let followed = Midjourney.follow(followed, Some(&child)).expect("the child has succeeded");
    assert_eq!(followed.spec.parent, Some(id(2)));
}

#[test]
fn a_modal_needs_an_unfinished_parent() {
    for state in State::ALL {
        let result = Midjourney.follow(order("modal", json!({})), Some(&task(state)));
        if matches!(state, State::Succeeded | State::Failed | State::Cancelled) {
            let problem = result.expect_err("has ended");
            assert_eq!((problem.status, problem.code), (400, "task_already_finished"), "{state}");
        } else {
            assert!(result.is_ok(), "{state}");
        }
    }
}

#[test]
fn a_modal_inherits_what_its_body_has_no_place_for() {
    let mut parent = task(State::AwaitingInput);
    parent.callback_url = Some("https://example.com/hook".into());
    parent.external_id = Some("mine".into());
    let follow = |body| Midjourney.follow(order("modal", body), Some(&parent)).expect("is asked for");

    let bare = follow(json!({}));
    assert_eq!(bare.callback_url, parent.callback_url);
    assert_eq!(bare.external_id, parent.external_id);
    assert_eq!(bare.spec.prompt, parent.spec.prompt);

    let own = follow(json!({ "prompt": "p", "state": "s", "notifyHook": "https://example.com/own" }));
    assert_eq!(own.spec.prompt, "p");
    assert_eq!(own.external_id.as_deref(), Some("s"));
    assert_eq!(own.callback_url.as_deref(), Some("https://example.com/own"));
}
