//! Where artifacts wait on this machine while the store is away and their vendor's copy deadline passes
//! (`DESIGN.md` section 3, archiving): a folder with a limit, read again when the store is back.

use crate::{ByteStream, FolderStore, PutReceipt, Store, StoreError};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use task::Clock;

/// How many keys are read at a time when the folder is opened.
const PAGE: usize = 1_000;

/// An object that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpilledObject {
    /// Its key.
    pub key: String,
    /// Length.
    pub bytes: u64,
}

/// A folder of objects that a store could not take, of one process: `app` locks it like any folder of ours.
#[derive(Debug)]
pub struct Spill {
    folder: FolderStore,
    room: Arc<Room>,
}

impl Spill {
    /// Opens the folder at `root`, making it when it is not there, and counts what waits in it.
    /// `max_bytes` is the most that may lie there in all, half-written objects included.
    pub async fn open(root: PathBuf, max_bytes: u64, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let folder = FolderStore::open(root, clock)?;
        // Nobody else writes here: what is unfinished now was left by a process that died.
        folder.sweep_uploads(i64::MAX).await?;
        let mut stock = Stock::default();
        loop {
            let after = stock.sizes.last_key_value().map(|(key, _)| key.clone());
            let page = folder.list("", after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            for key in page {
                let bytes = folder.head(&key).await?.bytes;
                stock.used_bytes = stock.used_bytes.saturating_add(bytes);
                stock.sizes.insert(key, bytes);
            }
            if is_last {
                break;
            }
        }
        Ok(Self { folder, room: Arc::new(Room { max_bytes, stock: Mutex::new(stock) }) })
    }

    /// Writes an object whole or not at all, replacing what waited under its key.
    /// [`StoreError::TooLarge`] (with the limit of the folder) when there is no room for it.
    pub async fn put(&self, key: &str, content_type: &str, body: ByteStream) -> Result<PutReceipt, StoreError> {
        let claim = Arc::new(Claim { room: Arc::clone(&self.room), bytes: Mutex::default() });
        let counted = Arc::clone(&claim);
        let body = body.map(move |piece| {
            let piece = piece?;
            counted.grow(piece.len() as u64)?;
            Ok(piece)
        });
        let receipt = self.folder.put_stream(key, content_type, u64::MAX, body.boxed()).await?;
        claim.keep_as(key);
        Ok(receipt)
    }

    /// What waits, by key, at most `limit`, after `after`.
    pub fn list(&self, after: Option<&str>, limit: usize) -> Vec<SpilledObject> {
        let stock = self.room.stock();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let found = stock.sizes.range::<str, _>((start, Bound::Unbounded)).take(limit);
        found.map(|(key, bytes)| SpilledObject { key: key.clone(), bytes: *bytes }).collect()
    }

    /// Whether an object waits under this key.
    pub fn holds(&self, key: &str) -> bool {
        self.room.stock().sizes.contains_key(key)
    }

    /// An object's bytes from their beginning, with the length and the sum that they were put with: whoever
    /// passes them on compares, for disks rot. [`StoreError::Missing`] when nothing waits under the key.
    pub async fn read(&self, key: &str) -> Result<(PutReceipt, ByteStream), StoreError> {
        let (meta, body) = self.folder.get_range(key, None).await?;
        // Trouble with our own disk is not the store's.
        let body = body.map(|piece| piece.map_err(|error| StoreError::Source(error.to_string())));
        let receipt = PutReceipt { bytes: meta.bytes, sha256: meta.etag.trim_matches('"').to_owned() };
        Ok((receipt, body.boxed()))
    }

    /// Removes an object that nobody wants any more; removing nothing is fine.
    pub async fn discard(&self, key: &str) -> Result<(), StoreError> {
        self.folder.delete(key).await?;
        let mut stock = self.room.stock();
        let bytes = stock.sizes.remove(key).unwrap_or_default();
        stock.used_bytes = stock.used_bytes.saturating_sub(bytes);
        Ok(())
    }

    /// How many objects wait here.
    pub fn files(&self) -> usize {
        self.room.stock().sizes.len()
    }

    /// Bytes that lie here, half-written objects included.
    pub fn used_bytes(&self) -> u64 {
        self.room.stock().used_bytes
    }

    /// The most bytes that may lie here.
    pub fn max_bytes(&self) -> u64 {
        self.room.max_bytes
    }
}

#[derive(Debug)]
struct Room {
    max_bytes: u64,
    stock: Mutex<Stock>,
}

#[derive(Debug, Default)]
struct Stock {
    sizes: BTreeMap<String, u64>,
    /// The sizes and what half-written objects have claimed.
    used_bytes: u64,
}

impl Room {
    fn stock(&self) -> MutexGuard<'_, Stock> {
        // Nothing between taking and giving back the lock can panic half-way.
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room that an object takes while it is written; given back on drop unless it was kept.
#[derive(Debug)]
struct Claim {
    room: Arc<Room>,
    bytes: Mutex<u64>,
}

impl Claim {
    fn claimed(&self) -> MutexGuard<'_, u64> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grow(&self, bytes: u64) -> Result<(), StoreError> {
        let mut stock = self.room.stock();
        let used_bytes = stock.used_bytes.saturating_add(bytes);
        if used_bytes > self.room.max_bytes {
            return Err(StoreError::TooLarge { max_bytes: self.room.max_bytes });
        }
        stock.used_bytes = used_bytes;
        *self.claimed() += bytes;
        Ok(())
    }

    /// From now on the bytes belong to the key, and those that it had are free.
    fn keep_as(&self, key: &str) {
        let mut stock = self.room.stock();
        let bytes = std::mem::take(&mut *self.claimed());
        let before = stock.sizes.insert(key.to_owned(), bytes).unwrap_or_default();
        stock.used_bytes = stock.used_bytes.saturating_sub(before);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut *self.claimed());
        let mut stock = self.room.stock();
        stock.used_bytes = stock.used_bytes.saturating_sub(bytes);
    }
}
