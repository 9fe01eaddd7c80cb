//! What a file says of itself: its type from its first bytes, then pixels and playing time from its headers.
//!
//! Files come from strangers: every reader looks at a bounded number of bytes, takes no length for granted,
//! and says nothing where it is not sure. Nothing is better than a wrong number.

mod mp3;
mod mp4;
mod sniff;
mod wav;
mod webm;

pub(crate) use sniff::{Container, FileType, sniff};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use store::Store;
use task::Size;

/// No file that we keep plays for longer; what says so is wrong.
const DURATION_MAX_MS: u64 = 24 * 3_600_000;

/// What was read from a file's headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Pixels.
    pub(crate) size: Option<Size>,
    /// Playing time.
    pub(crate) duration_ms: Option<i64>,
}

/// A file that lies in the store, its beginning at hand.
pub(crate) struct Kept<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) key: &'a str,
    /// Length of the file.
    pub(crate) length: u64,
    /// Its first bytes.
    pub(crate) head: &'a Bytes,
}

impl Kept<'_> {
    /// What a file of this type says of itself.
    pub(crate) async fn facts(&self, kind: FileType) -> Facts {
        match kind.container {
            Container::Picture => Facts { size: picture_size(self.head), duration_ms: None },
            Container::Iso => mp4::facts(self).await,
            Container::Matroska => webm::facts(self.head),
            Container::Mp3 => Facts { size: None, duration_ms: mp3::duration_ms(self).await },
            Container::Wav => Facts { size: None, duration_ms: wav::duration_ms(self.head, self.length) },
            Container::Other => Facts::default(),
        }
    }

    /// At most `max` bytes from `from` on, fewer only at the file's end; from the store where the head does
    /// not reach. `None` when there are none, or the store can't give them now.
    async fn read(&self, from: u64, max: usize) -> Option<Bytes> {
        let end = from.checked_add(max as u64)?.min(self.length);
        if from >= end {
            return None;
        }
        let (start, stop) = (usize::try_from(from).ok()?, usize::try_from(end).ok()?);
        if let Some(part) = self.head.get(start..stop) {
            return Some(self.head.slice_ref(part));
        }
        let (_, mut body) = self.store.get_range(self.key, Some(from..end)).await.ok()?;
        let mut read = BytesMut::new();
        while let Some(piece) = body.next().await {
            read.extend_from_slice(&piece.ok()?);
            if read.len() >= stop - start {
                break;
            }
        }
        read.truncate(stop - start);
        Some(read.freeze())
    }
}

fn picture_size(head: &[u8]) -> Option<Size> {
    let size = imagesize::blob_size(head).ok()?;
    let size = Size { width: i64::try_from(size.width).ok()?, height: i64::try_from(size.height).ok()? };
    (size.width > 0 && size.height > 0).then_some(size)
}

/// `units` of which `per_second` make a second, rounded; `None` for nothing and for nonsense.
fn whole_ms(units: u64, per_second: u64) -> Option<i64> {
    let ms = (u128::from(units) * 1_000 + u128::from(per_second) / 2).checked_div(u128::from(per_second))?;
    let ms = u64::try_from(ms).ok().filter(|ms| (1..=DURATION_MAX_MS).contains(ms))?;
    i64::try_from(ms).ok()
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
