//! Limits on time and bytes of a body that arrives in pieces.

use super::wire::{WireError, WireErrorKind};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A body as the wire gives it.
pub(super) type Body = BoxStream<'static, Result<Bytes, WireError>>;

/// Milliseconds as a duration; a negative number is none at all.
pub(super) fn millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// Whole milliseconds since `started`.
pub(super) fn elapsed_ms(started: Instant) -> i64 {
    i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// What a body may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_bytes: u64,
    /// Longest pause between two pieces.
    pub(super) idle: Duration,
    /// When all of it has to be there.
    pub(super) until: Instant,
}

/// The same body, ending with an error at the first limit that it passes.
pub(super) fn limited(body: Body, limits: Limits) -> Body {
    stream::unfold(Some((body, 0_u64)), move |state| async move {
        let (mut body, read_bytes) = state?;
        match next_piece(&mut body, limits).await {
            Ok(None) => None,
            Ok(Some(piece)) => {
                let read_bytes = read_bytes.saturating_add(piece.len() as u64);
                if read_bytes > limits.max_bytes {
                    return Some((Err(too_large(limits.max_bytes)), None));
                }
                Some((Ok(piece), Some((body, read_bytes))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

/// The next piece of a body, within its limits of time.
pub(super) async fn next_piece(body: &mut Body, limits: Limits) -> Result<Option<Bytes>, WireError> {
    let until = limits.until.min(Instant::now() + limits.idle);
    match timeout_at(until, body.next()).await {
        Ok(piece) => piece.transpose(),
        Err(_) if until == limits.until => {
            Err(WireError::after(WireErrorKind::Timeout, "the body was not whole within the time limit"))
        }
        Err(_) => Err(WireError::after(WireErrorKind::Timeout, "the body stopped arriving")),
    }
}

/// Reads a body whole.
pub(super) async fn collect(body: Body, limits: Limits) -> Result<Bytes, WireError> {
    collect_after(BytesMut::new(), body, limits).await
}

/// Reads a body whole whose beginning is there already.
pub(super) async fn collect_after(mut whole: BytesMut, mut body: Body, limits: Limits) -> Result<Bytes, WireError> {
    while let Some(piece) = next_piece(&mut body, limits).await? {
        if (whole.len() + piece.len()) as u64 > limits.max_bytes {
            return Err(too_large(limits.max_bytes));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Reads the first `max_bytes` of a body, or as much as arrives until then; what goes wrong ends it early.
pub(super) async fn collect_head(mut body: Body, limits: Limits) -> Bytes {
    let max_bytes = usize::try_from(limits.max_bytes).unwrap_or(usize::MAX);
    let mut head = BytesMut::new();
    while head.len() < max_bytes
        && let Ok(Some(piece)) = next_piece(&mut body, limits).await
    {
        head.extend_from_slice(&piece[..piece.len().min(max_bytes - head.len())]);
    }
    head.freeze()
}

pub(super) fn too_large(max_bytes: u64) -> WireError {
    WireError::after(WireErrorKind::TooLarge, format!("the body has more than {max_bytes} bytes"))
}
