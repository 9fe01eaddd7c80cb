//! What a request asks for. Unknown query parameters and bodies are refused.

use super::show;
use crate::family::{Body, Input, Page};
use crate::fields::check_text;
use crate::problem::Problem;
use serde_json::Value;
use task::TaskId;

/// How many tasks a page holds when `limit` is not given.
pub(super) const LIMIT_DEFAULT: usize = 20;
/// The most tasks that a page may hold.
pub(super) const LIMIT_MAX: usize = 100;
/// The most characters of a filter's text.
pub(super) const FILTER_MAX_CHARS: usize = 200;

/// The query parameters of a list.
const FILTERS: &[&str] = &["status", "family", "model", "after", "limit"];

/// The id in the path. 400 for a query parameter or a body with fields: these routes take none.
pub(super) fn ids(input: &Input<'_>) -> Result<Vec<String>, Problem> {
    check_query(input, &[])?;
    check_no_body(input.body)?;
    Ok(vec![input.path("id").unwrap_or_default().to_owned()])
}

/// The page that a list asks for; `""` is absent.
pub(super) fn page(input: &Input<'_>) -> Result<Page, Problem> {
    check_query(input, FILTERS)?;
    let mut page = Page { limit: LIMIT_DEFAULT, ..Page::default() };
    if let Some(word) = given(input, "status")? {
        let [shown, also] = show::shown_as(word).ok_or_else(|| {
            let words = show::WORDS.map(|(word, _)| word).join(", ");
            Problem::invalid("status", format!("status has to be one of {words}"))
        })?;
        page.shown = vec![shown, also];
        page.shown.dedup();
    }
    if let Some(name) = given(input, "family")? {
        page.families = vec![known_family(name)?];
    }
    page.model = given(input, "model")?.map(str::to_owned);
    if let Some(after) = given(input, "after")? {
        let message = "after has to be a task's id, such as last_id of the page before";
        let id: TaskId = after.parse().map_err(|_| Problem::invalid("after", message))?;
        page.after = Some(id.to_string());
    }
    if let Some(limit) = given(input, "limit")? {
        let within = limit.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        let message = format!("limit has to be an integer from 1 to {LIMIT_MAX}");
        page.limit = within.ok_or_else(|| Problem::invalid("limit", message))?;
    }
    Ok(page)
}

fn given<'a>(input: &'a Input<'_>, name: &str) -> Result<Option<&'a str>, Problem> {
    let text = input.query(name).filter(|text| !text.is_empty());
    if let Some(text) = text {
        check_text(name, text, FILTER_MAX_CHARS)?;
    }
    Ok(text)
}

fn known_family(name: &str) -> Result<String, Problem> {
    if crate::find(name).is_some() {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = crate::all().iter().map(|family| family.name()).collect();
    Err(Problem::invalid("family", format!("family has to be one of {}", names.join(", "))))
}

fn check_query(input: &Input<'_>, accepted: &[&str]) -> Result<(), Problem> {
    for (place, (name, _)) in input.query.iter().enumerate() {
        if !accepted.contains(&name.as_str()) {
            let offer = if accepted.is_empty() { "none".to_owned() } else { accepted.join(", ") };
            let message = format!("unknown query parameter; this route takes {offer}");
            return Err(Problem::invalid(name, message));
        }
        if input.query[..place].iter().any(|(earlier, _)| earlier == name) {
            return Err(Problem::invalid(name, format!("{name} may be given once")));
        }
    }
    Ok(())
}

fn check_no_body(body: &Body) -> Result<(), Problem> {
    match body {
        Body::Empty | Body::Json(Value::Null) => Ok(()),
        Body::Json(Value::Object(fields)) => match fields.keys().next() {
            None => Ok(()),
            Some(field) => Err(Problem::invalid(field, "unknown field; this route takes no body")),
        },
        Body::Json(_) => Err(Problem::refused("invalid_request", "this route takes no body")),
        Body::Form(..) => Err(Problem::unsupported_media_type("this route takes no body")),
    }
}
