//! The few things that are done to folders, with what has to be synced for them to survive a power cut.

use crate::StoreError;
use std::fs;
use std::io;
use std::path::Path;

/// A refusal of the file system, as the store tells it. Paths stay out of it.
pub(super) fn away(doing: &str, error: &io::Error) -> StoreError {
    StoreError::Away(format!("{doing}: {error}"))
}

/// Runs file-system work where blocking is allowed. A missing file is [`StoreError::Missing`], a name
/// that runs through a file (`a/b` while `a` is an object) [`StoreError::BadKey`], anything else
/// [`StoreError::Away`]. Work that has begun runs to its end even when nobody waits for it any more.
pub(super) async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(match error.kind() {
            io::ErrorKind::NotFound => StoreError::Missing,
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => StoreError::BadKey,
            _ => away(doing, &error),
        }),
        Err(_) => Err(StoreError::Away(format!("{doing}: the process is ending"))),
    }
}

/// Opens a file to read. A name that runs through another file is absent like any other.
pub(super) fn open_file(path: &Path) -> io::Result<fs::File> {
    fs::File::open(path).map_err(|error| if is_absent(&error) { io::ErrorKind::NotFound.into() } else { error })
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Makes `relative` under `base` one folder at a time, syncing the parent of each that was new.
pub(super) fn make_folders(base: &Path, relative: Option<&Path>) -> io::Result<()> {
    let mut folder = base.to_path_buf();
    for part in relative.into_iter().flat_map(Path::components) {
        let parent = folder.clone();
        folder.push(part);
        match fs::create_dir(&folder) {
            Ok(()) => sync_folder(&parent)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    // Gone again is "not found": a delete of a neighbour has removed the emptied folder, and the caller
    // makes it anew.
    if fs::metadata(&folder)?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

/// Removes a file and makes that durable; a file that is not there (or a folder of that name) is fine.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(()),
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(error),
    }
    match fs::remove_file(path) {
        Ok(()) => match path.parent().map_or(Ok(()), sync_folder) {
            // Another delete has emptied the folder and removed it meanwhile, and the name with it.
            Err(error) if is_absent(&error) => Ok(()),
            synced => synced,
        },
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes the folders that led to `key` under `base`, innermost first, as far as they are empty.
pub(super) fn remove_empty_parents(base: &Path, key: &str) {
    let parents = Path::new(key).ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
    for parent in parents {
        // A folder that is not empty, or gone already, ends the climb: nothing above can be empty.
        if fs::remove_dir(base.join(parent)).is_err() {
            return;
        }
    }
}

/// Whether the error says that there is nothing of that name.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
