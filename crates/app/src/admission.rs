//! A store that takes only as many puts at a time as their buffers fit into the memory that was given them
//! (`DESIGN.md` section 5, store: the archive stage admits by bytes).

use async_trait::async_trait;
use std::ops::Range;
use std::sync::Arc;
use store::{ByteStream, ObjectMeta, PutReceipt, Store, StoreError};
use tokio::sync::Semaphore;

/// The store with a door before its puts. Everything else goes straight through.
#[derive(Debug)]
pub(crate) struct AdmittedStore {
    inner: Arc<dyn Store>,
    places: Semaphore,
}

impl AdmittedStore {
    /// Admits as many puts of `put_bytes` each as `room_bytes` hold, and at least one.
    pub(crate) fn new(inner: Arc<dyn Store>, put_bytes: u64, room_bytes: u64) -> Self {
        let places = room_bytes.checked_div(put_bytes).unwrap_or(1).max(1);
        let places = usize::try_from(places).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self { inner, places: Semaphore::new(places) }
    }
}

#[async_trait]
impl Store for AdmittedStore {
    async fn put_stream(
        &self,
        key: &str,
        content_type: &str,
        max_bytes: u64,
        body: ByteStream,
    ) -> Result<PutReceipt, StoreError> {
        // The door is never closed, so that this waits and does not fail.
        let _place = self.places.acquire().await.map_err(|_| StoreError::Away("it takes nothing more".to_owned()))?;
        self.inner.put_stream(key, content_type, max_bytes, body).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.inner.head(key).await
    }

    async fn get_range(&self, key: &str, range: Option<Range<u64>>) -> Result<(ObjectMeta, ByteStream), StoreError> {
        self.inner.get_range(key, range).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        self.inner.list(prefix, after, limit).await
    }

    async fn sweep_uploads(&self, before_ms: i64) -> Result<usize, StoreError> {
        self.inner.sweep_uploads(before_ms).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }

    fn public_link(&self, key: &str) -> Option<String> {
        self.inner.public_link(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nature::SystemClock;
    use futures::FutureExt;
    use futures::StreamExt;
    use store::FolderStore;

    fn body(parts: Vec<Result<bytes::Bytes, StoreError>>) -> ByteStream {
        futures::stream::iter(parts).boxed()
    }

    #[tokio::test]
    async fn a_put_waits_for_room_and_leaves_it_again() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let inner = FolderStore::open(folder.path().to_owned(), Arc::new(SystemClock)).expect("a store");
        let store = AdmittedStore::new(Arc::new(inner), 10, 19);
        let stuck = store.put_stream("a", "text/plain", 10, futures::stream::pending().boxed());
        let mut stuck = Box::pin(stuck);
        assert!(stuck.as_mut().now_or_never().is_none());
        let second = store.put_stream("b", "text/plain", 10, body(vec![Ok(bytes::Bytes::from_static(b"b"))]));
        let mut second = Box::pin(second);
        assert!(second.as_mut().now_or_never().is_none(), "there is room for one");
        drop(stuck);
        assert_eq!(second.await.expect("there is room now").bytes, 1);
    }
}
