//! What is known of an object beside its bytes: a small JSON file in a parallel tree.
//!
//! A file and its sheet can't be replaced in one step. So a sheet holds up to two entries, the file to
//! come and the one before, each with the identity of the file it speaks of, and a reader takes the entry
//! that names the very file it has opened. A file that no entry names is read and recognised by its hash.

use super::disk;
use crate::ObjectMeta;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bytes hashed at a time when a file has to be recognised.
const HASH_PIECE_BYTES: usize = 256 * 1024;

/// The most bytes that a sheet may have; a longer one is none of ours.
const SHEET_MAX_BYTES: u64 = 64 * 1024;

/// Which file an entry speaks of. A rename keeps all of it; replacing or changing the file does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) bytes: u64,
    inode: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            inode: metadata.ino(),
            changed_s: metadata.mtime(),
            changed_ns: metadata.mtime_nsec(),
        }
    }
}

/// What is known of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) identity: Identity,
    pub(super) sha256: String,
    pub(super) content_type: String,
    pub(super) modified_ms: i64,
}

impl Entry {
    pub(super) fn meta(&self) -> ObjectMeta {
        ObjectMeta {
            bytes: self.identity.bytes,
            content_type: self.content_type.clone(),
            etag: format!("\"{}\"", self.sha256),
            modified_ms: self.modified_ms,
        }
    }
}

/// An object's sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sheet {
    newest: Entry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Entry>,
}

impl Sheet {
    pub(super) fn holding(newest: Entry, before: Option<Entry>) -> Self {
        Self { newest, before }
    }

    /// Reads a sheet. One that is absent or makes no sense is `None`: the file itself still tells its hash.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if disk::is_absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(SHEET_MAX_BYTES).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text).ok())
    }

    /// Replaces the sheet at `relative` under `sheets` whole, by way of a file in `uploads`, and makes it durable.
    pub(super) fn write(&self, sheets: &Path, relative: &Path, uploads: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        let (mut file, unfinished) = super::upload::create(uploads, self.newest.modified_ms)?;
        file.write_all(&text)?;
        file.sync_all()?;
        unfinished.place(sheets, relative)
    }

    /// The entry of the file with this identity.
    pub(super) fn find(&self, identity: &Identity) -> Option<Entry> {
        self.entries().find(|entry| entry.identity == *identity).cloned()
    }

    /// The entry of the file at `path`, if it speaks of that file.
    pub(super) fn of_file(&self, path: &Path) -> Option<Entry> {
        fs::metadata(path).ok().and_then(|metadata| self.find(&Identity::of(&metadata)))
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        [Some(&self.newest), self.before.as_ref()].into_iter().flatten()
    }
}

/// Reads an open file through and makes an entry for it: with the content type of the entry that has the
/// same hash, else with the one that its name suggests. Leaves the file at its beginning.
pub(super) fn recognise(mut file: &File, identity: Identity, sheet: Option<&Sheet>, key: &str) -> io::Result<Entry> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; HASH_PIECE_BYTES];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
    }
    file.rewind()?;
    let sha256 = hex(&hash.finalize());
    let known = sheet.and_then(|sheet| sheet.entries().find(|entry| entry.sha256 == sha256));
    if let Some(entry) = known {
        return Ok(Entry { identity, ..entry.clone() });
    }
    let modified_ms = identity.changed_s.saturating_mul(1_000).saturating_add(identity.changed_ns / 1_000_000);
    Ok(Entry { identity, sha256, content_type: type_of_name(key).to_owned(), modified_ms })
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}

/// The usual content type of a file of this name.
fn type_of_name(key: &str) -> &'static str {
    match key.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}
