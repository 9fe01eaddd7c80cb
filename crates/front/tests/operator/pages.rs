//! The pages for people.

use crate::world::World;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use task::{Artifact, Details, Failure, FailureKind, Output, Role, Source, State, Step, Task};

const PAGES: [&str; 4] = ["/", "/docs", "/openapi.json", "/start/tasks"];

async fn imagine(world: &World, headers: &[(&str, &str)], body: Value) -> (StatusCode, Value) {
    let request = Request::post("/start/submit");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = world.send(request.body(Body::from(body.to_string())).expect("is a request")).await;
    (answer.status, answer.json())
}

const OURS: [(&str, &str); 3] =
    [("host", "localhost:8080"), ("origin", "http://localhost:8080"), ("x-backlot-start", "1")];

/// Brings a task to its end with one picture.
pub async fn succeed(world: &World, task: &Task) -> Task {
    world.running(task, "op").await;
    let source = Source::Url("https://cdn.vendor.test/x?sig=vendor-signature".into());
    let outputs = vec![Output::new(Role::Image, source)];
    world.step(task, Step::Answer { outputs, details: Details::default() }).await;
    let key = format!("task-artifacts/2026/09/21/midjourney/imagine/{}.png", task.id);
    let artifact = Artifact {
        position: 0,
        role: Role::Image,
        piece: 0,
        key,
        content_type: "image/png".into(),
        bytes: 10,
        sha256: "00".repeat(32),
        width: Some(4),
        height: Some(4),
        duration_ms: None,
        late: false,
    };
    world.step(task, Step::Store { artifacts: vec![artifact], warnings: Vec::new() }).await
}

#[tokio::test]
async fn the_start_page_explains_itself_and_shows_no_token() {
    let world = World::new().await;
    let (key, _) = world.token("dev", None).await;
    let page = world.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.headers["content-type"].to_str().expect("is text").starts_with("text/html"));
    let path = world.dir.path().join("token");
    assert!(page.text.contains(&format!("Authorization: Bearer $(cat {})", path.display())), "{}", page.text);
    assert!(page.text.contains("http://localhost:8080/mj/submit/imagine"));
    assert!(page.text.contains("Nothing here yet"));
    for link in ["/docs", "/readyz", "/metrics"] {
        assert!(page.text.contains(&format!("href=\"{link}\"")), "{link}");
    }
    for path in PAGES {
        assert!(!world.get(path).await.text.contains(&key[3..]), "{path} shows the token");
    }
}

#[tokio::test]
async fn nothing_runs_or_loads_but_what_the_policy_names() {
    let world = World::new().await;
    world.token("dev", None).await;
    for path in ["/", "/docs"] {
        let page = world.get(path).await;
        let policy = page.headers["content-security-policy"].to_str().expect("is text");
        assert!(policy.starts_with("default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert!(!page.headers.contains_key("access-control-allow-origin"));
        assert!(
            !page.text.contains(" style=\"") && !page.text.contains(" onclick"),
            "inline attributes would not work"
        );
        assert!(!page.text.contains("src=\"http"), "no outside files");
    }
}

#[tokio::test]
async fn in_dev_a_foreign_host_gets_nothing() {
    let world = World::new().await;
    world.token("dev", None).await;
    for path in PAGES {
        for host in ["evil.test", "localhost.evil.test:8080", "10.1.2.3:8080"] {
            let request = Request::get(path).header("host", host).body(Body::empty()).expect("is a request");
            let answer = world.send(request).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}{path}");
        }
        let nameless = Request::get(path).body(Body::empty()).expect("is a request");
        assert_eq!(world.send(nameless).await.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn outside_of_dev_there_is_no_form_and_no_list() {
    let world = World::new().await.without_dev();
    let request = Request::get("/").header("host", "media.example.com").body(Body::empty()).expect("is a request");
    let page = world.send(request).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Bearer $BACKLOT_KEY"));
    assert!(!page.text.contains("<form") && !page.text.contains("Latest tasks"));
    assert_eq!(world.get("/start/tasks").await.status, StatusCode::NOT_FOUND);
    let request = Request::post("/start/submit").header("host", "localhost").body(Body::from("{}"));
    assert_eq!(world.send(request.expect("is a request")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_form_opens_a_task_that_the_list_shows() {
    let world = World::new().await;
    world.channel("proxy").await;
    world.token("dev", None).await;
    let (status, body) = imagine(&world, &OURS, json!({ "prompt": "a <b>lighthouse</b>" })).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let feed = world.get("/start/tasks").await.json();
    assert_eq!((&feed["tasks"][0]["id"], &feed["unfinished"]), (&body["id"], &json!(1)));
    assert_eq!(feed["tasks"][0]["status"], "queued");
    let html = feed["tasks"][0]["html"].as_str().expect("is text");
    assert!(html.contains("a &lt;b&gt;lighthouse") && !html.contains("<b>"), "{html}");
    let id = body["id"].as_str().and_then(|id| id.parse().ok()).expect("has an id");
    let task = world.read(id).await;
    assert_eq!(
        (task.state, task.action.as_str(), task.spec.prompt.as_str()),
        (State::Queued, "IMAGINE", "a <b>lighthouse</b>")
    );
}

#[tokio::test]
async fn only_the_page_itself_may_use_the_form() {
    let world = World::new().await;
    world.channel("proxy").await;
    world.token("dev", None).await;
    let prompt = json!({ "prompt": "a cat" });
    for headers in [
        vec![("host", "localhost:8080")],
        vec![("host", "localhost:8080"), ("x-backlot-start", "1"), ("origin", "http://evil.test")],
        vec![("host", "localhost:8080"), ("x-backlot-start", "1"), ("origin", "null")],
        vec![("host", "localhost:8080"), ("x-backlot-start", "1"), ("origin", "http://localhost:9090")],
        vec![("host", "localhost:8080"), ("x-backlot-start", "1"), ("sec-fetch-site", "cross-site")],
        vec![("host", "evil.test"), ("x-backlot-start", "1"), ("origin", "http://evil.test")],
        vec![("x-backlot-start", "1")],
    ] {
        let (status, body) = imagine(&world, &headers, prompt.clone()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?} {body}");
    }
    assert_eq!(world.get("/start/tasks").await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn the_form_says_what_is_wrong() {
    let world = World::new().await;
    let without_token = imagine(&world, &OURS, json!({ "prompt": "a cat" })).await;
    assert_eq!(without_token.0, StatusCode::SERVICE_UNAVAILABLE, "{}", without_token.1);
    let (key, _) = world.token("dev", None).await;
    for (body, status, words) in [
        (json!({ "prompt": "  " }), StatusCode::BAD_REQUEST, "write a prompt"),
        (json!({ "prompt": "x".repeat(8_193) }), StatusCode::BAD_REQUEST, "8192"),
        (json!({ "prompt": 5 }), StatusCode::BAD_REQUEST, "prompt"),
        (json!({ "prompt": "x".repeat(70_000) }), StatusCode::PAYLOAD_TOO_LARGE, "too long"),
        (json!({ "prompt": "something forbidden" }), StatusCode::BAD_REQUEST, "forbidden"),
        (json!({ "prompt": "a cat" }), StatusCode::SERVICE_UNAVAILABLE, "mj_imagine"),
    ] {
        let (seen, answer) = imagine(&world, &OURS, body).await;
        let message = answer["error"]["message"].as_str().expect("says why");
        assert_eq!(seen, status, "{message}");
        assert!(message.contains(words) && !message.contains(&key), "{message}");
    }
    world.done(json!({ "verb": "token_revoke", "id_or_name": "dev" })).await;
    let (status, answer) = imagine(&world, &OURS, json!({ "prompt": "a cat" })).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains("revoked")), "{answer}");
    assert!(world.get("/").await.text.contains("was revoked"), "the page says so too");
}

#[tokio::test]
async fn a_card_tells_progress_then_picture_then_nothing_new() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (_, token) = world.token("dev", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    let task = world.running(&task, "op").await;
    world.front.ledger.note_progress(task.id, 46, None);
    let feed = world.get("/start/tasks").await.json();
    assert_eq!((&feed["tasks"][0]["progress"], &feed["tasks"][0]["status"]), (&json!(46), &json!("in_progress")));

    let other = world.task(token, "proxy", "a dog").await;
    let other = succeed(&world, &other).await;
    let picture = format!("src=\"http://localhost:8080/media/{}\"", other.artifacts[0].key);
    let feed = world.get("/start/tasks").await.json();
    let card = feed["tasks"][0]["html"].as_str().expect("is text").to_owned();
    assert!(card.contains(&picture) && !card.contains("vendor"), "{card}");
    world.clock.advance_ms(60_000);
    let later = world.get("/start/tasks").await.json();
    assert_eq!(later["tasks"][0]["html"], json!(card), "an ended card never changes, so its picture stays");
    assert_ne!(later["tasks"][1]["html"], feed["tasks"][1]["html"], "the other one still counts its seconds");
}

#[tokio::test]
async fn a_film_is_played_on_its_card_and_a_song_below_its_cover() {
    let world = World::new().await;
    let (_, token) = world.token("dev", None).await;
    let file = |task: &Task, position: i64, role: Role, content_type: &str| Artifact {
        position,
        role,
        piece: 0,
        key: format!("task-artifacts/2026/09/21/any/any/{}-{position}", task.id),
        content_type: content_type.into(),
        bytes: 10,
        sha256: "00".repeat(32),
        width: None,
        height: None,
        duration_ms: Some(5_000),
        late: false,
    };
    let finished = async |role: Role, content_type: &str, has_cover: bool| {
        let task = world.task(token, "proxy", "a wave").await;
        world.running(&task, "op").await;
        world.step(&task, Step::Answer { outputs: vec![], details: Details::default() }).await;
        // The cover comes first, as some vendors name it.
        let cover = has_cover.then(|| file(&task, 0, Role::Cover, "image/jpeg"));
        let artifacts = cover.into_iter().chain([file(&task, 1, role, content_type)]).collect();
        world.step(&task, Step::Store { artifacts, warnings: Vec::new() }).await;
        let url = format!("http://localhost:8080/media/task-artifacts/2026/09/21/any/any/{}", task.id);
        let feed = world.get("/start/tasks").await.json();
        let card = feed["tasks"].as_array().expect("is a list").iter().find(|card| card["id"] == json!(task.id));
        (card.expect("is among the newest")["html"].as_str().expect("is text").to_owned(), url)
    };
    let (film, url) = finished(Role::Video, "video/mp4", true).await;
    assert!(film.contains(&format!("<video src=\"{url}-1#t=0.1\" poster=\"{url}-0\"")), "{film}");
    let (bare, url) = finished(Role::Video, "video/mp4", false).await;
    assert!(bare.contains(&format!("<video src=\"{url}-1#t=0.1\" controls")), "{bare}");
    let (song, url) = finished(Role::Audio, "audio/mpeg", true).await;
    let cover = song.find(&format!("<img src=\"{url}-0\"")).expect("has its cover");
    assert!(song.find(&format!("<audio src=\"{url}-1\"")).is_some_and(|player| player > cover), "{song}");
}

#[tokio::test]
async fn a_failure_is_shown_in_its_public_words_and_others_tasks_are_not() {
    let world = World::new().await;
    world.channel("proxy").await;
    let (_, stranger) = world.token("stranger", None).await;
    world.task(stranger, "proxy", "somebody else's").await;
    let (_, token) = world.token("dev", None).await;
    let task = world.task(token, "proxy", "a cat").await;
    let failure = Failure::never(FailureKind::Moderation, "not this one", "private words");
    world.step(&task, Step::Fail(failure)).await;
    let page = world.get("/").await;
    assert!(page.text.contains("not this one (refused by moderation)"));
    assert!(!page.text.contains("private words") && !page.text.contains("somebody else"));
}

#[tokio::test]
async fn the_reference_has_every_route_and_an_example_for_each() {
    let world = World::new().await;
    world.token("dev", None).await;
    let document = world.get("/openapi.json").await.json();
    let page = world.get("/docs").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text.contains("id=\"task-list\""), "the start page's script does nothing here");
    let paths = document["paths"].as_object().expect("has paths");
    assert!(!paths.is_empty());
    for path in paths.keys() {
        assert!(page.text.contains(&format!("<code>{path}</code>")), "{path} is missing");
    }
    for family in contracts::all() {
        assert!(page.text.contains(&format!("id=\"family-{}\"", family.name())), "{} is missing", family.name());
    }
    assert!(
        page.text.contains("curl http://localhost:8080/mj/submit/imagine"),
        "the plain prefix stands for the others"
    );
    assert!(page.text.contains("curl http://localhost:8080/v1/models/sora-2"), "a model's name is no task's id");
}
