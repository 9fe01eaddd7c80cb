//! Whom a request is for and what it says, read off the protocols that the make-believe upstream plays.

use http::Method;
use serde_json::Value;
use url::Url;

/// The callers' callback host.
pub const CALLER_HOST: &str = "caller.test";

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// The upstream, a request that it charges for.
    Paid,
    /// The upstream, a question: poll, look-up, cancel, seed, token.
    Asked,
    /// The upstream, a file.
    File,
    /// A caller's callback host.
    Caller,
}

/// A paid request as the upstream got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// What it is told apart by, see [`key_of`].
    pub client: String,
    /// Where the upstream is to call back.
    pub hook: String,
    /// The upstream's id for the work, when it took it.
    pub operation: Option<String>,
    /// Where it went.
    pub path: String,
}

/// How paths end, or begin, that a protocol charges for.
const PAID_ENDS: [&str; 3] = [":predictLongRunning", "/generations/tasks", "/remix"];
const PAID_PATHS: [&str; 1] = ["/openai/v1/videos"];
const PAID_BEGINNINGS: [&str; 3] = ["/fal/", "/kling/v1/", "/sunoapi/api/v1/"];

/// Whom this request is for.
pub fn peer_of(method: &Method, url: &Url) -> Peer {
    let path = url.path();
    if url.host_str() == Some(CALLER_HOST) {
        return Peer::Caller;
    }
    if path.contains("/files/") || path.ends_with("/content") || path.contains("/storage/v1/b/") {
        return Peer::File;
    }
    let charged = path.contains("/submit/")
        || PAID_PATHS.contains(&path)
        || PAID_ENDS.iter().any(|end| path.ends_with(end))
        || PAID_BEGINNINGS.iter().any(|beginning| path.starts_with(beginning));
    if *method == Method::POST && charged { Peer::Paid } else { Peer::Asked }
}

/// What a paid request is told apart by: Midjourney's `state`, which is our client id; elsewhere the take
/// that its words name (`take-7.`), because not every protocol has a place for a client id.
pub fn key_of(path: &str, body: &[u8]) -> String {
    if path.starts_with("/mj") {
        return text(&json(body), &["/state"]);
    }
    take_in(&String::from_utf8_lossy(body)).unwrap_or_default()
}

/// The take that a text names, `take-7.` with its dot.
pub fn take_in(text: &str) -> Option<String> {
    let rest = text.split_once("take-")?.1;
    let (number, _) = rest.split_once('.')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("take-{number}."))
}

/// The paid request that this was, by its answer.
pub fn paid(path: &str, body: &[u8], answer: &[u8]) -> Paid {
    let (asked, answer) = (json(body), json(answer));
    let operation = if path.starts_with("/mj") {
        let took = matches!(answer.get("code").and_then(Value::as_i64), Some(1 | 21 | 22));
        text(&answer, if took { &["/result"] } else { &[] })
    } else if path.starts_with("/fal") {
        text(&answer, &["/request_id"])
    } else {
        text(&answer, &["/data/task_id", "/data/taskId", "/id", "/name", "/data"])
    };
    Paid {
        client: key_of(path, body),
        hook: text(&asked, &["/notifyHook", "/callback_url", "/notify_hook", "/callBackUrl"]),
        operation: Some(operation).filter(|id| !id.is_empty()),
        path: path.to_owned(),
    }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// The first text that stands at one of these places, `""` when there is none.
fn text(value: &Value, places: &[&str]) -> String {
    places.iter().find_map(|place| value.pointer(place)?.as_str()).unwrap_or_default().to_owned()
}
