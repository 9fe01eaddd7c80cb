//! The page that a list asks for, as Ark's own list is asked (`upstream/seedance.md`, section 4).

use super::{NAME, words};
use crate::family::{Input, Page};
use crate::fields::check_text;
use crate::problem::Problem;

/// The most tasks of one page.
pub const PAGE_SIZE_MAX: usize = 500;
/// The highest page number.
pub(super) const PAGE_NUM_MAX: usize = 500;
/// The most tasks that a page may leave out before it.
pub const REACH_MAX: usize = 10_000;
/// How many tasks a page holds when `page_size` is not given.
pub(super) const PAGE_SIZE_DEFAULT: usize = 10;
/// The most ids of one request.
const IDS_MAX: usize = 500;
/// The most characters of a filter's text.
const FILTER_MAX_CHARS: usize = 200;

/// Reads the query. What nobody knows is ignored, `filter.service_tier` too: tiers are not told apart here.
pub(super) fn page(input: &Input<'_>) -> Result<Page, Problem> {
    let number = integer(input, "page_num", PAGE_NUM_MAX)?.unwrap_or(1);
    let limit = integer(input, "page_size", PAGE_SIZE_MAX)?.unwrap_or(PAGE_SIZE_DEFAULT);
    let offset = (number - 1) * limit;
    if offset > REACH_MAX {
        let message = format!("page_num reaches too far back: at most {REACH_MAX} tasks may come before a page");
        return Err(Problem::invalid("page_num", message));
    }
    Ok(Page {
        shown: shown(input)?,
        families: vec![NAME.to_owned()],
        model: text(input, "filter.model")?.map(str::to_owned),
        ids: ids(input)?,
        offset,
        limit,
        counts: true,
        ..Page::default()
    })
}

fn shown(input: &Input<'_>) -> Result<Vec<task::Shown>, Problem> {
    let mut shown = Vec::new();
    for word in texts(input, "filter.status") {
        let known = words::filtered(word).ok_or_else(|| {
            let message = "filter.status has to be one of queued, running, succeeded, failed, cancelled, expired";
            Problem::invalid("filter.status", message)
        })?;
        shown.extend_from_slice(known);
    }
    Ok(shown)
}

/// `filter.task_ids`, repeated or with commas. Text that is no id matches nothing.
fn ids(input: &Input<'_>) -> Result<Vec<String>, Problem> {
    let named = texts(input, "filter.task_ids").chain(texts(input, "filter.task_ids[]"));
    let ids: Vec<String> = named.flat_map(|text| text.split(',')).map(|id| id.trim().to_owned()).collect();
    if ids.len() > IDS_MAX {
        let message = format!("filter.task_ids may be given at most {IDS_MAX} times");
        return Err(Problem::invalid("filter.task_ids", message));
    }
    Ok(ids)
}

fn integer(input: &Input<'_>, name: &'static str, most: usize) -> Result<Option<usize>, Problem> {
    let Some(text) = text(input, name)? else { return Ok(None) };
    let within = text.trim().parse().ok().filter(|number| (1..=most).contains(number));
    let refused = || Problem::invalid(name, format!("{name} has to be an integer from 1 to {most}"));
    within.map(Some).ok_or_else(refused)
}

fn text<'a>(input: &'a Input<'_>, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let text = texts(input, name).next();
    if let Some(text) = text {
        check_text(name, text, FILTER_MAX_CHARS)?;
    }
    Ok(text)
}

/// Every value of this parameter; `""` is absent.
fn texts<'a>(input: &'a Input<'_>, name: &'static str) -> impl Iterator<Item = &'a str> {
    let named = input.query.iter().filter(move |(other, _)| other == name);
    named.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}
