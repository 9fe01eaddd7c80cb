//! Secrets come from files or from the environment, never from the configuration's own file.

use super::{Config, Problem};
use std::path::Path;
use task::Secret;
use toml::{Table, Value};
use url::Url;

/// Keys that the configuration's file may not hold.
const SECRET_KEYS: &[&str] =
    &["ledger.key", "http.admin_secret", "store.s3.secret_access_key", "store.s3.session_token", "traces.headers"];
/// Keys whose URL may not hold a password in the configuration's file.
const URL_KEYS: &[&str] = &["ledger.url", "queue.url"];

/// What the file holds and should not.
pub(super) fn in_file(file: &Table) -> Vec<Problem> {
    let mut problems = Vec::new();
    for key in SECRET_KEYS.iter().filter(|key| find(file, key).is_some()) {
        problems.push(Problem::new(*key, "a secret stands in the configuration's file", elsewhere(key)));
    }
    for key in URL_KEYS {
        if find(file, key).and_then(Value::as_str).is_some_and(has_password) {
            problems.push(Problem::new(*key, "the URL holds a password", elsewhere(key)));
        }
    }
    problems
}

fn elsewhere(key: &str) -> String {
    let variable = format!("BACKLOT_{}", key.replace('.', "__").to_ascii_uppercase());
    format!("put it into a file and write {key}_file, or set {variable}")
}

fn find<'a>(file: &'a Table, key: &str) -> Option<&'a Value> {
    let mut parts = key.split('.');
    let mut value = file.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    Some(value)
}

/// Several hosts in a row (a Cluster's) are no URL to the parser; then an `@` with a colon before it tells.
fn has_password(text: &str) -> bool {
    match Url::parse(text) {
        Ok(url) => url.password().is_some(),
        Err(_) => {
            let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
            rest.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'))
        }
    }
}

/// Puts what the `…_file` keys name where the value itself would stand.
pub(super) fn read_files(config: &mut Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut read = |key: &'static str, value: &mut Option<Secret>, file: Option<&Path>| {
        let Some(path) = file else { return };
        if value.is_some() {
            let wrong = format!("{key}_file is set, too");
            return problems.push(Problem::new(key, wrong, "keep one of them"));
        }
        match std::fs::read_to_string(path) {
            Ok(text) if !text.trim().is_empty() => *value = Some(Secret::new(text.trim())),
            Ok(_) => problems.push(Problem::new(
                format!("{key}_file"),
                format!("{} is empty", path.display()),
                "write the secret into it",
            )),
            Err(error) => problems.push(Problem::new(
                format!("{key}_file"),
                format!("{} can't be read ({})", path.display(), error.kind()),
                "name a file that this user may read",
            )),
        }
    };
    let Config { ledger, queue, store, http, traces, .. } = config;
    read("ledger.url", &mut ledger.url, ledger.url_file.as_deref());
    read("ledger.key", &mut ledger.key, ledger.key_file.as_deref());
    read("queue.url", &mut queue.url, queue.url_file.as_deref());
    read("http.admin_secret", &mut http.admin_secret, http.admin_secret_file.as_deref());
    read("traces.headers", &mut traces.headers, traces.headers_file.as_deref());
    if let Some(s3) = &mut store.s3 {
        read("store.s3.secret_access_key", &mut s3.secret_access_key, s3.secret_access_key_file.as_deref());
        read("store.s3.session_token", &mut s3.session_token, s3.session_token_file.as_deref());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_seen_in_every_form_of_url() {
        for (text, has) in [
            ("postgres://u:p@db/backlot", true),
            ("postgres://u@db/backlot", false),
            ("redis://:p@queue:6379", true),
            ("redis://queue:6379/0", false),
            ("redis+cluster://u:p@a:1,b:2", true),
            ("redis+cluster://a:1,b:2", false),
        ] {
            assert_eq!(has_password(text), has, "{text}");
        }
    }
}
