//! Files on their way in. Each is named after the time at which it was begun, so that a sweep can tell
//! its age, and goes away by itself unless it is renamed to where it belongs.

use super::disk::{self, away};
use super::sheet::{self, Identity};
use crate::StoreError;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::AsyncWriteExt;

/// How often a rename is tried anew because another task has just removed the emptied folder.
const PLACE_TRIES: usize = 16;

/// Tells apart the uploads of this process.
static SERIAL: AtomicU64 = AtomicU64::new(0);

/// A file in the uploads folder that is removed on drop.
#[derive(Debug)]
pub(super) struct Unfinished(Option<PathBuf>);

impl Unfinished {
    /// Moves the file to `relative` under `base`, making the folders on the way, and makes that durable.
    /// On an error the file is still unfinished, and goes away.
    pub(super) fn place(mut self, base: &Path, relative: &Path) -> io::Result<()> {
        let path = base.join(relative);
        let mut tries_left = PLACE_TRIES;
        loop {
            let placed = disk::make_folders(base, relative.parent()).and_then(|()| self.rename_to(&path));
            tries_left -= 1;
            match placed {
                Ok(()) => return path.parent().map_or(Ok(()), disk::sync_folder),
                // A delete of a neighbour may have removed the emptied folder since it was made.
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries_left > 0 => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn rename_to(&mut self, path: &Path) -> io::Result<()> {
        if let Some(from) = &self.0 {
            fs::rename(from, path)?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What can't be removed now is found by the next sweep.
        if let Some(path) = &self.0
            && let Err(error) = fs::remove_file(path)
        {
            tracing::debug!(%error, "an unfinished upload could not be removed");
        }
    }
}

/// Creates a new file in the uploads folder, dated `begun_ms`.
pub(super) fn create(uploads: &Path, begun_ms: i64) -> io::Result<(File, Unfinished)> {
    loop {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = uploads.join(format!("{begun_ms}-{}-{serial}.part", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, Unfinished(Some(path)))),
            // A process before this one had the same number and died: the next serial is free.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// An object while its bytes arrive.
#[derive(Debug)]
pub(super) struct Upload {
    // Before the guard, so that the file is closed when the guard removes it.
    file: tokio::fs::File,
    unfinished: Unfinished,
    hash: Sha256,
    bytes: u64,
}

impl Upload {
    pub(super) async fn begin(uploads: &Path, begun_ms: i64) -> Result<Self, StoreError> {
        let uploads = uploads.to_path_buf();
        let created = tokio::task::spawn_blocking(move || create(&uploads, begun_ms)).await;
        let (file, unfinished) = created
            .map_err(|_| StoreError::Away("the process is ending".to_owned()))?
            .map_err(|e| away("beginning an upload", &e))?;
        Ok(Self { file: tokio::fs::File::from_std(file), unfinished, hash: Sha256::new(), bytes: 0 })
    }

    /// Appends a piece; [`StoreError::TooLarge`] when the whole would pass `max_bytes`.
    pub(super) async fn write(&mut self, piece: &[u8], max_bytes: u64) -> Result<(), StoreError> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.bytes > max_bytes {
            return Err(StoreError::TooLarge { max_bytes });
        }
        self.hash.update(piece);
        let written = self.file.write_all(piece).await.map_err(|e| away("writing an upload", &e));
        task::fail_point!("archive.after_part");
        written
    }

    /// Makes the bytes durable.
    pub(super) async fn finish(mut self) -> Result<Finished, StoreError> {
        task::fail_point!("archive.after_last_part");
        let synced = async {
            self.file.flush().await?;
            self.file.sync_all().await?;
            self.file.metadata().await
        };
        let metadata = synced.await.map_err(|e| away("syncing an upload", &e))?;
        let sha256 = sheet::hex(&self.hash.finalize());
        Ok(Finished { unfinished: self.unfinished, identity: Identity::of(&metadata), sha256 })
    }
}

/// An object that is whole and durable, but has no name yet.
#[derive(Debug)]
pub(super) struct Finished {
    unfinished: Unfinished,
    pub(super) identity: Identity,
    pub(super) sha256: String,
}

impl Finished {
    /// Gives it its name: from here on readers see it.
    pub(super) fn publish(self, root: &Path, key: &str) -> io::Result<()> {
        self.unfinished.place(root, Path::new(key))
    }
}

/// Removes uploads begun before `before_ms`; tells how many.
pub(super) fn sweep(uploads: &Path, before_ms: i64) -> io::Result<usize> {
    let mut removed = 0;
    for item in fs::read_dir(uploads)? {
        let item = item?;
        let name = item.file_name();
        let begun_ms = name.to_str().and_then(|name| name.split('-').next()).and_then(|text| text.parse::<i64>().ok());
        // A file of another name is none of ours.
        if begun_ms.is_none_or(|begun_ms| begun_ms >= before_ms) {
            continue;
        }
        match fs::remove_file(item.path()) {
            Ok(()) => removed += 1,
            // It was finished or swept by another task meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

/// Writes a few bytes durably and removes them again, which a full or read-only disk refuses.
pub(super) fn probe(uploads: &Path, now_ms: i64) -> io::Result<()> {
    let (mut file, _unfinished) = create(uploads, now_ms)?;
    file.write_all(&[0; 4096])?;
    file.sync_all()
}
