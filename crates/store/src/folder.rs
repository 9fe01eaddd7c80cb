//! A folder of plain files: `<root>/<key>` is the object's bytes and nothing else, so that an operator
//! may look at it, copy it or serve it with any tool.
//!
//! What is known beside the bytes lies in a parallel tree, `<root>/.meta/<key>@.json` ([`sheet`]).
//! Unfinished uploads lie in `<root>/.uploads` ([`upload`]) and become visible by one rename.
//! One process owns the folder (`app` locks it); within it, commits to the same key take turns.

mod disk;
mod sheet;
mod upload;
mod walk;

use crate::{ByteStream, ObjectMeta, PutReceipt, Store, StoreError, key};
use async_trait::async_trait;
use bytes::Bytes;
use disk::{away, blocking};
use futures::StreamExt;
pub(crate) use sheet::hex;
use sheet::{Identity, Sheet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use task::Clock;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::io::ReaderStream;
use upload::Upload;

/// Bytes read from the disk at a time.
const READ_PIECE_BYTES: usize = 128 * 1024;

/// How many keys may be committed side by side: keys share this many locks.
const COMMIT_LOCKS: usize = 64;

/// How long a probe of the folder may take before it counts as away.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// Artifacts in a folder of the local file system.
#[derive(Debug)]
pub struct FolderStore {
    place: Arc<Place>,
    clock: Arc<dyn Clock>,
    locks: Vec<Arc<Mutex<()>>>,
}

/// Where things lie under the root.
#[derive(Debug)]
struct Place {
    root: PathBuf,
}

impl Place {
    fn uploads(&self) -> PathBuf {
        self.root.join(".uploads")
    }

    fn sheets(&self) -> PathBuf {
        self.root.join(".meta")
    }

    fn object(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn read_sheet(&self, key: &str) -> io::Result<Option<Sheet>> {
        Sheet::read(&self.sheets().join(sheet_name(key)))
    }

    fn write_sheet(&self, key: &str, sheet: &Sheet) -> io::Result<()> {
        sheet.write(&self.sheets(), Path::new(&sheet_name(key)), &self.uploads())
    }
}

/// Where a key's sheet lies. No key holds an `@`, so that a sheet is never the folder of another key's sheet.
fn sheet_name(key: &str) -> String {
    format!("{key}@.json")
}

impl FolderStore {
    /// Opens the folder at `root`, making it when it is not there. `clock` dates objects and uploads.
    /// [`StoreError::Away`] when it can't be made or is no folder.
    pub fn open(root: PathBuf, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let place = Arc::new(Place { root });
        std::fs::create_dir_all(place.uploads()).map_err(|e| away("making the uploads folder", &e))?;
        std::fs::create_dir_all(place.sheets()).map_err(|e| away("making the metadata folder", &e))?;
        disk::sync_folder(&place.root).map_err(|e| away("syncing the store's folder", &e))?;
        let locks = (0..COMMIT_LOCKS).map(|_| Arc::default()).collect();
        Ok(Self { place, clock, locks })
    }

    async fn lock(&self, key: &str) -> OwnedMutexGuard<()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
        let place = usize::try_from(hash % COMMIT_LOCKS as u64).unwrap_or_default();
        Arc::clone(&self.locks[place]).lock_owned().await
    }

    /// Opens an object's bytes and finds what is known of exactly those bytes.
    async fn open_object(&self, key: &str) -> Result<(std::fs::File, ObjectMeta), StoreError> {
        key::check(key)?;
        let place = Arc::clone(&self.place);
        let owned_key = key.to_owned();
        let (file, identity, known) = blocking("opening an object", move || {
            let file = disk::open_file(&place.object(&owned_key))?;
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                return Err(io::ErrorKind::NotFound.into());
            }
            let identity = Identity::of(&metadata);
            let known = place.read_sheet(&owned_key)?.and_then(|sheet| sheet.find(&identity));
            Ok((file, identity, known))
        })
        .await?;
        if let Some(entry) = known {
            return Ok((file, entry.meta()));
        }
        self.recognise(key, file, identity).await
    }

    /// Looks at the bytes themselves when no entry names this very file: it was copied from elsewhere,
    /// restored from a backup, or replaced by hand. What is found is noted for the next time.
    async fn recognise(
        &self,
        key: &str,
        file: std::fs::File,
        identity: Identity,
    ) -> Result<(std::fs::File, ObjectMeta), StoreError> {
        let turn = self.lock(key).await;
        let place = Arc::clone(&self.place);
        let owned_key = key.to_owned();
        blocking("recognising an object", move || {
            let _turn = turn;
            let sheet = place.read_sheet(&owned_key)?;
            let entry = sheet::recognise(&file, identity, sheet.as_ref(), &owned_key)?;
            // The note is only kept when the name still leads to the file that was read.
            let named = std::fs::metadata(place.object(&owned_key)).map(|metadata| Identity::of(&metadata));
            if named.is_ok_and(|named| named == entry.identity) {
                place.write_sheet(&owned_key, &Sheet::holding(entry.clone(), None))?;
            }
            Ok((file, entry.meta()))
        })
        .await
    }
}

/// Where a name that is not there is no missing object but a folder of ours taken away (unmounted, moved).
fn gone(error: StoreError) -> StoreError {
    match error {
        StoreError::Missing => StoreError::Away("the store's folder is gone".to_owned()),
        other => other,
    }
}

#[async_trait]
impl Store for FolderStore {
    async fn put_stream(
        &self,
        key: &str,
        content_type: &str,
        max_bytes: u64,
        mut body: ByteStream,
    ) -> Result<PutReceipt, StoreError> {
        key::check(key)?;
        let begun_ms = self.clock.now_ms();
        let mut upload = Upload::begin(&self.place.uploads(), begun_ms).await?;
        while let Some(piece) = body.next().await {
            upload.write(&piece?, max_bytes).await?;
        }
        drop(body);
        let finished = upload.finish().await?;
        let receipt = PutReceipt { bytes: finished.identity.bytes, sha256: finished.sha256.clone() };
        let entry = sheet::Entry {
            identity: finished.identity.clone(),
            sha256: finished.sha256.clone(),
            content_type: content_type.to_owned(),
            modified_ms: self.clock.now_ms(),
        };
        let turn = self.lock(key).await;
        let place = Arc::clone(&self.place);
        let owned_key = key.to_owned();
        blocking("committing an object", move || {
            let _turn = turn;
            // Both the entry to come and the one that still holds are written before the rename:
            // whichever file a crash leaves under the name, its entry is there.
            let before = place.read_sheet(&owned_key)?.and_then(|sheet| sheet.of_file(&place.object(&owned_key)));
            place.write_sheet(&owned_key, &Sheet::holding(entry, before))?;
            finished.publish(&place.root, &owned_key)
        })
        .await
        .map_err(gone)?;
        Ok(receipt)
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.open_object(key).await.map(|(_, meta)| meta)
    }

    async fn get_range(&self, key: &str, range: Option<Range<u64>>) -> Result<(ObjectMeta, ByteStream), StoreError> {
        let (file, meta) = self.open_object(key).await?;
        let range = range.unwrap_or(0..meta.bytes);
        let start = range.start.min(meta.bytes);
        let length = range.end.min(meta.bytes).saturating_sub(start);
        let mut file = tokio::fs::File::from_std(file);
        file.seek(io::SeekFrom::Start(start)).await.map_err(|e| away("reading an object", &e))?;
        let pieces = ReaderStream::with_capacity(file.take(length), READ_PIECE_BYTES);
        let body = pieces.map(|piece: io::Result<Bytes>| piece.map_err(|e| away("reading an object", &e)));
        Ok((meta, body.boxed()))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        key::check(key)?;
        let turn = self.lock(key).await;
        let place = Arc::clone(&self.place);
        let owned_key = key.to_owned();
        blocking("deleting an object", move || {
            let _turn = turn;
            // The bytes go first: an entry without bytes is never seen, bytes without an entry would be.
            disk::remove_file(&place.object(&owned_key))?;
            disk::remove_file(&place.sheets().join(sheet_name(&owned_key)))?;
            disk::remove_empty_parents(&place.root, &owned_key);
            disk::remove_empty_parents(&place.sheets(), &owned_key);
            Ok(())
        })
        .await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        key::check_prefix(prefix)?;
        let place = Arc::clone(&self.place);
        let (prefix, after) = (prefix.to_owned(), after.unwrap_or_default().to_owned());
        blocking("listing objects", move || walk::keys(&place.root, &prefix, &after, limit)).await
    }

    async fn sweep_uploads(&self, before_ms: i64) -> Result<usize, StoreError> {
        let place = Arc::clone(&self.place);
        blocking("sweeping uploads", move || upload::sweep(&place.uploads(), before_ms)).await.map_err(gone)
    }

    async fn check(&self) -> Result<(), StoreError> {
        let place = Arc::clone(&self.place);
        let now_ms = self.clock.now_ms();
        let probe = blocking("probing the store's folder", move || upload::probe(&place.uploads(), now_ms));
        let limit_passed = |_| StoreError::Away("the folder does not answer".to_owned());
        tokio::time::timeout(CHECK_LIMIT, probe).await.map_err(limit_passed)?.map_err(gone)
    }

    fn public_link(&self, _key: &str) -> Option<String> {
        None
    }
}
