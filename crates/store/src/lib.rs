//! Artifacts: a folder or S3, behind one trait.

mod folder;
pub mod key;
mod s3;
mod spill;

pub use folder::FolderStore;
pub use s3::{ChecksumMode, Links, PayloadSigning, S3Settings, S3SettingsError, S3Store};
pub use spill::{Spill, SpilledObject};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use std::fmt;
use std::ops::Range;

/// A body on its way in or out, in pieces of at most a few hundred KiB.
pub type ByteStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// What went wrong with the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("no such object")]
    Missing,
    /// The key has a form that the store never makes.
    #[error("not a key of this store")]
    BadKey,
    /// The source of the bytes failed; the store itself is fine.
    #[error("the source failed: {0}")]
    Source(String),
    /// The object would be larger than the limit.
    #[error("larger than {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: u64,
    },
    /// The store is away, full or refuses; a retry may help.
    #[error("the store is away: {0}")]
    Away(String),
}

/// What the store knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Length.
    pub bytes: u64,
    /// What the bytes were said to be when they were put.
    pub content_type: String,
    /// Strong validator, quoted, for `ETag`.
    pub etag: String,
    /// When it was put, ms since the epoch.
    pub modified_ms: i64,
}

/// What a put made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutReceipt {
    /// Length.
    pub bytes: u64,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
}

/// Where artifacts are. Keys are relative, `/`-separated, each part of `[A-Za-z0-9._-]` and never `.` or `..`.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Writes an object whole or not at all: a reader never sees part of it, and a failed or dropped
    /// put leaves nothing. Replaces what was there. Memory does not grow with its size.
    async fn put_stream(
        &self,
        key: &str,
        content_type: &str,
        max_bytes: u64,
        body: ByteStream,
    ) -> Result<PutReceipt, StoreError>;

    /// What is known of an object.
    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError>;

    /// Reads a range (whole object when `None`), streamed. A range past the end is cut to what exists.
    async fn get_range(&self, key: &str, range: Option<Range<u64>>) -> Result<(ObjectMeta, ByteStream), StoreError>;

    /// Removes an object; removing nothing is fine.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// Keys under a prefix, oldest first by name, at most `limit`, after `after`.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError>;

    /// Removes uploads that were begun before `before_ms` and never finished; tells how many.
    async fn sweep_uploads(&self, before_ms: i64) -> Result<usize, StoreError>;

    /// Whether it can be written to right now, for `/readyz`.
    async fn check(&self) -> Result<(), StoreError>;

    /// A link that is good without us (a public bucket's address), when the store has such links.
    fn public_link(&self, key: &str) -> Option<String>;
}
