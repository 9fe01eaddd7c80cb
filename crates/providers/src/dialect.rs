//! The seam: what every dialect is asked, and what it may answer.
//!
//! Object-safe, no async, no HTTP client, no clock. Every call is a small machine: a request out,
//! then a reading of the response which ends it or asks for one request more (a token exchange, an
//! upload). The stages drive the machine, at most [`MAX_TURNS`] requests long.

use crate::wire::{Request, Response};
use http::HeaderMap;
use serde_json::{Map, Value};
use task::{ClientId, Details, Failure, FailureKind, Fitted, Kind, Operation, Output, Phase, Secret, Spec};

/// The most requests that one call may take.
pub const MAX_TURNS: usize = 4;

/// What a response led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn<T> {
    /// One request more; the memo comes back with its response.
    Next(Request, Value),
    /// The call is over.
    End(T),
}

/// The account that a call is made with.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The channel's base URL.
    pub base_url: &'a str,
    /// The channel's credential.
    pub key: &'a Secret,
    /// What [`Dialect::exchange`] gave for it: a token for a while. None where there is no exchange, and
    /// in [`Dialect::exchange`] itself.
    pub access: Option<&'a Secret>,
    /// The channel's settings for this dialect.
    pub options: &'a Map<String, Value>,
    /// The time, for signatures.
    pub now_ms: i64,
}

/// A short-lived token for the channel's credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The token.
    pub token: Secret,
    /// How long it is good for from now on, ms.
    pub good_for_ms: i64,
}

/// What a dialect makes of a request that the vendor would not take as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fit {
    /// What will be made, where it differs.
    pub fitted: Fitted,
    /// A sentence for each thing that was fitted.
    pub warnings: Vec<String>,
}

/// What a dialect can do, as data. May depend on the channel's options. The default can do nothing: it is
/// there so that a dialect need name only what is its own.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// What it can be asked for.
    pub kinds: &'static [Kind],
    /// The most operations that one poll request may ask for; 1 when there is no batch poll.
    pub poll_batch: usize,
    /// Whether the vendor calls back on an address given with the submission.
    pub callback: bool,
    /// Whether a running task can be stopped.
    pub cancel: bool,
    /// Whether a stop ends only what still waits upstream, and deletes what has ended together with its result:
    /// then it is sent only after a poll has said that the operation waits.
    pub stops_waiting_only: bool,
    /// Whether a lost submission can be looked up.
    pub lookup: bool,
    /// Whether the seed of a finished task can be asked for.
    pub seed: bool,
    /// Whether polls carry a percentage.
    pub percent: bool,
    /// Whether downloading an output needs the channel's key.
    pub artifact_key: bool,
    /// How long the vendor keeps an output after the task has ended.
    pub copy_deadline_ms: i64,
    /// The most bytes of a poll's answer that are read.
    pub poll_body_max_bytes: usize,
    /// The usual pause between two polls of a task.
    pub poll_period_ms: i64,
    /// The most time that the paid request may take.
    pub submit_timeout_ms: i64,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            kinds: &[],
            poll_batch: 1,
            callback: false,
            cancel: false,
            stops_waiting_only: false,
            lookup: false,
            seed: false,
            percent: false,
            artifact_key: false,
            copy_deadline_ms: 3_600_000,
            poll_body_max_bytes: 1 << 20,
            poll_period_ms: 5_000,
            submit_timeout_ms: 60_000,
        }
    }
}

/// The task that a follow-up follows up, as far as a dialect needs it.
#[derive(Debug, Clone, Copy)]
pub struct Parent<'a> {
    /// Its handle upstream.
    pub operation: &'a Operation,
    /// Its buttons and other details.
    pub details: &'a Details,
    /// What it was asked for.
    pub spec: &'a Spec,
}

/// Everything that a submission is made from.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// With which account.
    pub account: Account<'a>,
    /// What was asked for.
    pub spec: &'a Spec,
    /// What the vendor calls the model.
    pub upstream_model: &'a str,
    /// Our id for it, to find it again: sent wherever the protocol has a place for it.
    pub client: ClientId,
    /// The parent, when the spec has one.
    pub parent: Option<Parent<'a>>,
    /// Our own address for this task's inbound callbacks, when there is a public one.
    pub hook_url: Option<&'a str>,
}

/// How a submission ended.
#[derive(Debug, Clone, PartialEq)]
pub enum SubmitOutcome {
    /// The vendor has it.
    Accepted {
        /// Its handle.
        operation: Operation,
        /// When to ask for the first time, if the vendor says.
        poll_after_ms: Option<i64>,
        /// What was fitted or left out.
        warnings: Vec<String>,
    },
    /// The vendor answered with the outputs at once.
    Done {
        /// Where they are.
        outputs: Vec<Output>,
        /// What came beside them.
        details: Details,
    },
    /// The vendor refused; nothing was charged.
    Refused(Failure),
    /// The answer says neither yes nor no (a 5xx behind a proxy, a body cut short): it may have arrived.
    Unclear(String),
}

/// One operation of a poll.
#[derive(Debug, Clone, Copy)]
pub struct PollItem<'a> {
    /// Its handle.
    pub operation: &'a Operation,
    /// What was asked for.
    pub kind: Kind,
}

/// What a poll told of one operation.
#[derive(Debug, Clone, PartialEq)]
pub enum PollOutcome {
    /// Not over yet.
    Pending {
        /// Where it is upstream.
        phase: Phase,
        /// How far, if told.
        percent: Option<i64>,
        /// When to ask again, if told.
        poll_after_ms: Option<i64>,
        /// The vendor's status word, when no sheet knows it: still running, but worth a look.
        unknown_word: Option<String>,
    },
    /// The vendor asks for something.
    NeedsInput(Details),
    /// Finished well.
    Done {
        /// Where the outputs are.
        outputs: Vec<Output>,
        /// What came beside them.
        details: Details,
    },
    /// Finished badly.
    Failed(Failure),
    /// Stopped upstream.
    Cancelled,
    /// The upstream does not know it.
    Missing,
}

/// How a request to stop ended.
#[derive(Debug, Clone, PartialEq)]
pub enum CancelOutcome {
    /// It stops; the next poll will say so.
    Stopped,
    /// It is too late, or the vendor can't.
    TooLate(String),
}

/// A submission of which nobody knows whether it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Lost<'a> {
    /// Our id for it.
    pub client: ClientId,
    /// What was asked for.
    pub spec: &'a Spec,
    /// What the vendor calls the model.
    pub upstream_model: &'a str,
    /// When it was sent at the earliest, ms.
    pub submitted_ms: i64,
}

/// What a look-up of a lost submission found.
#[derive(Debug, Clone, PartialEq)]
pub enum LookupOutcome {
    /// It arrived: this is its handle.
    Found(Operation),
    /// It is not there, and the answer covers the time in question.
    Absent,
    /// It is not there, but the answer may not reach back far enough.
    Unsure(String),
}

/// What an inbound callback says. Never trusted: it only names an operation to be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The vendor's id.
    pub operation_id: String,
    /// Our client id, where the body carries it.
    pub client: Option<ClientId>,
}

/// An upstream wire protocol.
///
/// Every `Err(Failure)` of a `read_…` speaks of the *request* (a 5xx, a body that is no JSON): the
/// task itself goes on. Verdicts on a task are outcomes.
pub trait Dialect: Send + Sync {
    /// The name that channels give.
    fn name(&self) -> &'static str;

    /// What it can do with these channel options.
    fn capabilities(&self, options: &Map<String, Value>) -> Capabilities;

    /// Refuses channel options that it does not know, saying what would be accepted.
    fn check_options(&self, options: &Map<String, Value>) -> Result<(), String>;

    /// What will be made of this request where the vendor would not take it as it is (lengths, sizes).
    /// Told to the caller with the answer; [`Dialect::submit`] fits by itself.
    fn fit(&self, _options: &Map<String, Value>, _upstream_model: &str, _spec: &Spec) -> Fit {
        Fit::default()
    }

    /// Asks for a short-lived token, for a protocol whose requests need one beside the credential. The
    /// core keeps it for as long as it is good, and drops it early when the upstream answers 401.
    fn exchange(&self, _account: Account<'_>) -> Option<Result<Request, Failure>> {
        None
    }

    /// Reads the answer to an exchange.
    fn read_exchange(&self, _response: &Response) -> Result<Access, Failure> {
        Err(unasked("a token"))
    }

    /// The first request of a submission. `Err` is a verdict: the task can't be put in this protocol.
    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure>;

    /// Reads the answer to a submission.
    fn read_submit(&self, submission: &Submission<'_>, memo: &Value, response: &Response) -> Turn<SubmitOutcome>;

    /// Asks for these operations, at most `poll_batch` of them.
    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request;

    /// One outcome for each item, in their order.
    fn read_poll(
        &self,
        account: Account<'_>,
        items: &[PollItem<'_>],
        memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure>;

    /// Asks to stop an operation; `None` when the protocol can't.
    fn cancel(&self, _account: Account<'_>, _operation: &Operation) -> Option<Request> {
        None
    }

    /// Reads the answer to a request to stop.
    fn read_cancel(&self, _response: &Response) -> Result<CancelOutcome, Failure> {
        Err(unasked("a stop"))
    }

    /// Asks for one output's bytes.
    fn fetch(&self, account: Account<'_>, output: &Output) -> Result<Request, Failure>;

    /// What [`Operation::memo`] holds for such a submission when its operation is known by id alone (a callback
    /// or a look-up named it). Null unless the protocol's paths depend on what was asked for.
    fn memo(&self, _options: &Map<String, Value>, _upstream_model: &str, _spec: &Spec) -> Value {
        Value::Null
    }

    /// Looks for a lost submission; `None` when the protocol can't.
    fn lookup(&self, _account: Account<'_>, _lost: &Lost<'_>) -> Option<Request> {
        None
    }

    /// Reads what a look-up found.
    fn read_lookup(
        &self,
        _account: Account<'_>,
        _lost: &Lost<'_>,
        _response: &Response,
    ) -> Result<LookupOutcome, Failure> {
        Err(unasked("a look-up"))
    }

    /// Reads an inbound callback; `None` when it makes no sense, or when it should be signed and is not.
    fn read_callback(&self, _account: Account<'_>, _headers: &HeaderMap, _body: &[u8]) -> Option<Hint> {
        None
    }

    /// Whether a polled operation carries this client id; checked before a hint resolves a doubt.
    /// `response` is the answer to [`Dialect::poll`] for that single operation.
    fn carries_client(&self, _client: ClientId, _response: &Response) -> bool {
        false
    }

    /// Asks for a finished task's seed; `None` when the protocol can't.
    fn seed(&self, _account: Account<'_>, _operation: &Operation) -> Option<Request> {
        None
    }

    /// The seed, or `None` when upstream has none.
    fn read_seed(&self, _response: &Response) -> Result<Option<String>, Failure> {
        Err(unasked("a seed"))
    }
}

/// An answer to a question that the protocol does not have.
fn unasked(what: &str) -> Failure {
    Failure::never(FailureKind::Internal, "internal error", format!("this dialect never asks for {what}"))
}
