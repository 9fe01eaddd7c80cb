//! Reading a request's body: how much, how long, and as what (`contract/DECISIONS.md`, content types).

use crate::api::{Api, LARGE_BODY_BYTES};
use crate::json_limits;
use crate::multipart;
use axum::body::Body as HttpBody;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use contracts::{Body, Problem, Route};
use futures::StreamExt;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

/// The most bytes of a body, counted after inflating (`contract/DECISIONS.md`, large inputs).
pub const BODY_MAX_BYTES: usize = 64 * 1024 * 1024;

/// The longest pause within a body.
pub const BODY_PAUSE: Duration = Duration::from_secs(15);

/// The longest time for a whole body.
pub const BODY_LIMIT: Duration = Duration::from_secs(120);

/// How long a large body waits for its permit.
pub const LARGE_BODY_WAIT: Duration = Duration::from_secs(10);

/// Of a refused body, so much is still read and thrown away, so that the caller reads our answer
/// instead of a broken connection.
pub const DISCARD_MAX_BYTES: usize = 96 * 1024 * 1024;

/// How long a refused body is read.
pub const DISCARD_LIMIT: Duration = Duration::from_secs(10);

/// A body, and its place among the large ones; the place is given back when this is dropped.
pub struct Held {
    /// The body.
    pub body: Body,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// No body.
    pub fn empty() -> Self {
        Self { body: Body::Empty, _permit: None }
    }
}

/// Reads and parses a body. 413 too large, 415 of a type that the route does not take, 408 too slow,
/// 400 broken, 503 when too many large ones are being read.
pub async fn read(api: &Api, route: &Route, headers: &HeaderMap, body: HttpBody) -> Result<Held, Problem> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING) {
        // gzip was taken off before; what is left here is an encoding that nobody undid.
        if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
            return Err(Problem::unsupported_media_type("content-encoding has to be gzip or identity"));
        }
    }
    let (bytes, permit) = collect(api, headers, body).await?;
    let body = parse(route, headers, bytes).await?;
    Ok(Held { body, _permit: permit })
}

/// Throws a refused body away, within limits; not at all when the caller waits for our go-ahead.
pub async fn discard(headers: &HeaderMap, body: HttpBody) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let mut stream = body.into_data_stream();
    let drain = async {
        let mut left = DISCARD_MAX_BYTES;
        while let Some(Ok(piece)) = stream.next().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                return;
            }
        }
    };
    // Whether it came to its end does not matter: the answer goes out either way.
    let _ = timeout(DISCARD_LIMIT, drain).await;
}

type Collected = (Bytes, Option<OwnedSemaphorePermit>);

async fn collect(api: &Api, headers: &HeaderMap, body: HttpBody) -> Result<Collected, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_MAX_BYTES as u64) {
        discard(headers, body).await;
        return Err(too_large());
    }
    let deadline = Instant::now() + BODY_LIMIT;
    let mut stream = body.into_data_stream();
    let mut collected = BytesMut::new();
    let mut permit = None;
    loop {
        let pause = BODY_PAUSE.min(deadline.saturating_duration_since(Instant::now()));
        let piece = match timeout(pause, stream.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => return Ok((collected.freeze(), permit)),
            Ok(Some(Err(_))) => return Err(broken()),
            Err(_) => return Err(too_slow()),
        };
        if collected.len() + piece.len() > BODY_MAX_BYTES {
            discard(headers, HttpBody::from_stream(stream)).await;
            return Err(too_large());
        }
        if permit.is_none() && collected.len() + piece.len() > LARGE_BODY_BYTES {
            let free = timeout(LARGE_BODY_WAIT, api.large_bodies.clone().acquire_owned()).await;
            permit = Some(free.map_err(|_| busy())?.map_err(|_| busy())?);
        }
        collected.extend_from_slice(&piece);
    }
}

async fn parse(route: &Route, headers: &HeaderMap, bytes: Bytes) -> Result<Body, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?")).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type == "multipart/form-data" && multipart::is_taken(route) {
        // Boxed, because few routes take it, and all would be as deep.
        return Box::pin(multipart::read(headers, bytes)).await;
    }
    let text = without_mark(&bytes);
    if text.is_empty() {
        return Ok(Body::Empty);
    }
    let is_json = match media_type.as_str() {
        "" | "text/plain" | "application/json" | "text/json" => true,
        "application/x-www-form-urlencoded" => text.first() == Some(&b'{'),
        other => other.starts_with("application/") && other.ends_with("+json"),
    };
    if !is_json {
        let also = if multipart::is_taken(route) { " or multipart/form-data" } else { "" };
        return Err(Problem::unsupported_media_type(format!("content-type has to be application/json{also}")));
    }
    if bytes.len() <= LARGE_BODY_BYTES {
        return parse_json(text);
    }
    // Off the runtime's threads: a large body takes long enough for others to notice.
    let parsed = spawn_blocking(move || parse_json(without_mark(&bytes))).await;
    parsed.map_err(|_| Problem::internal())?
}

fn parse_json(text: &[u8]) -> Result<Body, Problem> {
    json_limits::check(text).map_err(|why| Problem::invalid_json(why.to_string()))?;
    let value = serde_json::from_slice(text).map_err(|error| {
        // The parser's own text may quote the body; the place alone is enough.
        let (line, column) = (error.line(), error.column());
        Problem::invalid_json(format!("the body is not valid JSON (line {line}, column {column})"))
    })?;
    Ok(Body::Json(value))
}

/// Without a byte order mark and white space around.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii()
}

fn too_large() -> Problem {
    Problem::too_large(None, format!("the body is larger than {} MB", BODY_MAX_BYTES / (1024 * 1024)))
}

fn too_slow() -> Problem {
    let mut problem = Problem::invalid_json("the body did not arrive in time");
    (problem.status, problem.code) = (408, "request_timeout");
    problem
}

fn broken() -> Problem {
    Problem::refused("invalid_body", "the body could not be read: it was cut short, or its gzip encoding is broken")
}

fn busy() -> Problem {
    Problem::unavailable("too many large requests are being read, please try again")
}
