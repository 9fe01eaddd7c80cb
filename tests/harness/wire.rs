//! The wire of the simulation: no socket, and troubles on order.
//!
//! `sim.test` leads to the make-believe upstream, `caller.test` to the [`Receiver`]. A trouble is
//! laid out for the next request to a [`Peer`] and strikes it once. Like the real wire it sends at
//! most once and keeps its time limit: a request that was held for longer than that never arrives.

use crate::peer;
pub use crate::peer::{CALLER_HOST, Paid, Peer};
use crate::receiver::{self, Receiver};
use crate::tokens::Tokens;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::Method;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use task::Clock;
use tokio::sync::{Notify, oneshot};
use tower::ServiceExt;
use workers::outbound::{Timings, Wire, WireError, WireErrorKind, WireRequest, WireResponse};

/// The make-believe upstream's host.
pub const SIM_HOST: &str = "sim.test";
/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No connection comes about.
    Unreachable,
    /// It is written and never arrives.
    RequestLost,
    /// It arrives; its answer does not.
    AnswerLost,
    /// It stands still before it arrives, until it is thawed.
    HoldBefore,
    /// It arrives; the answer stands still until it is thawed.
    HoldAfter,
}

/// How the upstream's answers to polls fall short of what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amnesia {
    /// Lists leave out everything that was asked for; a single question finds it.
    Lists,
    /// Lists leave everything out, and a single question is answered with 500.
    ListsAndBrokenFetches,
    /// Neither a list nor a single question finds anything.
    All,
}

#[derive(Default)]
struct State {
    next: Vec<(Peer, Fault)>,
    outage: Option<Fault>,
    amnesia: Option<Amnesia>,
    held: Option<oneshot::Sender<()>>,
    /// Paid requests that set out, by client id, arrived or not.
    set_out: BTreeMap<String, u64>,
    arrived: Vec<Paid>,
    answered: Vec<Paid>,
    asked: Vec<String>,
    tokens: Tokens,
}

/// What came of a request that was delivered.
struct Delivered {
    answer: WireResponse,
    paid: Option<Paid>,
    /// The token endpoint's answer.
    grant: Option<Bytes>,
}

impl Delivered {
    fn plain(answer: WireResponse) -> Self {
        Self { answer, paid: None, grant: None }
    }
}

/// The wire.
pub struct SimWire {
    clock: Arc<dyn Clock>,
    sim: Router,
    receiver: Arc<Receiver>,
    state: Mutex<State>,
    holds: Notify,
}

impl fmt::Debug for SimWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimWire").finish_non_exhaustive()
    }
}

impl SimWire {
    /// A wire between us, this upstream and this callback host.
    pub fn new(clock: Arc<dyn Clock>, sim: Router, receiver: Arc<Receiver>) -> Arc<Self> {
        Arc::new(Self { clock, sim, receiver, state: Mutex::default(), holds: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays out a trouble for the next request to `peer`.
    pub fn strike(&self, peer: Peer, fault: Fault) {
        self.lock().next.push((peer, fault));
    }

    /// Takes every trouble away that has not struck yet.
    pub fn calm(&self) {
        self.lock().next.clear();
    }

    /// A trouble that strikes every question to the upstream until it is taken away.
    pub fn set_outage(&self, outage: Option<Fault>) {
        self.lock().outage = outage;
    }

    /// What the upstream's answers to polls leave out from now on; none: nothing.
    pub fn set_amnesia(&self, amnesia: Option<Amnesia>) {
        self.lock().amnesia = amnesia;
    }

    /// Resolves when a request stands still; gives what thaws it.
    pub async fn held(&self) -> oneshot::Sender<()> {
        loop {
            if let Some(thaw) = self.lock().held.take() {
                return thaw;
            }
            self.holds.notified().await;
        }
    }

    /// How many paid requests set out, by client id.
    pub fn set_out(&self) -> BTreeMap<String, u64> {
        self.lock().set_out.clone()
    }

    /// The paid requests that arrived, in order.
    pub fn arrived(&self) -> Vec<Paid> {
        self.lock().arrived.clone()
    }

    /// The paid requests whose answers came back to a stage that was still there, in order.
    pub fn answered(&self) -> Vec<Paid> {
        self.lock().answered.clone()
    }

    /// Method and path of every other request to the upstream that set out, in order.
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// How many short-lived tokens were given out.
    pub fn tokens(&self) -> usize {
        self.lock().tokens.count()
    }

    /// Requests that set out with a token that was good no longer.
    pub fn stale_tokens(&self) -> Vec<String> {
        self.lock().tokens.stale()
    }

    /// Asks the upstream past all troubles: status and body.
    pub async fn ask_sim(&self, method: Method, path: &str, body: Bytes) -> (u16, Bytes) {
        let request = http::Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.header("authorization", "Bearer sim");
        let request = request.body(Body::from(body)).expect("method, path and header are well formed");
        let response = self.sim.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap_or_default();
        (status, body)
    }

    fn fault_for(&self, peer: Peer) -> Option<Fault> {
        let mut state = self.lock();
        match state.next.iter().position(|(whom, _)| *whom == peer) {
            Some(place) => Some(state.next.remove(place).1),
            None => state.outage.filter(|_| peer == Peer::Asked),
        }
    }

    /// What is answered in place of the upstream's own words; `None`: these.
    fn forgetful(&self, path: &str) -> Option<WireResponse> {
        let amnesia = self.lock().amnesia?;
        let (status, body) = match amnesia {
            _ if path.ends_with("/list-by-condition") => (200, "[]"),
            Amnesia::ListsAndBrokenFetches if path.ends_with("/fetch") => (500, ""),
            Amnesia::All if path.ends_with("/fetch") => (404, r#"{"code":3,"description":"not found"}"#),
            _ => return None,
        };
        Some(response(status, http::HeaderMap::new(), Body::from(body)))
    }

    async fn stand_still(&self) {
        let (thaw, thawed) = oneshot::channel();
        self.lock().held = Some(thaw);
        self.holds.notify_one();
        // A hold whose thaw is dropped goes on as well: the world has ended.
        let _ = thawed.await;
    }

    fn note(&self, peer: Peer, parts: &Sent) {
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        state.tokens.used(&parts.headers, &parts.path, now_ms);
        match peer {
            Peer::Paid => *state.set_out.entry(peer::key_of(&parts.path, &parts.body)).or_default() += 1,
            Peer::Asked => state.asked.push(format!("{} {}", parts.method, parts.path)),
            Peer::File | Peer::Caller => {}
        }
    }

    async fn deliver(&self, peer: Peer, sent: &Sent) -> Result<Delivered, WireError> {
        if peer == Peer::Caller {
            let status = self.receiver.hear(&sent.headers, sent.body.clone(), self.clock.now_ms());
            let status = status.ok_or_else(|| WireError::after(WireErrorKind::Timeout, "the host does not answer"))?;
            return Ok(Delivered::plain(response(status, http::HeaderMap::new(), Body::empty())));
        }
        let mut request = http::Request::builder().method(sent.method.clone()).uri(&sent.path);
        if let Some(headers) = request.headers_mut() {
            headers.extend(sent.headers.clone());
            headers.insert(http::header::HOST, http::HeaderValue::from_static(SIM_HOST));
        }
        let request = request.body(Body::from(sent.body.clone())).expect("the request was well formed before");
        let answer = self.sim.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = answer.into_parts();
        if peer == Peer::Asked
            && let Some(answer) = self.forgetful(&sent.path)
        {
            return Ok(Delivered::plain(answer));
        }
        let is_grant = peer == Peer::Asked && sent.path.ends_with("/token");
        if peer != Peer::Paid && !is_grant {
            return Ok(Delivered::plain(response(parts.status.as_u16(), parts.headers, body)));
        }
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
        if is_grant {
            let answer = response(parts.status.as_u16(), parts.headers, Body::from(body.clone()));
            return Ok(Delivered { answer, paid: None, grant: Some(body) });
        }
        let paid = peer::paid(&sent.path, &sent.body, &body);
        self.lock().arrived.push(paid.clone());
        let answer = response(parts.status.as_u16(), parts.headers, Body::from(body));
        Ok(Delivered { answer, paid: Some(paid).filter(|_| parts.status.is_success()), grant: None })
    }
}

#[async_trait]
impl Wire for SimWire {
    async fn send(&self, request: WireRequest) -> Result<WireResponse, WireError> {
        let limit_ms = request.header_timeout_ms;
        let peer = peer::peer_of(&request.method, &request.url);
        let sent = Sent::read(request).await?;
        let began_ms = self.clock.now_ms();
        let _home = (peer == Peer::Caller).then(|| Trip::begin(&self.receiver, &sent, began_ms, began_ms + limit_ms));
        let fault = self.fault_for(peer);
        if fault == Some(Fault::Unreachable) {
            return Err(WireError::before(WireErrorKind::Connect, "no connection"));
        }
        self.note(peer, &sent);
        if fault == Some(Fault::RequestLost) {
            return Err(WireError::after(WireErrorKind::Reset, "the connection broke"));
        }
        if fault == Some(Fault::HoldBefore) {
            self.stand_still().await;
            if self.clock.now_ms() - began_ms >= limit_ms {
                return Err(WireError::after(WireErrorKind::Timeout, "no answer within the time limit"));
            }
        }
        let Delivered { answer, paid, grant } = self.deliver(peer, &sent).await?;
        if fault == Some(Fault::AnswerLost) {
            return Err(WireError::after(WireErrorKind::Reset, "the connection broke"));
        }
        if fault == Some(Fault::HoldAfter) {
            self.stand_still().await;
        }
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        if let Some(grant) = grant {
            state.tokens.granted(&grant, now_ms);
        }
        state.answered.extend(paid);
        Ok(answer)
    }
}

/// A callback on its way; over when this is dropped.
struct Trip {
    receiver: Arc<Receiver>,
    task: String,
}

impl Trip {
    fn begin(receiver: &Arc<Receiver>, sent: &Sent, now_ms: i64, until_ms: i64) -> Self {
        let (task, _) = receiver::told(&sent.body);
        receiver.set_out(&task, now_ms, until_ms);
        Self { receiver: receiver.clone(), task }
    }
}

impl Drop for Trip {
    fn drop(&mut self) {
        self.receiver.came_home(&self.task);
    }
}

/// A request with its body read.
struct Sent {
    method: Method,
    path: String,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Sent {
    async fn read(request: WireRequest) -> Result<Self, WireError> {
        let mut whole = BytesMut::new();
        let mut body = request.body.stream;
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| WireError::after(WireErrorKind::Store, error.to_string()))?;
            whole.extend_from_slice(&piece);
        }
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", request.url.path());
        Ok(Self { method: request.method, path, headers: request.headers, body: whole.freeze() })
    }
}

fn response(status: u16, headers: http::HeaderMap, body: Body) -> WireResponse {
    let cut = |error: axum::Error| WireError::after(WireErrorKind::Reset, error.to_string());
    let body = body.into_data_stream().map(move |piece| piece.map_err(cut)).boxed();
    WireResponse { status, headers, body, remote: None, timings: Timings::default() }
}
