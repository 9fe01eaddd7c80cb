//! What callers do: submit, follow up, answer, stop, look, repeat themselves.

use super::scenario::{Keyed, Scenario, Told};
use http::Method;
use serde_json::{Value, json};
use task::{Kind, State, Task};
use tests::{Answered, Tenant};

/// A picture of one pixel.
const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Troubles that the upstream makes on its own; most submissions meet none.
const MARKERS: &[&str] = &[
    "[sim:fail=out of paint]",
    "[sim:late-moderation]",
    "[sim:moderation]",
    "[sim:queue-full=2]",
    "[sim:queued=3]",
    "[sim:http=500]",
    "[sim:http=429]",
    "[sim:http-after=502]",
    "[sim:code=3]",
    "[sim:code=9]",
    "[sim:lost-request]",
    "[sim:lost-answer]",
    "[sim:forget=5s]",
    "[sim:slow=3m]",
    "[sim:stuck]",
    "[sim:poll-http=500*2]",
    "[sim:status=PONDERING]",
    "[sim:artifact=missing*2]",
    "[sim:artifact=away*2]",
    "[sim:artifact=html]",
    "[sim:artifact=empty]",
    "[sim:action/modal]",
    "[sim:action/modal]",
    "[sim:upscale/fail=no]",
    "[sim:action/lost-answer]",
];

pub(super) fn tenant(scenario: &Scenario) -> Tenant {
    if scenario.dice.percent(70) { Tenant::Limited } else { Tenant::Unlimited }
}

/// One of the upstream's troubles.
pub(super) fn marker(scenario: &Scenario) -> &'static str {
    scenario.dice.pick(MARKERS).copied().unwrap_or_default()
}

fn prompt(scenario: &Scenario) -> String {
    let subject = ["a lighthouse", "a small red house", "two cats"][scenario.dice.below(3)];
    let marker = if scenario.dice.percent(40) { marker(scenario) } else { "" };
    format!("{subject} {marker}").trim().to_owned()
}

pub(super) fn with_hook(scenario: &Scenario, mut body: Value) -> Value {
    if scenario.dice.percent(55) {
        body["notifyHook"] = json!("http://caller.test/hook");
    }
    body
}

/// Notes what a submission was answered.
fn note(scenario: &mut Scenario, tenant: Tenant, what: &str, body: &Value, answer: &Answered) -> Result<(), String> {
    note_told(scenario, Told::new(tenant, body.get("notifyHook").is_some()), what, answer)
}

/// Notes what a submission was answered, and `told` under its id when it was accepted.
pub(super) fn note_told(scenario: &mut Scenario, told: Told, what: &str, answer: &Answered) -> Result<(), String> {
    if answer.status >= 500 && !scenario.store_refuses && scenario.paused.is_none() {
        return Err(format!("{what} was answered {}: {}", answer.status, answer.body));
    }
    let (tenant, calls_back) = (told.tenant, told.calls_back);
    let mut name = String::from("nothing");
    if let Some(id) = answer.opened() {
        if !scenario.told.iter().any(|told| told.id == id) {
            scenario.told.push(Told { id: id.clone(), ..told });
        }
        name = scenario.name_of(&id);
    }
    let back = if calls_back { " with callback" } else { "" };
    let description = answer.text("description");
    scenario.say(format!(
        "{what}{back} by {}: {} code {} {name} {description}",
        tenant.name(),
        answer.status,
        answer.code()
    ));
    Ok(())
}

/// A finished picture whose follow-ups ask back, and one of them.
pub(super) async fn begin_with_a_question(scenario: &mut Scenario) {
    let id = scenario.world.imagine(Tenant::Limited, "a lighthouse [sim:action/modal]").await;
    scenario.told.push(Told { id: id.clone(), ..Told::new(Tenant::Limited, false) });
    scenario.world.run_to_end(&id).await;
    let body = with_hook(scenario, json!({ "taskId": id, "action": "VARIATION", "index": 3 }));
    let answer = scenario.world.submit(Tenant::Limited, "change", body.clone()).await;
    let noted = note(scenario, Tenant::Limited, "variation of #0, which will ask back", &body, &answer);
    noted.expect("nothing is wrong yet");
}

pub(super) async fn imagine(scenario: &mut Scenario) -> Result<(), String> {
    let (tenant, prompt) = (tenant(scenario), prompt(scenario));
    let body = with_hook(scenario, json!({ "prompt": prompt, "state": "mine" }));
    let key = scenario.dice.percent(20).then(|| format!("key-{}", scenario.keyed.len()));
    let answer = scenario.world.call(tenant, Method::POST, "/mj/submit/imagine", Some(&body), key.as_deref()).await;
    note(scenario, tenant, &format!("imagine {prompt:?}"), &body, &answer)?;
    if let Some(key) = key.filter(|_| answer.accepted().is_some()) {
        scenario.keyed.push(Keyed { tenant, key, body, answer });
    }
    Ok(())
}

/// The same again under the same key is the same answer, however the world has changed meanwhile.
pub(super) async fn repeat(scenario: &mut Scenario) -> Result<(), String> {
    let Some(keyed) = scenario.dice.pick(&scenario.keyed).cloned() else { return Ok(()) };
    let (tenant, key) = (keyed.tenant, Some(keyed.key.as_str()));
    let again = scenario.world.call(tenant, Method::POST, "/mj/submit/imagine", Some(&keyed.body), key).await;
    scenario.say(format!("the same submission under {}: {}", keyed.key, again.status));
    let refused = again.status == 503 && (scenario.store_refuses || scenario.paused.is_some());
    if again != keyed.answer && !refused {
        return Err(format!("{} was answered {again:?} after {:?}", keyed.key, keyed.answer));
    }
    Ok(())
}

pub(super) async fn words_or_blend(scenario: &mut Scenario) -> Result<(), String> {
    let tenant = tenant(scenario);
    let (route, body) = match scenario.dice.below(3) {
        0 => ("shorten", json!({ "prompt": "a very long way to say the sea" })),
        1 => ("describe", json!({ "base64": PIXEL })),
        _ => ("blend", json!({ "base64Array": [PIXEL, PIXEL], "dimensions": "SQUARE" })),
    };
    let body = with_hook(scenario, body);
    let answer = scenario.world.submit(tenant, route, body.clone()).await;
    note(scenario, tenant, route, &body, &answer)
}

/// A finished task's buttons, as its caller sees them.
async fn buttons(scenario: &Scenario, told: &Told) -> Vec<String> {
    let shown = scenario.world.fetch(told.tenant, &told.id).await;
    let buttons = shown.body.get("buttons").and_then(Value::as_array).cloned().unwrap_or_default();
    buttons.iter().filter_map(|button| button.get("customId")?.as_str().map(str::to_owned)).collect()
}

async fn finished(scenario: &Scenario) -> Option<(Told, Vec<String>)> {
    let pictures: Vec<&Told> = scenario.told.iter().filter(|told| told.is_picture()).collect();
    let told = (*scenario.dice.pick(&pictures)?).clone();
    let buttons = buttons(scenario, &told).await;
    (!buttons.is_empty()).then_some((told, buttons))
}

pub(super) async fn press(scenario: &mut Scenario) -> Result<(), String> {
    let Some((told, buttons)) = finished(scenario).await else { return Ok(()) };
    let name = scenario.name_of(&told.id);
    if scenario.dice.percent(30) {
        let index = scenario.dice.below(4) + 1;
        let body = with_hook(scenario, json!({ "taskId": told.id, "action": "UPSCALE", "index": index }));
        let answer = scenario.world.submit(told.tenant, "change", body.clone()).await;
        return note(scenario, told.tenant, &format!("change U{index} of {name}"), &body, &answer);
    }
    let Some(button) = scenario.dice.pick(&buttons).cloned() else { return Ok(()) };
    let body = with_hook(scenario, json!({ "taskId": told.id, "customId": button }));
    let answer = scenario.world.submit(told.tenant, "action", body.clone()).await;
    note(scenario, told.tenant, &format!("press {button} of {name}"), &body, &answer)
}

/// A button that asks back before it does anything.
pub(super) async fn zoom(scenario: &mut Scenario) -> Result<(), String> {
    let Some((told, buttons)) = finished(scenario).await else { return Ok(()) };
    let zoom = buttons.iter().find(|button| button.starts_with("MJ::CustomZoom"));
    // Only a single picture offers it; a grid gives one of its own first.
    let Some(button) = zoom.or_else(|| buttons.iter().find(|button| button.contains("upsample"))) else {
        return Ok(());
    };
    let name = scenario.name_of(&told.id);
    let body = with_hook(scenario, json!({ "taskId": told.id, "customId": button }));
    let answer = scenario.world.submit(told.tenant, "action", body.clone()).await;
    note(scenario, told.tenant, &format!("press {button} of {name}"), &body, &answer)
}

/// Whether this task has asked, or will.
fn may_ask(task: &Task) -> bool {
    let zoom = task.spec.button.as_deref().is_some_and(|id| id.starts_with("MJ::CustomZoom"));
    let told_to = task.spec.kind == Kind::FollowUp && task.spec.prompt.contains("[sim:action/modal]");
    task.state == State::AwaitingInput || zoom || told_to
}

/// Answers a question, often before it was asked and sometimes twice.
pub(super) async fn answer_modal(scenario: &mut Scenario) -> Result<(), String> {
    let tasks = scenario.world.tasks().await;
    let asking = |told: &&Told| {
        let row = tasks.iter().find(|task| task.id.to_string() == told.id);
        row.is_some_and(|task| !task.is_over() && may_ask(task))
    };
    let asking: Vec<Told> = scenario.told.iter().filter(asking).cloned().collect();
    let Some(told) = scenario.dice.pick(&asking).cloned() else { return Ok(()) };
    let name = scenario.name_of(&told.id);
    let body = json!({ "taskId": told.id, "prompt": "a lighthouse --zoom 1.5" });
    let answer = scenario.world.submit(told.tenant, "modal", body.clone()).await;
    let first = told.answered_by.clone();
    if let (Some(first), Some(id)) = (&first, answer.accepted())
        && *first != id
    {
        return Err(format!("{name} was answered by {first} and again by {id}"));
    }
    note(scenario, told.tenant, &format!("modal for {name}"), &body, &answer)?;
    if let Some(id) = answer.accepted() {
        let calls_back = told.calls_back;
        for known in &mut scenario.told {
            if known.id == told.id {
                known.answered_by = Some(id.clone());
            } else if known.id == id {
                known.calls_back = calls_back;
            }
        }
    }
    Ok(())
}

pub(super) async fn cancel(scenario: &mut Scenario) -> Result<(), String> {
    let Some(told) = scenario.dice.pick(&scenario.told).cloned() else { return Ok(()) };
    let handle = if told.is_picture() {
        scenario.world.cancel(told.tenant, &told.id)
    } else {
        scenario.world.cancel_at(told.tenant, &format!("/v1/tasks/{}/cancel", told.id))
    };
    // A free one is over at once; one that is forwarded waits for the poll stage.
    let id = told.id.parse().map_err(|_| format!("{} is no id", told.id))?;
    while !handle.is_finished() {
        let asked = scenario.world.ledger().open_errands(&[id]).await.map_err(|error| error.to_string())?;
        if !asked.is_empty() {
            break;
        }
        scenario.world.settle().await;
    }
    scenario.cancels.push(handle);
    let name = scenario.name_of(&told.id);
    scenario.say(format!("{name} is to be cancelled"));
    Ok(())
}

/// Looks at a task, or at all of them. What was seen never goes back.
pub(super) async fn fetch(scenario: &mut Scenario) -> Result<(), String> {
    for place in 0..scenario.told.len() {
        if scenario.dice.percent(50) {
            look(scenario, place).await?;
        }
    }
    Ok(())
}

/// The order of the public words of all families, their callbacks' included. A task that was handed over goes from MODAL to its child's words.
pub(super) fn rank(word: &str) -> Option<u8> {
    Some(match word {
        "NOT_START" | "queued" => 0,
        "SUBMITTED" | "submitted" => 1,
        "IN_PROGRESS" | "processing" | "in_progress" => 2,
        "MODAL" => 3,
        "SUCCESS" | "complete" | "succeed" | "succeeded" | "completed" => 4,
        "FAILURE" | "CANCEL" | "error" | "failed" => 4,
        _ => return None,
    })
}

/// Looks at one task as its caller.
pub(super) async fn look(scenario: &mut Scenario, place: usize) -> Result<(), String> {
    let told = scenario.told[place].clone();
    let shown = scenario.world.see(told.tenant, &told.path()).await;
    if shown.status != 200 {
        return Err(format!("#{place} was accepted and is answered {}: {}", shown.status, shown.body));
    }
    let word = shown.word().to_owned();
    let progress = shown.progress();
    if !(0..=100).contains(&progress) {
        return Err(format!("#{place} shows no progress: {}", shown.body));
    }
    let now = rank(&word).ok_or_else(|| format!("#{place} shows {word:?}"))?;
    if let Some((before, before_progress)) = &told.seen {
        let handed_over = before == "MODAL" && word == "IN_PROGRESS";
        let was = rank(before).unwrap_or(0);
        let back = now < was || (was == 4 && *before != word);
        if back && !handed_over {
            return Err(format!("#{place} went back from {before} to {word}"));
        }
        if progress < *before_progress {
            return Err(format!("#{place} went back from {before_progress}% to {progress}% ({before} to {word})"));
        }
    }
    scenario.told[place].seen = Some((word.clone(), progress));
    scenario.say(format!("#{place} shows {word} {progress}%"));
    Ok(())
}
