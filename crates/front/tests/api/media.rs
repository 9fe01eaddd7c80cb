//! `/media/…`.

use crate::harness::World;
use axum::body::Body;
use axum::http::Request;

const KEY: &str = "/media/task-artifacts/2026/11/22/midjourney/IMAGINE/a.png";

async fn send(world: &World, method: &str, path: &str, headers: &[(&str, &str)]) -> crate::harness::Reply {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::empty()).expect("is a request")).await
}

async fn world() -> World {
    let world = World::new().await;
    world.put(KEY.strip_prefix("/media/").expect("has the prefix"), "image/png", b"0123456789").await;
    world
}

#[tokio::test]
async fn a_file_is_answered_whole_and_in_parts() {
    let world = world().await;
    let whole = send(&world, "GET", KEY, &[]).await;
    assert_eq!((whole.status, &whole.body[..]), (200, &b"0123456789"[..]));
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "10"),
        ("accept-ranges", "bytes"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
        ("content-disposition", ""),
    ] {
        assert_eq!(whole.header(name), value, "{name}");
    }
    assert!(whole.header("cache-control").contains("immutable"));
    for (range, status, body, content_range) in [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=0-1,4-5", 200, "0123456789", ""),
    ] {
        let reply = send(&world, "GET", KEY, &[("range", range)]).await;
        assert_eq!((reply.status, str::from_utf8(&reply.body).expect("is text")), (status, body), "{range}");
        assert_eq!(reply.header("content-range"), content_range, "{range}");
    }
}

#[tokio::test]
async fn a_validator_spares_the_bytes() {
    let world = world().await;
    let etag = send(&world, "HEAD", KEY, &[]).await;
    assert_eq!((etag.status, etag.body.len(), etag.header("content-length")), (200, 0, "10"));
    let etag = etag.header("etag").to_owned();
    assert!(etag.starts_with('"'), "{etag}");
    assert_eq!(send(&world, "GET", KEY, &[("if-none-match", &etag)]).await.status, 304);
    assert_eq!(send(&world, "GET", KEY, &[("if-none-match", "\"other\"")]).await.status, 200);
    let range = ("range", "bytes=0-1");
    assert_eq!(send(&world, "GET", KEY, &[range, ("if-range", &etag)]).await.status, 206);
    assert_eq!(send(&world, "GET", KEY, &[range, ("if-range", "\"other\"")]).await.status, 200);
}

#[tokio::test]
async fn only_artifacts_and_uploads_are_served() {
    let world = world().await;
    world.put("inputs/2026/11/22/a.png", "image/png", b"secret").await;
    for path in [
        "/media/inputs/2026/11/22/a.png",
        "/media/task-artifacts/../inputs/2026/11/22/a.png",
        "/media/task-artifacts/%2e%2e/inputs/2026/11/22/a.png",
        "/media/task-artifacts/..%2finputs/2026/11/22/a.png",
        "/media/uploads/nothing.png",
        "/media/",
    ] {
        let reply = send(&world, "GET", path, &[]).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.body.windows(6).any(|part| part == b"secret"), "{path}");
    }
}

#[tokio::test]
async fn what_a_browser_might_run_is_saved_instead() {
    let world = world().await;
    for (key, kind) in [("uploads/a.svg", "image/svg+xml"), ("uploads/a.html", "text/html")] {
        world.put(key, kind, b"<svg onload=alert(1)>").await;
        let reply = send(&world, "GET", &format!("/media/{key}"), &[]).await;
        assert_eq!((reply.status, reply.header("content-disposition")), (200, "attachment"));
        assert!(reply.header("content-security-policy").contains("sandbox"));
    }
}
