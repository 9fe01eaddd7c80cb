//! `Call::Events`: a task's changes as server-sent events (`contract/DECISIONS.md`, neutral tasks).

use crate::api::Api;
use crate::asked::Asked;
use crate::views::{self, Seen};
use crate::watch::Watcher;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use contracts::{Family, Problem};
use futures::stream::{self, Stream};
use serde_json::Value;
use std::convert::Infallible;
use std::time::Duration;
use task::{Task, TaskId};
use tokio::time::{Instant, sleep_until};

/// Time between comments on an idle stream.
pub const COMMENT_PERIOD: Duration = Duration::from_secs(15);

/// The longest stream; a client that wants more comes back with its `Last-Event-ID`.
pub const STREAM_LIMIT: Duration = Duration::from_secs(3600);

/// Streams the task's states; as many streams at a time as there may be connections
/// ([`crate::serve::CONNECTIONS_MAX`]). The current state goes first, unless `Last-Event-ID` says that
/// the caller has it. 204 when that was the last one: it tells a browser not to come back.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let seen = views::named(api, asked).await?;
    let given = asked.headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    if asked.is_head {
        return Ok((StatusCode::OK, [(header::CONTENT_TYPE, "text/event-stream")]).into_response());
    }
    if seen.latest().is_over() && given.as_deref() == Some(event_id(&seen).as_str()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let follow = Follow {
        api: api.clone(),
        family: asked.family,
        id: seen.task.id,
        watcher: None,
        sent_id: given,
        sent: None,
        ends_at: Instant::now() + STREAM_LIMIT,
        is_over: false,
    };
    Ok(streamed(events(follow)))
}

/// A stream as an answer, kept alive by comments.
fn streamed(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let alive = KeepAlive::new().interval(COMMENT_PERIOD).text("");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    // A proxy that buffers would hold events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Follow {
    api: Api,
    family: &'static dyn Family,
    id: TaskId,
    /// On the task, or on the child that it goes on as.
    watcher: Option<(TaskId, Watcher)>,
    sent_id: Option<String>,
    sent: Option<Value>,
    ends_at: Instant,
    is_over: bool,
}

fn events(follow: Follow) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follow, async |mut follow| {
        if follow.is_over {
            return None;
        }
        loop {
            let event = follow.step().await?;
            if let Some(event) = event {
                return Some((Ok(event), follow));
            }
        }
    })
}

impl Follow {
    /// The next event; `Some(None)` when there was no news, `None` at the stream's end.
    async fn step(&mut self) -> Option<Option<Event>> {
        if self.sent.is_some() {
            self.wait().await?;
        }
        let seen = self.read().await?;
        self.is_over = seen.latest().is_over();
        let link = |key: &str| self.api.front.link(key);
        let body = self.family.show(&seen.view(&link, &self.api));
        let id = event_id(&seen);
        let is_known = self.sent.as_ref() == Some(&body) || (self.sent.is_none() && self.sent_id.as_ref() == Some(&id));
        self.sent = Some(body);
        if is_known {
            return if self.is_over { None } else { Some(None) };
        }
        let text = self.sent.as_ref().map(Value::to_string).unwrap_or_default();
        Some(Some(Event::default().event("task").id(id).data(text)))
    }

    /// Listens first, then reads, so that no change falls between the two.
    async fn read(&mut self) -> Option<Seen> {
        let listens_to = self.watcher.as_ref().map_or(self.id, |(id, _)| *id);
        if self.watcher.is_none() {
            self.watcher = Some((listens_to, self.api.watch.on(listens_to)));
        }
        let seen = self.load().await?;
        let latest = seen.latest().id;
        if latest == listens_to {
            return Some(seen);
        }
        self.watcher = Some((latest, self.api.watch.on(latest)));
        self.load().await
    }

    async fn load(&self) -> Option<Seen> {
        let task = self.api.reader.task(self.id).await.ok()??;
        views::with_child(&self.api, task).await.ok()
    }

    /// `None` when the stream has to end.
    async fn wait(&mut self) -> Option<()> {
        let (_, watcher) = self.watcher.as_mut()?;
        tokio::select! {
            _ = watcher.next() => Some(()),
            () = sleep_until(self.ends_at) => None,
            () = self.api.front.draining.cancelled() => None,
        }
    }
}

/// Which state an event tells of; grows with each change and with progress.
fn event_id(seen: &Seen) -> String {
    let of = |task: &Task| format!("{}.{}", task.version, task.progress);
    match &seen.child {
        // With its id: a second child's counts begin anew.
        Some(child) => format!("{}-{}.{}", of(&seen.task), child.id, of(child)),
        None => of(&seen.task),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;

    /// Over a stream that reads nothing: the paused clock runs ahead of threads that it does not know,
    /// such as a database's.
    #[tokio::test(start_paused = true)]
    async fn an_idle_stream_is_kept_alive_by_comments() {
        let began = Instant::now();
        let mut stream = streamed(stream::pending()).into_body().into_data_stream();
        for nth in 1..=2 {
            let comment = stream.next().await.expect("it goes on").expect("is whole");
            assert!(comment.starts_with(b":"), "{comment:?}");
            assert_eq!(began.elapsed(), COMMENT_PERIOD * nth);
        }
    }
}
