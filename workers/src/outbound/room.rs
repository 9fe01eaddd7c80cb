//! Room in memory for large answers: upstreams that send films inside of JSON must not crowd out the rest.
//!
//! An answer whose limit is at most [`ORDINARY_MAX_BYTES`] is simply read. Any other is read freely up to
//! [`FREE_BYTES`] (most polls say no more than "still at work"); before it goes on it takes room for all of
//! its `Content-Length`, or of its limit where it tells none, out of [`LARGE_ANSWERS_MAX_MIB`] for the whole
//! process, waiting for it within the call's own time limit. One that is larger than all of the room goes
//! alone. The room is held for as long as the answer is.

use super::Outbound;
use super::deadline::{Body, Limits, collect, collect_after, next_piece, too_large};
use super::wire::{WireError, WireErrorKind};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;

/// How many MiB of large answers this process holds at the same time.
pub(super) const LARGE_ANSWERS_MAX_MIB: u32 = 64;

/// The largest limit of an answer that needs no room: lists, look-ups.
pub(crate) const ORDINARY_MAX_BYTES: u64 = 8 << 20;

/// How much of a large answer is read before it takes room.
const FREE_BYTES: usize = 1 << 20;

impl Outbound {
    /// Reads a body whole, once there is room for it.
    pub(super) async fn collect_with_room(
        &self,
        mut body: Body,
        headers: &HeaderMap,
        limits: Limits,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), WireError> {
        if limits.max_bytes <= ORDINARY_MAX_BYTES {
            return Ok((collect(body, limits).await?, None));
        }
        let told = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if told.is_some_and(|length| length > limits.max_bytes) {
            return Err(too_large(limits.max_bytes));
        }
        let mut whole = BytesMut::new();
        while whole.len() <= FREE_BYTES && told.is_none_or(|length| length <= FREE_BYTES as u64) {
            match next_piece(&mut body, limits).await? {
                Some(piece) => whole.extend_from_slice(&piece),
                None => return Ok((whole.freeze(), None)),
            }
        }
        let most_bytes = told.unwrap_or(limits.max_bytes).max(whole.len() as u64);
        let mut room = self.room_for_answer(most_bytes, limits).await?;
        whole.reserve(told.and_then(|length| usize::try_from(length).ok()).unwrap_or(0));
        let whole = collect_after(whole, body, limits).await?;
        let surplus = room.num_permits().saturating_sub(mib_of(whole.len() as u64) as usize);
        // What was taken for the worst case and not needed goes back at once.
        drop(room.split(surplus));
        Ok((whole, Some(room)))
    }

    async fn room_for_answer(&self, bytes: u64, limits: Limits) -> Result<OwnedSemaphorePermit, WireError> {
        let full = || WireError::after(WireErrorKind::Timeout, "too many large answers are being read");
        let room = self.large_answers_mib.clone().acquire_many_owned(mib_of(bytes));
        timeout_at(limits.until, room).await.map_err(|_| full())?.map_err(|_| full())
    }
}

/// So many bytes in MiB, rounded up, and never more than there is room for.
fn mib_of(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX).min(LARGE_ANSWERS_MAX_MIB)
}
