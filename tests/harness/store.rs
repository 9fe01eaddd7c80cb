//! A store that can refuse.

use async_trait::async_trait;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{ByteStream, FolderStore, ObjectMeta, PutReceipt, Store, StoreError};

/// A folder behind a door.
#[derive(Debug)]
pub struct FlakyStore {
    inner: FolderStore,
    refuses: AtomicBool,
}

impl FlakyStore {
    /// Passes everything on to this folder.
    pub fn new(inner: FolderStore) -> Arc<Self> {
        Arc::new(Self { inner, refuses: AtomicBool::new(false) })
    }

    /// Whether reads and writes fail from now on, as when a disk is full or away.
    pub fn set_refuses(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    fn open(&self) -> Result<&FolderStore, StoreError> {
        if self.refuses.load(Ordering::SeqCst) { Err(StoreError::Away("played".to_owned())) } else { Ok(&self.inner) }
    }
}

#[async_trait]
impl Store for FlakyStore {
    async fn put_stream(
        &self,
        key: &str,
        content_type: &str,
        max_bytes: u64,
        body: ByteStream,
    ) -> Result<PutReceipt, StoreError> {
        self.open()?.put_stream(key, content_type, max_bytes, body).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.open()?.head(key).await
    }

    async fn get_range(&self, key: &str, range: Option<Range<u64>>) -> Result<(ObjectMeta, ByteStream), StoreError> {
        self.open()?.get_range(key, range).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.open()?.delete(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        self.open()?.list(prefix, after, limit).await
    }

    async fn sweep_uploads(&self, before_ms: i64) -> Result<usize, StoreError> {
        self.open()?.sweep_uploads(before_ms).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.open()?.check().await
    }

    fn public_link(&self, key: &str) -> Option<String> {
        self.inner.public_link(key)
    }
}
