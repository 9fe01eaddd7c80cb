//! The operator's verbs, over HTTP as the command line uses them.

use crate::world::{ADMIN_SECRET, NOW_MS, VENDOR_URL, World, verb_request};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use queue::Lane;
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex};
use task::{Clock, Details, Failure, FailureKind, Kind, Output, Role, Source, Spec, State, Step, Task};

fn list() -> Value {
    json!({ "verb": "token_list" })
}

#[tokio::test]
async fn only_a_loopback_peer_with_the_secret_is_heard() {
    let world = World::new().await;
    let cases = [
        ("127.0.0.1:5000", "localhost:8080", ADMIN_SECRET, StatusCode::OK),
        ("[::1]:5000", "127.0.0.1", ADMIN_SECRET, StatusCode::OK),
        ("[::ffff:127.0.0.1]:5000", "[::1]:8080", ADMIN_SECRET, StatusCode::OK),
        ("10.0.0.9:5000", "localhost:8080", ADMIN_SECRET, StatusCode::FORBIDDEN),
        ("127.0.0.1:5000", "evil.test", ADMIN_SECRET, StatusCode::FORBIDDEN),
        ("127.0.0.1:5000", "localhost:8080", "wrong", StatusCode::UNAUTHORIZED),
        ("127.0.0.1:5000", "localhost:8080", "", StatusCode::UNAUTHORIZED),
    ];
    for (peer, host, secret, status) in cases {
        let answer = world.send(verb_request(&list(), peer, host, secret)).await;
        assert_eq!(answer.status, status, "{peer} {host}: {}", answer.text);
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn a_browser_s_page_and_a_peer_without_an_address_are_refused() {
    let world = World::new().await;
    let mut from_page = verb_request(&list(), "127.0.0.1:1", "localhost:8080", ADMIN_SECRET);
    from_page.headers_mut().insert("origin", "http://localhost:8080".parse().expect("is a header value"));
    assert_eq!(world.send(from_page).await.status, StatusCode::FORBIDDEN);
    let nameless = Request::post("/admin/v1/verbs").header("host", "localhost").body(Body::from(list().to_string()));
    assert_eq!(world.send(nameless.expect("is a request")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_no_verb_is_refused_without_being_quoted() {
    let world = World::new().await;
    for (body, named) in [
        (json!({ "verb": "drop_tables" }), "expected one of `token_create`"),
        (json!({ "verb": "token_create" }), "missing field `name`"),
        (json!({ "verb": "token_create", "name": "a", "qouta": 1 }), "unknown field `qouta`"),
        (
            json!({ "verb": "channel_add", "name": "a", "dialect": "d", "base_url": "u", "key": ["sk-very-secret"] }),
            "type",
        ),
        (
            json!({ "verb": "channel_add", "name": "a", "dialect": "d", "base_url": "u", "weight": "sk-very-secret" }),
            "type",
        ),
        (json!(["sk-very-secret"]), ""),
    ] {
        let answer = world.verb(body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        assert!(answer.text.contains(named), "{}", answer.text);
        assert!(!answer.text.contains("very-secret"), "{}", answer.text);
    }
    let answer = world.verb(json!({ "verb": "token_create", "name": "x".repeat(70_000) })).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_token_s_key_is_shown_once_and_kept_as_a_hash() {
    let world = World::new().await;
    let (key, id) = world.token("ci", Some(5)).await;
    assert!(key.starts_with("sk-") && key.len() == 51, "{key}");
    let kept = world.front.ledger.token_by_hash(&front::admin::key_hash(&key)).await.expect("the ledger answers");
    assert_eq!(kept.map(|t| (t.id, t.granted, t.unlimited)), Some((id, 5, false)));

    let listed = world.verb(list()).await;
    assert!(!listed.text.contains(&key[5..40]), "only the mask is listed: {}", listed.text);
    let row = &listed.json()["tokens"][0];
    assert_eq!((&row["name"], &row["left"], &row["state"]), (&json!("ci"), &json!(5), &json!("usable")));
    assert_eq!(row["key"], json!(format!("sk-{}…{}", &key[3..5], &key[47..])));
}

#[tokio::test]
async fn tokens_are_checked_and_revoked() {
    let world = World::new().await;
    for bad in [
        json!({ "verb": "token_create", "name": " " }),
        json!({ "verb": "token_create", "name": "x".repeat(51) }),
        json!({ "verb": "token_create", "name": "a\nb" }),
        json!({ "verb": "token_create", "name": "a", "quota": -1 }),
        json!({ "verb": "token_create", "name": "a", "expires_ms": NOW_MS }),
    ] {
        assert_eq!(world.verb(bad.clone()).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    let (key, _) = world.token("ci", None).await;
    world.done(json!({ "verb": "token_revoke", "id_or_name": "ci" })).await;
    let token = world.front.ledger.token_by_hash(&front::admin::key_hash(&key)).await.expect("the ledger answers");
    assert!(!token.expect("the row stays").is_usable(NOW_MS));
    let missing = world.verb(json!({ "verb": "token_revoke", "id_or_name": "nobody" })).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_channel_is_checked_field_by_field() {
    let world = World::new().await;
    let good = json!({ "verb": "channel_add", "name": "proxy", "dialect": "midjourney_proxy",
        "base_url": "https://proxy.vendor.test" });
    for (field, bad) in [
        ("name", json!("")),
        ("name", json!("Proxy")),
        ("name", json!("../x")),
        ("name", json!("-x")),
        ("dialect", json!("smoke_signals")),
        ("base_url", json!("proxy.vendor.test")),
        ("base_url", json!("ftp://proxy.vendor.test")),
        ("base_url", json!("https://user:pw@proxy.vendor.test")),
        ("base_url", json!("https://proxy.vendor.test/?key=1")),
        ("key", json!("vendor-key\n")),
        ("models", json!(["mj_imagine", "mj_imagine=x"])),
        ("models", json!(["mj_imagine="])),
        ("models", json!(["*=x"])),
        ("limits", json!({ "slots": -1 })),
        ("limits", json!({ "burst": 0 })),
        ("weight", json!(0)),
        ("priority", json!(1001)),
        ("options", json!({ "no_such_option": true })),
    ] {
        let mut verb = good.clone();
        verb[field] = bad.clone();
        let answer = world.verb(verb).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field} {bad}: {}", answer.text);
        assert_eq!(answer.json()["error"]["field"], field, "{bad}");
        assert!(!answer.text.contains("vendor-key"));
    }
    assert!(world.front.ledger.channels().await.expect("the ledger answers").is_empty());
}

#[tokio::test]
async fn a_channel_is_used_at_once_and_never_shows_its_secrets() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let secret = hook.rsplit('/').next().expect("ends with the secret");
    let known = world.front.channels.get("proxy").expect("the cache was refreshed");
    assert_eq!((known.base_url.as_str(), known.key.expose()), ("https://proxy.vendor.test", "vendor-key"));
    let listed = world.verb(json!({ "verb": "channel_list" })).await;
    assert_eq!(listed.json()["channels"][0]["has_key"], json!(true));
    assert!(!listed.text.contains("vendor-key") && !listed.text.contains(secret), "{}", listed.text);

    world.done(json!({ "verb": "channel_pause", "name": "proxy" })).await;
    assert!(world.front.channels.get("proxy").is_some_and(|c| c.paused));
    assert!(world.front.scheduler.gate("proxy").await.expect("the queue answers").paused);
    world.done(json!({ "verb": "channel_resume", "name": "proxy" })).await;
    assert!(!world.front.scheduler.gate("proxy").await.expect("the queue answers").paused);
    world.done(json!({ "verb": "channel_remove", "name": "proxy" })).await;
    assert_eq!(world.done(json!({ "verb": "channel_list" })).await["channels"], json!([]));
    for verb in ["channel_pause", "channel_remove"] {
        let missing = world.verb(json!({ "verb": verb, "name": "nosuch" })).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_change_keeps_key_and_hook_and_needs_to_be_asked_for() {
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let mut verb = json!({ "verb": "channel_add", "name": "proxy", "dialect": "midjourney_proxy",
        "base_url": "https://other.vendor.test", "limits": { "slots": 3, "rate_per_min": 60, "burst": 2 } });
    assert_eq!(world.verb(verb.clone()).await.status, StatusCode::CONFLICT);
    verb["replace"] = json!(true);
    assert_eq!(world.done(verb).await["hook_url"], Value::Null, "a hook's secret is shown once");
    let known = world.front.channels.get("proxy").expect("it is there");
    assert_eq!((known.key.expose(), known.limits.slots), ("vendor-key", 3));
    assert!(hook.ends_with(known.hook_secret.expose()));
}

#[tokio::test]
async fn what_is_to_be_known_of_a_channel_s_models_is_said() {
    let world = World::new().await;
    let retired = task::catalogue::all().iter().find(|model| {
        model.standing == task::catalogue::Standing::Retired && model.upstream.contains_key("openai_videos")
    });
    let retired = &retired.expect("the catalogue has one").name;
    let verb = json!({ "verb": "channel_add", "name": "relay", "dialect": "openai_videos",
        "base_url": "https://relay.vendor.test/v1", "models": [retired, "own-model"] });
    let added = world.done(verb).await;
    let said: Vec<&str> = added["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("own-model is not in the catalogue"), "{said:?}");
    assert!(said[1].starts_with(&format!("{retired}: retired since 20")), "{said:?}");
    let listed = world.done(json!({ "verb": "channel_list" })).await;
    assert_eq!(listed["channels"][0]["notes"], json!([said[1]]));
    let plain = world.channel("proxy").await;
    assert!(!plain.is_empty());
    let listed = world.done(json!({ "verb": "channel_list" })).await;
    let proxy = listed["channels"].as_array().into_iter().flatten().find(|channel| channel["name"] == "proxy");
    assert_eq!(proxy.expect("was added")["notes"], json!([]));
}

#[tokio::test]
async fn a_task_is_shown_without_vendor_urls_or_secrets() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (key, token) = world.token("t", None).await;
    let task = world.opened(token, "proxy", "a cat", Some("https://user:pw@caller.test/cb?sig=caller")).await;
    world.running(&task, "op-1").await;
    let outputs = vec![Output::new(Role::Image, Source::Url(VENDOR_URL.into()))];
    let details = Details { description: Some(format!("see {VENDOR_URL}")), ..Details::default() };
    world.step(&task, Step::Answer { outputs, details }).await;

    let answer = world.verb(json!({ "verb": "task_show", "id": task.id })).await;

    let shown = answer.json();
    assert_eq!(shown["task"]["state"], "archiving");
    assert_eq!(shown["task"]["operation_id"], "op-1");
    assert_eq!(shown["task"]["spec"], json!({ "kind": "image", "prompt": "a cat", "inputs": [], "extras": {} }));
    let steps: Vec<&str> =
        shown["events"].as_array().into_iter().flatten().filter_map(|e| e["step"].as_str()).collect();
    assert_eq!(steps, ["open", "take_lease", "accept", "answer"]);
    assert_eq!(shown["callbacks"][0]["to"], "https://caller.test/…");
    for secret in ["vendor-signature", "sig=", "user:pw", "vendor-key", &key] {
        assert!(!answer.text.contains(secret), "{secret} in {}", answer.text);
    }
    let missing = world.verb(json!({ "verb": "task_show", "id": "task_00000000000000000000000000" })).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn tasks_are_listed_newest_first_and_paged() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (_, token) = world.token("t", None).await;
    let mut ids = Vec::new();
    for prompt in ["one", "two", "three"] {
        world.clock.advance_ms(10);
        ids.push(world.task(token, "proxy", prompt).await.id.to_string());
    }
    let page = world.done(json!({ "verb": "task_list", "limit": 2, "token": "t" })).await;
    assert_eq!((&page["tasks"][0]["id"], &page["tasks"][1]["id"]), (&json!(ids[2]), &json!(ids[1])));
    assert_eq!(page["has_more"], json!(true));
    let rest = world.done(json!({ "verb": "task_list", "before": ids[1], "states": ["queued"] })).await;
    assert_eq!((&rest["tasks"][0]["id"], &rest["has_more"]), (&json!(ids[0]), &json!(false)));
    let none = world.done(json!({ "verb": "task_list", "states": ["failed"] })).await;
    assert_eq!(none["tasks"], json!([]));
    assert_eq!(world.verb(json!({ "verb": "task_list", "limit": 101 })).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_failed_task_is_retried_as_a_new_one() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (_, token) = world.token("t", Some(10)).await;
    let old = world.opened(token, "proxy", "a cat", Some("https://caller.test/cb")).await;
    let failure = Failure::never(FailureKind::Upstream, "no luck", "no luck");
    let old = world.step(&old, Step::Fail(failure)).await;

    let answer = world.done(json!({ "verb": "task_retry", "id": old.id })).await;

    let id = answer["task"].as_str().and_then(|id| id.parse().ok()).expect("has an id");
    let new = world.read(id).await;
    assert_eq!((new.state, new.retry_of, &new.spec, new.token), (State::Queued, Some(old.id), &old.spec, old.token));
    assert!(new.failure.is_none() && new.deadline_ms > world.clock.now_ms());
    assert_eq!(world.read(old.id).await, old, "the old one stays as it ended");
    assert_eq!(world.due(Lane::Submit).await, [id]);
    assert_eq!(world.front.ledger.callbacks(id).await.expect("the ledger answers").len(), 1);
    let tokens = world.front.ledger.tokens().await.expect("the ledger answers");
    assert_eq!(tokens[0].reserved, 1, "the new one has a reserve of its own");
    let again = world.verb(json!({ "verb": "task_retry", "id": id })).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
}

/// A channel of another dialect than the world's usual one.
async fn other_channel(world: &World, name: &str, dialect: &str) {
    let base_url = format!("https://{name}.vendor.test");
    world.done(json!({ "verb": "channel_add", "name": name, "dialect": dialect, "base_url": base_url })).await;
}

#[tokio::test]
async fn a_retry_goes_where_its_parent_is_and_is_fitted_anew() {
    let world = World::new().await;
    let (_, token) = world.token("t", None).await;
    let retried = async |change: &dyn Fn(&mut Task)| {
        let old = world.other(token, change).await;
        let failure = Failure::never(FailureKind::Upstream, "no luck", "no luck");
        let old = world.step(&old, Step::Fail(failure)).await;
        let answer = world.done(json!({ "verb": "task_retry", "id": old.id })).await;
        world.read(answer["task"].as_str().and_then(|id| id.parse().ok()).expect("has an id")).await
    };
    other_channel(&world, "films", "openai_videos").await;
    let film = retried(&|task| {
        (task.family, task.model, task.channel) = ("openai_video".into(), "sora-2".into(), "films".into());
        task.spec = Spec { seconds: Some(5.0), ..Spec::new(Kind::Video) };
    });
    let film = film.await;
    assert_eq!((film.seconds(), film.spec.seconds, film.warnings.len()), (Some(8.0), Some(5.0), 1));

    let parent = film.id;
    let song = |task: &mut Task| {
        (task.family, task.model, task.channel) = ("suno".into(), "suno_music".into(), "songs-b".into());
        task.spec = Spec { parent: Some(parent), ..Spec::new(Kind::Music) };
    };
    for name in ["songs-a", "songs-b"] {
        other_channel(&world, name, "suno_api").await;
    }
    let same = retried(&song).await;
    assert_eq!((same.channel.as_str(), same.spec.parent), ("songs-b", Some(parent)));
    world.done(json!({ "verb": "channel_remove", "name": "songs-b" })).await;
    let elsewhere = retried(&song).await;
    assert_eq!((elsewhere.channel.as_str(), elsewhere.spec.parent), ("songs-a", None), "it means nothing there");
}

#[tokio::test]
async fn a_retry_needs_quota_and_a_channel() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (_, token) = world.token("t", Some(1)).await;
    let old = world.task(token, "proxy", "a cat").await;
    let old = world.step(&old, Step::Cancel).await;
    world.task(token, "proxy", "takes the last quota").await;
    let answer = world.verb(json!({ "verb": "task_retry", "id": old.id })).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("quota"), "{}", answer.text);
    world.done(json!({ "verb": "channel_remove", "name": "proxy" })).await;
    let answer = world.verb(json!({ "verb": "task_retry", "id": old.id })).await;
    assert!(answer.status == StatusCode::CONFLICT && answer.text.contains("channel"), "{}", answer.text);
}

#[tokio::test]
async fn a_queued_task_is_cancelled_and_its_reserve_given_back() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (_, token) = world.token("t", Some(1)).await;
    let task = world.opened(token, "proxy", "a cat", Some("https://caller.test/cb")).await;
    world.schedule(Lane::Submit, &task).await;

    let answer = world.done(json!({ "verb": "task_cancel", "id": task.id })).await;

    assert_eq!(answer["state"], "cancelled");
    let tokens = world.front.ledger.tokens().await.expect("the ledger answers");
    assert_eq!((tokens[0].reserved, tokens[0].left()), (0, 1));
    let events = world.front.ledger.events(task.id).await.expect("the ledger answers");
    assert_eq!(events.last().map(|e| &e.note["who"]), Some(&json!("operator")));
    assert_eq!(world.due(Lane::Notify).await, [task.id]);
    let again = world.verb(json!({ "verb": "task_cancel", "id": task.id })).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_doubt_ends_as_the_operator_says() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (_, token) = world.token("t", None).await;
    let cases = [
        (json!({ "arrived": { "operation_id": "op-7" } }), State::Running, Lane::Poll),
        (json!("not_arrived"), State::Queued, Lane::Submit),
        (json!("resubmit"), State::Queued, Lane::Submit),
    ];
    for (verdict, state, lane) in cases {
        let task = world.task(token, "proxy", "a cat").await;
        let before = world.uncertain(&task).await;
        world.front.scheduler.join_slots("proxy", &[task.id]).await.expect("the queue answers");
        world.done(json!({ "verb": "task_resolve", "id": task.id, "as": verdict })).await;
        let after = world.read(task.id).await;
        assert_eq!((after.state, after.client), (state, before.client), "{verdict}");
        let holders = world.front.scheduler.slot_members("proxy").await.expect("the queue answers");
        assert_eq!(holders.contains(&task.id), state.holds_slot(), "{verdict}");
        assert_eq!(world.due(lane).await, [task.id], "{verdict}");
        world.front.scheduler.remove(lane, &[task.id]).await.expect("the queue answers");
        world.front.scheduler.leave_slots("proxy", &[task.id]).await.expect("the queue answers");
    }
    let task = world.task(token, "proxy", "a cat").await;
    world.uncertain(&task).await;
    let taken = json!({ "verb": "task_resolve", "id": task.id, "as": { "arrived": { "operation_id": "op-7" } } });
    assert_eq!(world.verb(taken).await.status, StatusCode::CONFLICT, "the first task has that operation");
    world.done(json!({ "verb": "task_resolve", "id": task.id, "as": "fail" })).await;
    let failed = world.read(task.id).await;
    assert_eq!((failed.state, failed.failure.map(|f| f.kind)), (State::Failed, Some(FailureKind::Uncertain)));
    let again = world.verb(json!({ "verb": "task_resolve", "id": task.id, "as": "fail" })).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "there is no doubt any more");
}

/// Everything that is logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_holds_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let world = World::new().await;
    let hook = world.channel("proxy").await;
    let (key, token) = world.token("dev", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    world.running(&task, "op").await;
    world.get("/").await;
    world.verb(json!({ "verb": "task_show", "id": task.id })).await;
    world.verb(json!({ "verb": "token_revoke", "id_or_name": "nobody" })).await;
    world.send(verb_request(&list(), "127.0.0.1:1", "localhost", "wrong-admin-secret")).await;
    let callback = Request::post(&hook).body(Body::from("{}")).expect("is a request");
    world.send(callback).await;

    let text = String::from_utf8_lossy(&log.0.lock().expect("no writer panics")).into_owned();
    assert!(text.contains("operator"), "verbs are logged: {text}");
    let hook_secret = hook.rsplit('/').next().expect("ends with the secret");
    for secret in [&key[3..], "vendor-key", hook_secret, ADMIN_SECRET, "wrong-admin-secret", "vendor-signature"] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
