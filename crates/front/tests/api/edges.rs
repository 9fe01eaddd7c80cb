//! Methods, paths, CORS, request ids, hosts.

use crate::harness::{World, assert_problem};
use axum::body::Body;
use axum::http::Request;

fn bare(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

#[tokio::test]
async fn unknown_paths_are_json_in_the_neighbours_shape() {
    let world = World::new().await;
    let reply = world.get("/nowhere").await;
    assert_problem(&reply, 404, "endpoint_not_found");
    assert_eq!(reply.json().as_object().map(serde_json::Map::len), Some(1), "outside a family: only `error`");
    let near = world.get("/mj/nowhere").await;
    assert_problem(&near, 404, "endpoint_not_found");
    assert_eq!(near.json()["code"], 3);
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let world = World::new().await;
    for (method, path, allow) in [
        ("GET", "/mj/submit/imagine", "POST, OPTIONS"),
        ("DELETE", "/v1/tasks", "GET, HEAD, OPTIONS"),
        ("POST", "/media/uploads/x", "GET, HEAD, OPTIONS"),
        ("PUT", "/mj/submit/imagine/", "POST, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("DELETE", "/docs", "GET, HEAD, OPTIONS"),
        ("GET", "/hooks/one/secret", "POST, OPTIONS"),
    ] {
        let reply = world.send(bare(method, path).body(Body::empty()).expect("is a request")).await;
        assert_problem(&reply, 405, "method_not_allowed");
        assert_eq!(reply.header("allow"), allow, "{method} {path}");
        assert_eq!(reply.headers.get_all("allow").iter().count(), 1, "{method} {path}");
    }
    let head = world.send(bare("HEAD", "/mj/submit/imagine").body(Body::empty()).expect("is a request")).await;
    assert_eq!((head.status, head.header("allow"), head.body.len()), (405, "POST, OPTIONS", 0));
}

#[tokio::test]
async fn head_is_wherever_get_is() {
    let world = World::new().await;
    let id = world.imagine("a cat").await;
    for path in [
        format!("/mj/task/{id}/fetch"),
        "/v1/tasks".into(),
        format!("/v1/tasks/{id}"),
        "/healthz".into(),
        "/".into(),
        "/docs".into(),
        "/openapi.json".into(),
        "/readyz".into(),
    ] {
        let get = world.get(&path).await;
        let head = world.send(world.request("HEAD", &path).body(Body::empty()).expect("is a request")).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    let events = world.request("HEAD", &format!("/v1/tasks/{id}/events")).body(Body::empty()).expect("is a request");
    assert_eq!(world.send(events).await.header("content-type"), "text/event-stream");
}

#[tokio::test]
async fn a_script_of_any_origin_may_use_the_api_and_no_page() {
    let world = World::new().await;
    for path in ["/mj/submit/imagine", "/v1/tasks", "/media/uploads/x.png", "/nowhere"] {
        let preflight = bare("OPTIONS", path)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, x-odd");
        let reply = world.send(preflight.body(Body::empty()).expect("is a request")).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, "*"), "{path}");
        assert_eq!(reply.header("access-control-allow-headers"), "authorization, x-odd", "{path}");
        assert!(reply.header("access-control-allow-methods").contains("DELETE"), "{path}");
        assert_eq!(reply.header("access-control-allow-credentials"), "", "{path}");
        let refused = world.send(bare("GET", path).body(Body::empty()).expect("is a request")).await;
        assert_eq!(refused.header("access-control-allow-origin"), "*", "errors can be read too: {path}");
        assert!(refused.header("access-control-expose-headers").contains("x-request-id"), "{path}");
    }
    for path in ["/", "/docs", "/healthz", "/admin/v1/verbs", "/hooks/one/secret"] {
        let reply = world.send(bare("OPTIONS", path).body(Body::empty()).expect("is a request")).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, ""), "{path}");
        assert_eq!(world.get(path).await.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let world = World::new().await;
    for path in ["/", "/nowhere", "/v1/tasks", "/media/x", "/healthz"] {
        let reply = world.get(path).await;
        assert!(reply.header("x-request-id").starts_with("req_"), "{path}");
        let request = world.request("GET", path).header("x-request-id", "mine-1").body(Body::empty());
        assert_eq!(world.send(request.expect("is a request")).await.header("x-request-id"), "mine-1", "{path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_loses_nothing() {
    let world = World::new().await;
    let reply = world.post("/mj/submit/imagine/", serde_json::json!({ "prompt": "a cat" })).await;
    assert_eq!(reply.json()["code"], 1);
    for path in ["/v1/tasks/?limit=1", "/v1/tasks//", "/docs/", "/healthz/"] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    let preflight = bare("OPTIONS", "/mj/submit/imagine/").body(Body::empty()).expect("is a request");
    assert_eq!(world.send(preflight).await.status, 204);
}

#[tokio::test]
async fn in_dev_a_foreign_host_is_refused() {
    let dev = |settings: &mut front::Settings| {
        settings.dev = Some(front::Dev { token_path: "/nonexistent/token".into() });
    };
    let world = World::with(dev).await;
    for (host, refused) in [("evil.example", true), ("127.0.0.1:8080", false), ("localhost", false)] {
        let request = world.request("GET", "/v1/tasks").header("host", host).body(Body::empty()).expect("is a request");
        assert_eq!(world.send(request).await.status == 421, refused, "{host}");
    }
}
