//! A configured account of a dialect. Data: hosts close and relays go on, so nothing here is code.

use crate::catalogue;
use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What to do with a task whose paid request may have arrived, when nobody can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UncertainPolicy {
    /// Fail it and give the reserve back.
    #[default]
    Fail,
    /// Leave it for the operator.
    Hold,
    /// Submit again and accept that it may be charged twice.
    Resubmit,
}

/// How much a channel may be asked for. 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelLimits {
    /// Tasks that the vendor works on at the same time.
    pub slots: i64,
    /// Requests a minute, as a token bucket.
    pub rate_per_min: i64,
    /// Bucket size: how many requests may go out at once.
    pub burst: i64,
}

impl Default for ChannelLimits {
    fn default() -> Self {
        Self { slots: 0, rate_per_min: 0, burst: 1 }
    }
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// The operator's name for it; the key everywhere.
    pub name: String,
    /// The wire protocol that it speaks.
    pub dialect: String,
    /// Scheme, host, port and path prefix. The only origin that the key is ever sent to.
    pub base_url: String,
    /// The credential. Encrypted at rest.
    pub key: Secret,
    /// Random text in the address of this channel's inbound callbacks.
    pub hook_secret: Secret,
    /// Public models served; `*` for all that the catalogue says its dialect can make; `public=upstream` renames.
    pub models: Vec<String>,
    /// Share among channels of equal priority.
    pub weight: i64,
    /// Higher goes first.
    pub priority: i64,
    /// How much it may be asked for.
    pub limits: ChannelLimits,
    /// What to do when nobody can tell whether a paid request arrived.
    pub uncertain: UncertainPolicy,
    /// Settings of the dialect, such as the flavour of a proxy.
    pub options: Map<String, Value>,
    /// No new work is handed to it; what runs is still watched.
    pub paused: bool,
    /// Removed by the operator; kept for the tasks that still name it.
    pub removed: bool,
    /// When it was added, ms.
    pub created_ms: i64,
}

impl Channel {
    /// The upstream name of a public model, if this channel serves it.
    pub fn upstream_model(&self, public: &str) -> Option<String> {
        self.models.iter().find_map(|entry| match entry.split_once('=') {
            Some((name, upstream)) if name == public => Some(upstream.to_owned()),
            None if entry == "*" => catalogue::upstream_name(&self.dialect, public).map(str::to_owned),
            None if entry == public => {
                Some(catalogue::upstream_name(&self.dialect, public).unwrap_or(public).to_owned())
            }
            _ => None,
        })
    }
}
