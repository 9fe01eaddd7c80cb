//! Callers: who they are, how they ask, and what they saw so far.

use crate::world::World;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A caller's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tenant {
    /// With a quota.
    Limited,
    /// Without one.
    Unlimited,
    /// One that never submits anything.
    Stranger,
}

impl Tenant {
    /// Everybody.
    pub const ALL: [Self; 3] = [Self::Limited, Self::Unlimited, Self::Stranger];

    /// The name of the token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Unlimited => "unlimited",
            Self::Stranger => "stranger",
        }
    }

    /// The key, as it is sent.
    pub fn key(self) -> &'static str {
        match self {
            Self::Limited => "sk-limited00000000000000000000000000000000000000000000",
            Self::Unlimited => "sk-unlimited000000000000000000000000000000000000000000",
            Self::Stranger => "sk-stranger0000000000000000000000000000000000000000000",
        }
    }
}

/// What a caller was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// JSON body; null when it was none.
    pub body: Value,
}

impl Answered {
    /// The family's own code (1, 21, 22 …), 0 when there is none.
    pub fn code(&self) -> i64 {
        self.body.get("code").and_then(Value::as_i64).unwrap_or(0)
    }

    /// The id that a submission answered, when it was accepted.
    pub fn accepted(&self) -> Option<String> {
        let took = self.status == 200 && matches!(self.code(), 1 | 21 | 22);
        self.body.get("result").and_then(Value::as_str).filter(|_| took).map(str::to_owned)
    }

    /// As [`Answered::accepted`], in the shapes of all families.
    pub fn opened(&self) -> Option<String> {
        let id = self.body.get("id").and_then(Value::as_str).filter(|_| self.status == 200);
        self.accepted().or_else(|| id.map(str::to_owned))
    }

    /// The status word that a fetch tells, at whichever level its family has it; `""` when there is none.
    pub fn word(&self) -> &str {
        let own = self.body.get("status").or_else(|| self.body.get("data")?.get("status"));
        own.and_then(Value::as_str).unwrap_or_default()
    }

    /// The progress that a fetch tells, in percent; 0 where the family tells none.
    pub fn progress(&self) -> i64 {
        match self.body.get("progress") {
            Some(Value::String(text)) => text.trim_end_matches('%').parse().unwrap_or(-1),
            Some(number) => number.as_i64().unwrap_or(-1),
            None => 0,
        }
    }

    /// A text field of the body, `""` when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl World {
    /// Sends a request to front as `tenant` would; `key` is its `Idempotency-Key`.
    pub async fn call(
        &self,
        tenant: Tenant,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Answered {
        let request = request(tenant, method, path, body, key);
        let response = self.router().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap_or_default();
        self.settle().await;
        Answered { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// Submits by this route (`imagine`, `action` …).
    pub async fn submit(&self, tenant: Tenant, route: &str, body: Value) -> Answered {
        self.call(tenant, Method::POST, &format!("/mj/submit/{route}"), Some(&body), None).await
    }

    /// Submits a picture and expects it to be accepted; its id.
    pub async fn imagine(&self, tenant: Tenant, prompt: &str) -> String {
        let answer = self.submit(tenant, "imagine", json!({ "prompt": prompt })).await;
        answer.accepted().unwrap_or_else(|| panic!("not accepted: {answer:?}"))
    }

    /// As [`World::imagine`], with a callback.
    pub async fn imagine_with_callback(&self, tenant: Tenant, prompt: &str) -> String {
        let body = json!({ "prompt": prompt, "notifyHook": "http://caller.test/hook" });
        let answer = self.submit(tenant, "imagine", body).await;
        answer.accepted().unwrap_or_else(|| panic!("not accepted: {answer:?}"))
    }

    /// Answers `tenant` a GET.
    pub async fn see(&self, tenant: Tenant, path: &str) -> Answered {
        self.call(tenant, Method::GET, path, None, None).await
    }

    /// Shows a task to `tenant`.
    pub async fn fetch(&self, tenant: Tenant, id: &str) -> Answered {
        self.call(tenant, Method::GET, &format!("/mj/task/{id}/fetch"), None, None).await
    }

    /// Begins to stop a task: the answer may be held until a stage has run.
    pub fn cancel(&self, tenant: Tenant, id: &str) -> tokio::task::JoinHandle<u16> {
        self.cancel_at(tenant, &format!("/mj/task/{id}/cancel"))
    }

    /// As [`World::cancel`], by any route that stops a task.
    pub fn cancel_at(&self, tenant: Tenant, path: &str) -> tokio::task::JoinHandle<u16> {
        let request = request(tenant, Method::POST, path, None, None);
        let router = self.router();
        tokio::spawn(async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            response.status().as_u16()
        })
    }

    /// Posts an upstream's callback to front, past the wire: the status that it is answered with.
    pub async fn deliver_hook(&self, url: &str, body: bytes::Bytes) -> u16 {
        let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
        let request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
        let request = request.body(Body::from(body)).expect("a path and a header");
        let response = self.router().oneshot(request).await.unwrap_or_else(|never| match never {});
        self.settle().await;
        response.status().as_u16()
    }
}

fn request(tenant: Tenant, method: Method, path: &str, body: Option<&Value>, key: Option<&str>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", tenant.key()))
        .header("x-request-id", "simulation");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let body = match body {
        Some(body) => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    request.body(body).expect("the request is well formed")
}
