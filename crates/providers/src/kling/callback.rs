//! Inbound callbacks: a task without an envelope, in either generation's words (`upstream/kling.md` section 8).

use super::{credential, upstream_task};
use crate::dialect::{Account, Hint};
use crate::webhook_signature;
use http::HeaderMap;
use serde_json::Value;

/// The task that a callback names. `None` when the channel has a webhook secret and the signature does not
/// fit it; without a secret the callback is unsigned. A hint in either case: the poll is what counts.
pub(super) fn read(account: Account<'_>, headers: &HeaderMap, body: &[u8]) -> Option<Hint> {
    if let Some(secret) = credential::webhook_secret(account.key) {
        webhook_signature::verify(&secret, headers, body, account.now_ms).ok()?;
    }
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return None };
    let task = upstream_task::read(&object)?;
    Some(Hint { operation_id: task.id, client: task.external_id.and_then(|id| id.parse().ok()) })
}
