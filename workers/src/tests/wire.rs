//! A wire without a socket that answers as its script says.

use crate::outbound::{Timings, Wire, WireError, WireRequest, WireResponse};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::sync::{Mutex, PoisonError};

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Host and path.
    pub(super) to: String,
    /// The credential, or nothing.
    pub(super) authorization: String,
    pub(super) body: Vec<u8>,
    /// How many requests went to the same place before.
    pub(super) before: usize,
}

type Answering = dyn Fn(&Seen) -> (u16, Bytes) + Send + Sync;

pub(super) struct Script {
    answering: Box<Answering>,
    seen: Mutex<Vec<Seen>>,
}

impl Script {
    pub(super) fn new(answering: impl Fn(&Seen) -> (u16, Bytes) + Send + Sync + 'static) -> Self {
        Self { answering: Box::new(answering), seen: Mutex::default() }
    }

    /// The requests to this place, in order.
    pub(super) fn seen(&self, to: &str) -> Vec<Seen> {
        let all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|seen| seen.to == to).cloned().collect()
    }
}

#[async_trait]
impl Wire for Script {
    async fn send(&self, request: WireRequest) -> Result<WireResponse, WireError> {
        let to = format!("{}{}", request.url.host_str().unwrap_or_default(), request.url.path());
        let authorization = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let authorization = authorization.unwrap_or_default().to_owned();
        let body: Vec<Bytes> = request.body.stream.try_collect().await.expect("a body of the tests can be read");
        // Others get their turn, as they do while a socket is waited for.
        tokio::task::yield_now().await;
        let seen = Seen { before: self.seen(&to).len(), to, authorization, body: body.concat() };
        let (status, answer) = (self.answering)(&seen);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        let body = futures::stream::iter([Ok(answer)]).boxed();
        Ok(WireResponse { status, headers: HeaderMap::new(), body, remote: None, timings: Timings::default() })
    }
}
