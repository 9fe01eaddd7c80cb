//! The task: one row of the ledger, as plain data.

use crate::artifact::{Artifact, Output};
use crate::failure::Failure;
use crate::id::{AttemptId, ClientId, TaskId, TokenId};
use crate::song::Clip;
use crate::spec::{Size, Spec};
use crate::state::{Shown, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a running task is upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The vendor has it in a queue of its own.
    #[default]
    Waiting,
    /// The vendor is at work on it.
    Working,
}

impl Phase {
    /// The word in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Working => "working",
        }
    }
}

/// The vendor's handle of a task: what the dialect needs to ask for it again. Opaque to the core.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// The vendor's own id, for logs, look-ups and inbound callbacks.
    pub id: String,
    /// Whatever else the dialect wants back.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub memo: Value,
}

/// A follow-up that the vendor offers on a finished task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What to send back when it is pressed, verbatim from the vendor.
    pub custom_id: String,
    /// Picture on it, `""` when none.
    pub emoji: String,
    /// Words on it, `""` when none.
    pub label: String,
    /// The vendor's style number.
    pub style: i64,
    /// The vendor's type number.
    pub kind: i64,
}

/// What the vendor makes where it differs from what was asked for: callers see and pay for this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fitted {
    /// Playing time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
}

impl Fitted {
    /// Whether all is made as asked for.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What a vendor tells of a task beside its files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Follow-ups on offer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// Words that came out (describe, shorten), one item each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// The prompt as the vendor used it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_used: Option<String>,
    /// The seed, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// A title (of lyrics).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Songs that came out, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clips: Vec<Clip>,
    /// What the vendor makes where it differs from what was asked for.
    #[serde(skip_serializing_if = "Fitted::is_nothing")]
    pub fitted: Fitted,
    /// A line about the task in the vendor's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Anything that only one vendor has, by its field name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extras: Map<String, Value>,
}

impl Details {
    /// Takes over what `newer` knows and keeps the rest.
    pub fn merge(&mut self, newer: Details) {
        if !newer.buttons.is_empty() {
            self.buttons = newer.buttons;
        }
        if !newer.texts.is_empty() {
            self.texts = newer.texts;
        }
        if !newer.clips.is_empty() {
            self.clips = newer.clips;
        }
        self.title = newer.title.or(self.title.take());
        self.fitted.seconds = newer.fitted.seconds.or(self.fitted.seconds);
        self.fitted.size = newer.fitted.size.or(self.fitted.size);
        self.prompt_used = newer.prompt_used.or(self.prompt_used.take());
        self.seed = newer.seed.or(self.seed.take());
        self.description = newer.description.or(self.description.take());
        self.extras.extend(newer.extras);
    }
}

/// A task. All times are milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Which one.
    pub id: TaskId,
    /// Counts changes, from 1. Every change is a compare-and-set on it.
    pub version: i64,
    /// Whose it is.
    pub token: TokenId,
    /// The public contract that it came in by.
    pub family: String,
    /// The family's word for what was asked (`IMAGINE`, `UPSCALE` …).
    pub action: String,
    /// Public model name.
    pub model: String,
    /// What was asked for.
    pub spec: Spec,

    /// Where it is in its life. Written by [`crate::state`] and nothing else.
    pub state: State,
    /// What callers see of the state; never goes back.
    pub shown: Shown,
    /// Where it is upstream, while running.
    pub phase: Phase,
    /// 0–100; never falls. A side column: writing it is not a change.
    pub progress: i64,

    /// The channel that has it, or will.
    pub channel: String,
    /// What the channel's vendor calls the model.
    pub upstream_model: String,
    /// The newest attempt.
    pub attempt: Option<AttemptId>,
    /// Attempts so far, those given back before the first byte not counted.
    pub attempts: i64,
    /// What we sent upstream to find it again.
    pub client: Option<ClientId>,
    /// The vendor's handle, once accepted.
    pub operation: Option<Operation>,
    /// What the vendor told beside the files.
    pub details: Details,
    /// Outputs to be archived, as the vendor named them.
    pub outputs: Vec<Output>,
    /// Outputs in our own store, in order.
    pub artifacts: Vec<Artifact>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What was fitted or left out on the way.
    pub warnings: Vec<String>,

    /// The task that took this one's operation over (a modal's answer).
    pub child: Option<TaskId>,
    /// The failed task that an operator retried as this one.
    pub retry_of: Option<TaskId>,
    /// Where changes are called back to.
    pub callback_url: Option<String>,
    /// The caller's own text: echoed, never sent upstream.
    pub external_id: Option<String>,

    /// When the ledger wants it looked at next: queued, uncertain, awaiting input, archiving.
    pub due_ms: Option<i64>,
    /// End of the submit lease.
    pub lease_until_ms: Option<i64>,
    /// When it has to be over.
    pub deadline_ms: i64,
    /// When the upstream first said that it does not know it. A side column.
    pub missing_ms: Option<i64>,
    /// When it was opened.
    pub created_ms: i64,
    /// When the vendor had it.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// When the outputs were known, so that the copy deadline can be told.
    pub answered_ms: Option<i64>,
    /// When `shown` last changed.
    pub shown_ms: i64,
    /// When anything last changed.
    pub updated_ms: i64,

    /// Quota held for it.
    pub reserved: i64,
    /// Quota taken for it.
    pub charged: i64,
    /// Hidden from its caller (deleted by them).
    pub hidden: bool,
    /// Its place in a trace: the span of its submission, or the caller's where none is exported, as a W3C
    /// `traceparent`. Every later span of the task is a child of it.
    pub trace: Option<String>,
}

impl Task {
    /// A task at its birth: queued, version 1, with nothing in it but what was asked for. The opener fills
    /// in what it knows beside that (family, action, model, channel, deadline …).
    pub fn queued(id: TaskId, token: TokenId, spec: Spec, now_ms: i64) -> Self {
        Self {
            id,
            version: 1,
            token,
            family: String::new(),
            action: String::new(),
            model: String::new(),
            spec,
            state: State::Queued,
            shown: Shown::Queued,
            phase: Phase::default(),
            progress: 0,
            channel: String::new(),
            upstream_model: String::new(),
            attempt: None,
            attempts: 0,
            client: None,
            operation: None,
            details: Details::default(),
            outputs: Vec::new(),
            artifacts: Vec::new(),
            failure: None,
            warnings: Vec::new(),
            child: None,
            retry_of: None,
            callback_url: None,
            external_id: None,
            due_ms: Some(now_ms),
            lease_until_ms: None,
            deadline_ms: i64::MAX,
            missing_ms: None,
            created_ms: now_ms,
            started_ms: None,
            finished_ms: None,
            answered_ms: None,
            shown_ms: now_ms,
            updated_ms: now_ms,
            reserved: 0,
            charged: 0,
            hidden: false,
            trace: None,
        }
    }

    /// Playing time as it is made, or else as asked for, s.
    pub fn seconds(&self) -> Option<f64> {
        self.details.fitted.seconds.or(self.spec.seconds)
    }

    /// Pixels as they are made, or else as asked for.
    pub fn size(&self) -> Option<Size> {
        self.details.fitted.size.or(self.spec.size)
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.state.is_terminal()
    }

    /// Takes over a vendor's number; at most 99 before the end, never lower than before.
    /// Tells whether anything moved.
    pub fn raise_progress(&mut self, percent: i64) -> bool {
        let percent = percent.clamp(0, 99);
        let higher = !self.is_over() && percent > self.progress;
        if higher {
            self.progress = percent;
        }
        higher
    }
}
