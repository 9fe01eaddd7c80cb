//! When a callback is due, and what it says. The one place that decides it, for all families.

use crate::family::View;
use task::{NewCallback, State, Task};

/// The callback that the change from `before` (none: the task is being opened) to `after` calls for:
/// one for each change of the callback shape's own word, the first word included
/// (`contract/DECISIONS.md`, callback: when). A parent that was handed over sends no more.
pub fn due(before: Option<&Task>, after: &Task, link: &dyn Fn(&str) -> String) -> Option<NewCallback> {
    let url = after.callback_url.as_deref()?;
    let family = crate::find(&after.family)?;
    let word = family.callback_word(after.shown);
    if before.is_some_and(|task| family.callback_word(task.shown) == word) {
        return None;
    }
    let view = View { task: after, child: None, link, now_ms: after.updated_ms, retention_ms: None };
    let body = serde_json::to_vec(&family.callback(&view)).ok()?;
    let terminal = after.is_over() && after.state != State::HandedOver;
    Some(NewCallback { url: url.to_owned(), host: host_of(url), word: word.to_owned(), body, terminal })
}

/// The host (and port, if given) of a URL whose form was checked when it was taken in; `""` for other text.
pub fn host_of(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.to_ascii_lowercase()
}
