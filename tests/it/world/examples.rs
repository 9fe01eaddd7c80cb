//! Every curl and Python example of the Midjourney pages, extracted and run as it stands.
//!
//! Replaced, from one table: the host, the key, and ids of tasks, which the test makes itself
//! (`contract/DECISIONS.md`, examples in tests).

use super::process::{Backlot, log_of};
use crate::tidy::{read, root};
use serde_json::{Value, json};
use std::path::Path;
use tokio::process::Command;

/// A documented field of a task with the type that it has.
const TASK_FIELDS: &[(&str, &str)] = &[
    ("id", "string"),
    ("action", "string"),
    ("status", "string"),
    ("prompt", "string"),
    ("promptEn", "string"),
    ("description", "string"),
    ("submitTime", "number"),
    ("startTime", "number"),
    ("finishTime", "number"),
    ("progress", "string"),
    ("imageUrl", "string"),
    ("failReason", "string"),
    ("properties", "object"),
    ("buttons", "array"),
];

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Code blocks of one language: curl lines are `bash`, Python is `python`.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}");
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once(&opening) {
        let (head, code) = after.split_once('\n').unwrap_or((after, ""));
        let (code, tail) = code.split_once("\n```").unwrap_or((code, ""));
        assert!(head.starts_with(' ') || head.is_empty(), "{head}");
        found.push(code.to_owned());
        rest = tail;
    }
    found
}

struct Replacements {
    host: String,
    key: String,
    /// A finished picture and one of its buttons; a task that waits for its modal.
    finished: String,
    button: String,
    modal: String,
}

impl Replacements {
    fn apply(&self, code: &str) -> String {
        let waits = code.contains("/mj/submit/modal");
        code.replace("https://crazyrouter.com", &self.host)
            .replace("YOUR_API_KEY", &self.key)
            .replace("MJ::JOB::upsample::1::abc123", &self.button)
            .replace("task_1234567890", if waits { &self.modal } else { &self.finished })
            .replace("task_0987654321", &self.finished)
    }
}

async fn run(program: &str, arguments: &[&str], folder: &Path) -> (bool, String) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().await.expect("the program runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

/// Python with `requests`, in an environment of the test's own.
async fn python(folder: &Path) -> String {
    let venv = folder.join("venv");
    let (made, said) = run("python3", &["-m", "venv", &venv.to_string_lossy()], folder).await;
    assert!(made, "{said}");
    let pip = venv.join("bin/pip").to_string_lossy().into_owned();
    let (installed, said) =
        run(&pip, &["install", "-q", "--disable-pip-version-check", "requests==2.32.5"], folder).await;
    assert!(installed, "{said}");
    venv.join("bin/python").to_string_lossy().into_owned()
}

async fn prepare(backlot: &Backlot) -> Replacements {
    let finished = backlot.imagine(&json!({ "prompt": "a cat" })).await;
    let (_, task) = backlot.wait(&format!("/mj/task/{finished}/fetch")).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    let button = task["buttons"][0]["customId"].as_str().expect("a finished picture has buttons").to_owned();
    // Only an upscaled picture offers a button that asks something first.
    let (_, answer) = backlot.post("/mj/submit/action", &json!({ "taskId": finished, "customId": button })).await;
    let upscale = answer["result"].as_str().expect("an accepted upscale").to_owned();
    let (_, upscaled) = backlot.wait(&format!("/mj/task/{upscale}/fetch")).await;
    let zoom = json!({ "taskId": upscale, "customId": button_like(&upscaled, "MJ::CustomZoom") });
    let (status, answer) = backlot.post("/mj/submit/action", &zoom).await;
    assert_eq!((status, &answer["code"]), (200, &json!(21)), "{answer}");
    let modal = answer["result"].as_str().expect("a task that will ask").to_owned();
    Replacements { host: backlot.base.clone(), key: backlot.token.clone(), finished, button, modal }
}

fn button_like(task: &Value, prefix: &str) -> String {
    let buttons = task["buttons"].as_array().cloned().unwrap_or_default();
    let found = buttons.iter().filter_map(|b| b["customId"].as_str()).find(|id| id.starts_with(prefix));
    found.unwrap_or_else(|| panic!("no {prefix} button: {task}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_midjourney_pages_runs_as_it_stands() {
    let page_path = root().join("../shared/contract/midjourney.md");
    if !page_path.is_file() {
        assert!(std::env::var_os("BACKLOT_TEST_REQUIRE_ALL").is_none(), "the reference pages are not there");
        eprintln!("skipped: the reference pages are not there");
        return;
    }
    let page = read(&page_path);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let backlot = Backlot::start(&data).await;
    let replacements = prepare(&backlot).await;

    let curls = blocks(&page, "bash");
    assert!(curls.len() >= 9, "only {} curl examples found", curls.len());
    for example in &curls {
        let code = replacements.apply(example).replacen("curl ", "curl -sS --fail-with-body ", 1);
        let (fine, said) = run("bash", &["-c", &code], folder.path()).await;
        assert!(fine, "{example}\n{said}\n{}", log_of(&data));
        check_answer(example, &serde_json::from_str(&said).unwrap_or_else(|e| panic!("{example}\n{said}\n{e}")));
    }

    if std::env::var_os("BACKLOT_TEST_REQUIRE_ALL").is_none() {
        eprintln!("skipped: the Python examples need `requests` (tests/run without --fast runs them)");
        return;
    }
    let python = python(folder.path()).await;
    let programs = blocks(&page, "python");
    assert!(programs.len() >= 3, "only {} Python examples found", programs.len());
    for example in &programs {
        let (fine, said) = run(&python, &["-c", &replacements.apply(example)], folder.path()).await;
        assert!(fine && (said.contains("'code': 1") || said.contains("'status': 'SUCCESS'")), "{example}\n{said}");
    }
}

fn check_answer(example: &str, answer: &Value) {
    if let Some(tasks) = answer.as_array() {
        assert!(!tasks.is_empty(), "{example}");
        tasks.iter().for_each(|task| check_task(example, task));
        return;
    }
    if answer.get("status").is_some() {
        return check_task(example, answer);
    }
    assert_eq!(answer["code"], 1, "{example}\n{answer}");
    assert_eq!(type_of(&answer["description"]), "string", "{example}\n{answer}");
    assert_eq!(type_of(&answer["result"]), "string", "{example}\n{answer}");
    assert_eq!(type_of(&answer["properties"]), "object", "{example}\n{answer}");
}

fn check_task(example: &str, task: &Value) {
    for (field, expected) in TASK_FIELDS {
        assert_eq!(type_of(&task[*field]), *expected, "{field} in the answer to\n{example}\n{task}");
    }
}
