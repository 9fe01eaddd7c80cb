//! A connection that is made when it is needed, and made anew when it is lost.
//!
//! Nothing here waits longer than its limit, and nothing here remembers what was asked: callers back off
//! and ask again.

use super::address::Address;
use super::link::Link;
use crate::scheduler::QueueError;
use futures::FutureExt;
use futures::future::BoxFuture;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind, Value, from_redis_value};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long connecting may take.
const DIAL_LIMIT: Duration = Duration::from_secs(2);

/// For how long after a failed connection nobody tries again, so that many callers don't queue up to.
const REDIAL_PAUSE: Duration = Duration::from_millis(100);

/// Something to ask Redis.
#[derive(Clone, Copy)]
pub(super) enum Question<'a> {
    /// A script by its digest; it is sent if Redis does not know it.
    Script(&'a ScriptInvocation<'a>),
    /// A plain command.
    Command(&'a Cmd),
}

/// One connection, for one kind of calls, so that slow ones of another kind don't hold them up.
pub(super) struct Wire {
    name: &'static str,
    /// How long a call may take, connecting included.
    limit: Duration,
    /// Whether a call whose connection broke is made again at once: only where doing it twice is harmless.
    repeats: bool,
    address: Arc<Address>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    /// Counts the links, so that a lost one is given up once.
    number: u64,
    failed_at: Option<Instant>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("name", &self.name).field("address", &self.address).finish_non_exhaustive()
    }
}

/// Why a call failed, and whether the connection is still good.
struct Trouble {
    reason: String,
    is_lost: bool,
    is_broken: bool,
}

impl Wire {
    /// A wire that connects at its first call.
    pub(super) fn new(name: &'static str, limit: Duration, repeats: bool, address: Arc<Address>) -> Self {
        Self { name, limit, repeats, address, state: Mutex::default() }
    }

    /// Runs a script.
    pub(super) async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, QueueError> {
        self.ask(Question::Script(script)).await
    }

    /// Asks a question and reads the answer.
    pub(super) async fn ask<T: FromRedisValue>(&self, question: Question<'_>) -> Result<T, QueueError> {
        let value = self.value(question).await?;
        from_redis_value(value).map_err(|_| self.error("an answer that can't be read"))
    }

    /// Boxed, because the client's futures are deep, and every call's future would be as deep.
    fn value<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Value, QueueError>> {
        let asking = async move {
            match self.ask_once(question).await {
                Err(trouble) if trouble.is_broken && self.repeats => self.ask_once(question).await,
                answer => answer,
            }
        };
        let limited = async move {
            match tokio::time::timeout(self.limit, asking).await {
                Ok(answer) => answer.map_err(|trouble| self.error(&trouble.reason)),
                Err(_) => {
                    self.give_up(None);
                    Err(self.error(&format!("no answer within {} s", self.limit.as_secs())))
                }
            }
        };
        limited.boxed()
    }

    fn error(&self, reason: &str) -> QueueError {
        QueueError(format!("{}: {reason}", self.name))
    }

    async fn ask_once(&self, question: Question<'_>) -> Result<Value, Trouble> {
        let (mut link, number) = self.link().await?;
        let answer = match question {
            Question::Script(script) => script.invoke_async(&mut link).boxed().await,
            Question::Command(command) => command.query_async(&mut link).boxed().await,
        };
        let error = match answer {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let trouble = Trouble::of(&error);
        if trouble.is_lost {
            self.give_up(Some(number));
        }
        Err(trouble)
    }

    /// The connection, made anew if there is none.
    async fn link(&self) -> Result<(Link, u64), Trouble> {
        let mut state = self.state.lock().await;
        if let Some(link) = &state.link {
            return Ok((link.clone(), state.number));
        }
        if state.failed_at.is_some_and(|at| at.elapsed() < REDIAL_PAUSE) {
            return Err(Trouble { reason: "not connected".into(), is_lost: false, is_broken: false });
        }
        let dialing = Link::dial(&self.address, self.limit, DIAL_LIMIT).boxed();
        let reason = match tokio::time::timeout(DIAL_LIMIT, dialing).await {
            Ok(Ok(link)) => {
                state.number += 1;
                state.failed_at = None;
                state.link = Some(link.clone());
                tracing::debug!(wire = self.name, "connected to Redis");
                return Ok((link, state.number));
            }
            Ok(Err(error)) => describe(&error),
            Err(_) => format!("not connected within {} s", DIAL_LIMIT.as_secs()),
        };
        state.failed_at = Some(Instant::now());
        Err(Trouble { reason, is_lost: false, is_broken: false })
    }

    /// Forgets a connection (the one with this number, or whichever there is), so that the next call
    /// makes a new one.
    fn give_up(&self, number: Option<u64>) {
        // Somebody who connects just now holds the lock and makes a new one anyway.
        let Ok(mut state) = self.state.try_lock() else { return };
        if number.is_none_or(|number| number == state.number) {
            state.link = None;
        }
    }
}

impl Trouble {
    fn of(error: &RedisError) -> Self {
        // A server that answers is a good connection, unless it is not the one to ask any more.
        let is_lost = match error.kind() {
            ErrorKind::Server(kind) => {
                matches!(kind, ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::ClusterDown)
            }
            _ => true,
        };
        let is_broken = is_lost && error.kind() == ErrorKind::Io && !error.is_timeout();
        Self { reason: describe(error), is_lost, is_broken }
    }
}

/// What may be told of an error: its kind. Its text might quote what was sent.
fn describe(error: &RedisError) -> String {
    let refused = if error.is_connection_refusal() { ", connection refused" } else { "" };
    let code = error.code().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{}{code}{refused}", error.category())
}
