//! The example names every key; what does not fit is told by its key.

use super::{Config, Loaded, example, load_from};
use serde_json::{Map, Value};
use std::path::Path;

/// What a configuration has to say at the least.
const LEAST: &str = r#"
[ledger]
url = "postgres://backlot@db/backlot"
[queue]
url = "redis://queue"
[store]
folder = "/srv/store"
"#;
const KEY: (&str, &str) = ("BACKLOT_LEDGER__KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");

fn loaded(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Loaded> {
    let variables = [KEY].iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load_from(Path::new("backlot.toml"), text, variables)
}

/// The keys that are complained about.
fn complained(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let loaded = loaded(text, variables).expect("it is a configuration");
    loaded.problems.into_iter().map(|problem| problem.key).collect()
}

fn keys(prefix: &str, value: &Map<String, Value>, found: &mut Vec<(String, Value)>) {
    for (name, value) in value {
        let key = format!("{prefix}{name}");
        match value {
            Value::Object(inner) => keys(&format!("{key}."), inner, found),
            _ => found.push((key, value.clone())),
        }
    }
}

fn flat(config: &Config) -> Vec<(String, Value)> {
    let Ok(Value::Object(map)) = serde_json::to_value(config) else { panic!("a configuration is an object") };
    let mut found = Vec::new();
    keys("", &map, &mut found);
    found
}

#[test]
fn the_example_names_every_key_and_no_other() {
    let whole = example::every_key();
    let config: Config = whole.clone().try_into().expect("every key of the example is known");
    let missing: Vec<_> = flat(&config).into_iter().filter(|(_, value)| value.is_null()).collect();
    assert!(missing.is_empty(), "the example does not name {missing:?}");
    for (key, _) in flat(&config) {
        let named =
            key.split('.').try_fold(&toml::Value::Table(whole.clone()), |value, part| value.get(part)).is_some();
        assert!(named, "the example does not name {key}");
    }
}

#[test]
fn the_example_tells_the_defaults() {
    let example: Config = toml::from_str(example::TEXT).expect("the example is a configuration");
    // What has no default, or where the example shows an installation behind a proxy.
    let own = ["ledger.url_file", "ledger.key_file", "queue.url", "http.listen", "http.ops_listen", "http.public_base"];
    let usual = Config {
        store: super::sections::StoreSection { s3: Some(Default::default()), ..Default::default() },
        ..Config::default()
    };
    let own_of_s3 = ["endpoint", "bucket", "path_style", "access_key_id", "secret_access_key_file"];
    for ((key, shown), (_, default)) in flat(&example).into_iter().zip(flat(&usual)) {
        let is_own = own.contains(&key.as_str()) || own_of_s3.iter().any(|name| key == format!("store.s3.{name}"));
        assert!(is_own || shown == default, "{key}: the example says {shown}, the default is {default}");
    }
}

#[test]
fn the_least_is_enough() {
    assert_eq!(complained(LEAST, &[]), [""; 0]);
}

#[test]
fn what_is_missing_is_told_with_what_to_write() {
    let loaded = load_from(Path::new("x"), "", std::iter::empty()).expect("an empty file is a configuration");
    let text: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    for expected in
        ["ledger.url: is missing; write postgres://", "ledger.key_file", "queue.url: is missing", "store.s3"]
    {
        assert!(text.iter().any(|line| line.starts_with(expected)), "{expected}: {text:?}");
    }
}

#[test]
fn values_that_do_not_fit_each_other_are_told() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("BACKLOT_WORK__SUBMIT_LEASE_MS", "60000")], "work.submit_lease_ms"),
        (&[("BACKLOT_WORK__POLL_LEASE_MS", "25000")], "work.poll_lease_ms"),
        (&[("BACKLOT_WORK__NOTIFY_LEASE_MS", "10000")], "work.notify_lease_ms"),
        (&[("BACKLOT_WORK__ARCHIVE_LEASE_MS", "1000")], "work.archive_lease_ms"),
        (&[("BACKLOT_WORK__UNCERTAIN_MS", "10")], "work.uncertain_ms"),
        (&[("BACKLOT_LIMITS__TASK_DEADLINE_MS", "1000")], "limits.task_deadline_ms"),
        (&[("BACKLOT_RETENTION__TASKS_MS", "1000")], "retention.tasks_ms"),
        (&[("BACKLOT_LIMITS__CONNECT_TIMEOUT_MS", "30000")], "limits.connect_timeout_ms"),
        (&[("BACKLOT_HTTP__LISTEN", "0.0.0.0:8080")], "http.public_base"),
        (&[("BACKLOT_HTTP__PUBLIC_BASE", "https://a.example/path")], "http.public_base"),
        (&[("BACKLOT_HTTP__OPS_LISTEN", "127.0.0.1:8080")], "http.ops_listen"),
        (&[("BACKLOT_HTTP__ADMIN_SECRET", "short")], "http.admin_secret"),
        (&[("BACKLOT_QUEUE__URL", "memory")], "queue.url"),
        (&[("BACKLOT_QUEUE__SHARDS", "4")], "queue.shards"),
        (&[("BACKLOT_LEDGER__MAX_CONNECTIONS", "2")], "ledger.max_connections"),
        (&[("BACKLOT_LEDGER__KEY", "abc")], "ledger.key"),
        (&[("BACKLOT_STORE__PUBLIC_BASE", "https://cdn.example")], "store.public_base"),
        (&[("BACKLOT_CALLBACKS__ALLOWED_RANGES", "10.0.0.0/8, nowhere")], "callbacks.allowed_ranges"),
        (&[("BACKLOT_CALLBACKS__LADDER_MS", "0")], "callbacks.ladder_ms"),
        (&[("BACKLOT_WORK__SUBMIT_CONCURRENCY", "0")], "work.submit_concurrency"),
        (&[("BACKLOT_STORE__S3__BUCKET", "b")], "store.folder"),
        (&[("BACKLOT_STORE__SPILL__MAX_BYTES", "3000000000")], "store.spill.folder"),
        (&[("BACKLOT_STORE__SPILL__FOLDER", "/srv/store/spill")], "store.spill.folder"),
        (
            &[("BACKLOT_STORE__SPILL__FOLDER", "/srv/spill"), ("BACKLOT_STORE__SPILL__MAX_BYTES", "1000")],
            "store.spill.max_bytes",
        ),
        (&[("BACKLOT_TRACES__ENDPOINT", "collector:4318")], "traces.endpoint"),
        (&[("BACKLOT_TRACES__SAMPLE_RATIO", "1.5")], "traces.sample_ratio"),
        (&[("BACKLOT_TRACES__HEADERS", "no header")], "traces.headers"),
    ];
    for (variables, key) in cases {
        assert_eq!(complained(LEAST, variables), [*key], "{variables:?}");
    }
}

#[test]
fn copies_have_to_fit_into_their_memory() {
    let bucket = LEAST
        .replace("folder = \"/srv/store\"", "[store.s3]\nbucket = \"b\"\naccess_key_id = \"a\"\npart_bytes = 16777216");
    let secret = ("BACKLOT_STORE__S3__SECRET_ACCESS_KEY", "0123456");
    assert_eq!(complained(&bucket, &[secret]), ["work.archive_concurrency"]);
    let fewer = ("BACKLOT_WORK__ARCHIVE_CONCURRENCY", "3");
    assert_eq!(complained(&bucket, &[secret, fewer]), [""; 0]);
    let narrow = ("BACKLOT_LIMITS__COPY_MEMORY_MAX_BYTES", "16777216");
    assert!(complained(&bucket, &[secret, fewer, narrow]).contains(&"limits.copy_memory_max_bytes".to_owned()));
    let zero = ("BACKLOT_STORE__S3__ATTEMPT_TIMEOUT_MS", "0");
    assert!(complained(&bucket, &[secret, fewer, zero]).contains(&"store.s3.attempt_timeout_ms".to_owned()));
    // Digits of a secret are text, however they look.
    let loaded = loaded(&bucket, &[secret]).expect("it is a configuration");
    let s3 = loaded.config.store.s3.expect("there is a bucket");
    assert_eq!(s3.secret_access_key.expect("it is set").expose(), "0123456");
}

#[test]
fn unknown_keys_are_refused_wherever_they_stand() {
    let text = loaded("[ledger]\nurls = \"x\"", &[]).expect_err("no such key").to_string();
    assert!(text.contains("backlot.toml") && text.contains("urls"), "{text}");
    let text = loaded(LEAST, &[("BACKLOT_LEDGER__URLS", "x")]).expect_err("no such key").to_string();
    assert!(text.contains("BACKLOT_LEDGER__URLS: there is no key ledger.urls"), "{text}");
    // Variables of other commands are not ours.
    assert_eq!(complained(LEAST, &[("BACKLOT_LOG", "debug"), ("BACKLOT_DATA", "/x")]), [""; 0]);
}

#[test]
fn no_complaint_quotes_a_value() {
    let text = LEAST.replace("[queue]", "max_connections = \"hunter2\"\n[queue]");
    let said = loaded(&text, &[]).expect_err("no number").to_string();
    assert!(said.contains("ledger.max_connections") && !said.contains("hunter2"), "{said}");
    let said = loaded("[ledger]\nurl = hunter2\n", &[]).expect_err("no TOML").to_string();
    assert!(said.contains("line 2") && !said.contains("hunter2"), "{said}");
}

#[test]
fn secrets_do_not_stand_in_the_file() {
    let text = LEAST.replace("[queue]", "key = \"abc\"\n[queue]").replace("redis://", "redis://u:hunter2@");
    let problems = load_from(Path::new("x"), &text, std::iter::empty()).expect("a configuration").problems;
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["ledger.key", "queue.url", "ledger.key"]);
    assert!(problems.iter().all(|problem| !problem.to_string().contains("hunter2")));
    assert!(problems[0].instead.contains("BACKLOT_LEDGER__KEY"), "{}", problems[0]);
}

#[test]
fn secrets_come_from_files() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("url");
    std::fs::write(&path, "postgres://u:hunter2@db/b\n").expect("it can be written");
    let text = LEAST.replace("url = \"postgres://backlot@db/backlot\"", &format!("url_file = {path:?}"));
    let loaded = loaded(&text, &[]).expect("a configuration");
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.config.ledger.url.as_ref().expect("it was read").expose(), "postgres://u:hunter2@db/b");
    assert!(!format!("{:?}", loaded.config).contains("hunter2"));
    std::fs::write(&path, "").expect("it can be written");
    assert_eq!(complained(&text, &[]), ["ledger.url_file", "ledger.url"]);
    assert_eq!(complained(&text, &[("BACKLOT_LEDGER__URL", "postgres://db/b")]), ["ledger.url"]);
}
