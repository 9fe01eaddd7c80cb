//! `/`: what this is, a line to paste, and in `dev` a form and the newest tasks.

use super::example::{Auth, curl};
use super::layout::{Current, auth, code_block, page as whole_page};
use super::{host, submit, tasks};
use crate::state::Front;
use axum::extract::{Request, State};
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;
use task::Task;

/// The longest prompt that the form lets in; the route has the last word on it.
const PROMPT_MAX_CHARACTERS: usize = 8_192;

/// What the form and the curl line ask for until somebody writes something else.
const PROMPT: &str = "a lighthouse on a cliff at dawn --ar 3:2";

/// `GET /`.
pub(super) async fn page(State(front): State<Front>, request: Request) -> Response {
    if let Some(refusal) = host::refuse_foreign(&front, &request) {
        return refusal;
    }
    let latest = match &front.settings.dev {
        Some(dev) => Some(tasks::latest(&front, dev).await),
        None => None,
    };
    let base = match host::of_request(&request).filter(|_| latest.is_some()) {
        Some(host) => format!("http://{host}"),
        None => front.settings.public_base.clone(),
    };
    let now_ms = front.clock.now_ms();
    let body = html! {
        main.wrap {
            section.hero.alone[latest.is_none()] {
                (welcome(&base, &auth(&front)))
                @if latest.is_some() { (form()) }
            }
            @if let Some(latest) = &latest { (list(latest.as_deref(), &|key| front.link(key), now_ms)) }
        }
    };
    whole_page(&front, Current::Start, body)
}

fn welcome(base: &str, auth: &Auth) -> Markup {
    let line = curl("POST", &format!("{base}{}", submit::ROUTE), auth, &json!({ "prompt": PROMPT }));
    html! {
        div {
            h1 { "Submit a media job once. Get the result in your own storage." }
            p.lead {
                "Backlot takes a job, answers with an id at once, hands it to a provider, watches it to its end, \
                 keeps every file and calls you back."
            }
            (code_block("Submit a job", &line))
            p.hint {
                "Then ask for it: " code { "GET /mj/task/{id}/fetch" } ". Everything else is in the "
                a href="/docs" { "API reference" } "."
            }
        }
    }
}

fn form() -> Markup {
    html! {
        form.card.try id="try" method="post" action="/start/submit" {
            h2 { "Try it here" }
            p { "Makes a Midjourney-style grid of four pictures with the dev token." }
            label for="prompt" { "Prompt" }
            textarea id="prompt" name="prompt" required maxlength=(PROMPT_MAX_CHARACTERS) { (PROMPT) }
            div.row {
                button.go type="submit" { "Imagine" }
                output.said id="said" aria-live="polite" {}
            }
            noscript { p.why { "The form and the live list need JavaScript; the line beside does not." } }
        }
    }
}

fn list(latest: Result<&[Task], &String>, link: &dyn Fn(&str) -> String, now_ms: i64) -> Markup {
    let tasks = latest.unwrap_or_default();
    html! {
        section.latest {
            header { h2 { "Latest tasks" } span id="count" {} }
            div.away id="away" role="alert" hidden[latest.is_ok()] {
                @if let Err(message) = latest { (message) }
            }
            div.empty id="empty" hidden[!tasks.is_empty()] {
                strong { "Nothing here yet" }
                "Press Imagine, or paste the line above into a terminal. Tasks appear here and move by themselves."
            }
            ul.tasks id="task-list" {
                @for task in tasks {
                    li.task.card data-id=(task.id) { (tasks::card(task, link, now_ms)) }
                }
            }
        }
    }
}
