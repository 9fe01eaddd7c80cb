//! The source of a put, taken in blocks of an even size, counted and hashed on the way.

use super::buffers::Block;
use crate::folder::hex;
use crate::{ByteStream, PutReceipt, StoreError};
use bytes::Bytes;
use futures::StreamExt;
use sha2::{Digest, Sha256};

/// A body on its way in.
pub(super) struct Intake {
    /// Gone once it has ended.
    body: Option<ByteStream>,
    /// What is left of the piece that came last.
    left: Bytes,
    hash: Sha256,
    bytes: u64,
    max_bytes: u64,
}

impl Intake {
    pub(super) fn new(body: ByteStream, max_bytes: u64) -> Self {
        Self { body: Some(body), left: Bytes::new(), hash: Sha256::new(), bytes: 0, max_bytes }
    }

    /// Fills a block with `block_bytes`, or fewer when the source ends. The bytes are copied, so that a block
    /// holds exactly its own size, whatever the pieces were cut from.
    /// The source's own error, or [`StoreError::TooLarge`].
    pub(super) async fn fill(&mut self, block: &mut Block, block_bytes: usize) -> Result<(), StoreError> {
        let filled = &mut block.filled;
        while filled.len() < block_bytes && !self.is_at_end().await? {
            let taken = self.left.split_to(self.left.len().min(block_bytes - filled.len()));
            filled.extend_from_slice(&taken);
        }
        Ok(())
    }

    /// Whether nothing more comes; waits for the next piece to know.
    pub(super) async fn is_at_end(&mut self) -> Result<bool, StoreError> {
        while self.left.is_empty() {
            // The memory that it was cut from is not kept while the next one is waited for.
            self.left = Bytes::new();
            let Some(body) = &mut self.body else { return Ok(true) };
            match body.next().await {
                None => self.body = None,
                Some(piece) => self.left = self.noted(piece?)?,
            }
        }
        Ok(false)
    }

    fn noted(&mut self, piece: Bytes) -> Result<Bytes, StoreError> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.bytes > self.max_bytes {
            return Err(StoreError::TooLarge { max_bytes: self.max_bytes });
        }
        self.hash.update(&piece);
        Ok(piece)
    }

    /// What was taken in all.
    pub(super) fn receipt(self) -> PutReceipt {
        PutReceipt { bytes: self.bytes, sha256: hex(&self.hash.finalize()) }
    }
}
