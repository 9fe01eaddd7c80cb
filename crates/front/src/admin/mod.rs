//! The operator's verbs: what the command line does, through a running process or straight on the ledger.
//!
//! One file a noun. Every verb that changes something writes a log line with `who = "operator"`; one that
//! moves a task writes the same into the task's event.

mod cancel;
mod channel;
mod error;
mod http;
mod key;
mod redact;
mod resolve;
mod show;
mod standing;
mod steer;
mod token;

pub use crate::auth::key_hash;
pub use channel::NewChannel;
pub use error::VerbError;
pub use http::{VERB_BODY_MAX_BYTES, router};
pub use key::{NewKey, random_base62};
pub use resolve::Verdict;
pub use show::Filters;

use crate::state::Front;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use task::TaskId;

/// What an operator can ask for. In JSON the name stands in `verb`:
/// `{"verb":"token_create","name":"ci"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verb {
    /// Makes a key and shows it this once.
    TokenCreate {
        /// The operator's name for it, 1 to 50 characters.
        name: String,
        /// Quota granted; none: unlimited.
        #[serde(default)]
        quota: Option<i64>,
        /// When it stops working, ms since the epoch; none: never.
        #[serde(default)]
        expires_ms: Option<i64>,
    },
    /// Every token, masked.
    TokenList,
    /// Stops a token for good; its tasks go on.
    TokenRevoke {
        /// Its id (`tok_…`) or, when only one has it, its name.
        id_or_name: String,
    },
    /// Adds a channel, or changes one with `replace`.
    ChannelAdd(NewChannel),
    /// Every channel, without its secrets.
    ChannelList,
    /// Hands no new work to a channel; what runs is still watched.
    ChannelPause {
        /// Which one.
        name: String,
    },
    /// Ends a pause.
    ChannelResume {
        /// Which one.
        name: String,
    },
    /// Takes a channel away for new tasks; those that name it are watched to their end.
    ChannelRemove {
        /// Which one.
        name: String,
    },
    /// A task with its events, attempts and callbacks.
    TaskShow {
        /// Which one.
        id: TaskId,
    },
    /// Tasks, newest first.
    TaskList(Filters),
    /// Opens a new task like a failed or cancelled one, linked to it, with a reserve of its own.
    TaskRetry {
        /// The ended one.
        id: TaskId,
    },
    /// Stops a task as its caller could.
    TaskCancel {
        /// Which one.
        id: TaskId,
    },
    /// Ends the doubt whether a task's paid request arrived.
    TaskResolve {
        /// The uncertain task.
        id: TaskId,
        /// What the operator knows or decides.
        #[serde(rename = "as")]
        verdict: Verdict,
    },
}

impl Verb {
    /// The verb's name in JSON, logs and events.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TokenCreate { .. } => "token_create",
            Self::TokenList => "token_list",
            Self::TokenRevoke { .. } => "token_revoke",
            Self::ChannelAdd(_) => "channel_add",
            Self::ChannelList => "channel_list",
            Self::ChannelPause { .. } => "channel_pause",
            Self::ChannelResume { .. } => "channel_resume",
            Self::ChannelRemove { .. } => "channel_remove",
            Self::TaskShow { .. } => "task_show",
            Self::TaskList(_) => "task_list",
            Self::TaskRetry { .. } => "task_retry",
            Self::TaskCancel { .. } => "task_cancel",
            Self::TaskResolve { .. } => "task_resolve",
        }
    }
}

/// Does what the operator asks, and answers a JSON object for people and scripts. The only answers that
/// hold a secret are those that show a new one for the only time: a token's key and a channel's hook URL.
pub async fn run(front: &Front, verb: Verb) -> Result<Value, VerbError> {
    let name = verb.name();
    let result = match verb {
        Verb::TokenCreate { name, quota, expires_ms } => token::create(front, name, quota, expires_ms).await,
        Verb::TokenList => token::list(front).await,
        Verb::TokenRevoke { id_or_name } => token::revoke(front, &id_or_name).await,
        Verb::ChannelAdd(new) => channel::add(front, new).await,
        Verb::ChannelList => channel::list(front).await,
        Verb::ChannelPause { name } => channel::set_paused(front, &name, true).await,
        Verb::ChannelResume { name } => channel::set_paused(front, &name, false).await,
        Verb::ChannelRemove { name } => channel::remove(front, &name).await,
        Verb::TaskShow { id } => show::show(front, id).await,
        Verb::TaskList(filters) => show::list(front, filters).await,
        Verb::TaskRetry { id } => steer::retry(front, id).await,
        Verb::TaskCancel { id } => cancel::cancel(front, id).await,
        Verb::TaskResolve { id, verdict } => resolve::resolve(front, id, verdict).await,
    };
    match &result {
        Ok(_) => tracing::info!(who = "operator", verb = name, "operator's verb done"),
        Err(error) => tracing::warn!(who = "operator", verb = name, %error, "operator's verb refused"),
    }
    result
}
