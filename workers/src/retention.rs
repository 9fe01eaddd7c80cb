//! Retention: what is kept for only so long goes, a batch at a time.

use crate::core::Core;
use crate::sweep::{PAGE, SweepError};
use ledger::Retention;

/// An upload that was begun this long ago and never finished is dead.
const UPLOAD_MAX_MS: i64 = 86_400_000;

/// What is kept for only so long goes, a batch at a time.
pub(crate) async fn purge_pass(core: &Core) -> Result<(), SweepError> {
    let now_ms = core.clock.now_ms();
    core.ledger.purge(Retention::Idempotency, now_ms, PAGE).await?;
    if let Err(error) = core.store.sweep_uploads(now_ms - UPLOAD_MAX_MS).await {
        tracing::warn!(%error, "abandoned uploads not removed");
    }
    let Some(retention_ms) = core.settings.retention_ms else { return Ok(()) };
    let before_ms = now_ms - retention_ms;
    let expired = core.ledger.expired_artifacts(before_ms, PAGE).await?;
    let mut gone = Vec::with_capacity(expired.len());
    for (_, key) in expired {
        match core.store.delete(&key).await {
            Ok(()) => gone.push(key),
            Err(error) => tracing::warn!(%error, "expired artifact not removed; trying again"),
        }
    }
    core.ledger.forget_artifacts(&gone).await?;
    core.ledger.purge(Retention::Tasks, before_ms, PAGE).await?;
    Ok(())
}
