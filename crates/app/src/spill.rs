//! The spill folder of a process: where finished outputs wait on this machine while the store is away.

use crate::folder::{Folder, Held};
use crate::nature;
use anyhow::Context;
use std::path::Path;
use std::sync::Arc;
use store::Spill;
use task::Clock;
use workers::Core;

/// The most that waits in the folder of `dev`.
pub(crate) const DEV_MAX_BYTES: u64 = 10 << 30;

/// The folder, held for as long as the process uses it: two processes would not know of each other's files.
pub(crate) struct SpillPlace {
    files: Arc<Spill>,
    name: String,
    _held: Held,
}

impl SpillPlace {
    /// Opens the folder, making it when it is not there. What an earlier process left in it waits on.
    pub(crate) async fn open(path: &Path, max_bytes: u64, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let folder = Folder::open(path)?;
        let held = folder.hold()?.with_context(|| {
            format!("another process holds {}; give each its own store.spill.folder", folder.root().display())
        })?;
        let files = Spill::open(folder.path("files"), max_bytes, clock).await;
        let files = Arc::new(files.context("the spill folder could not be opened")?);
        let name = format!("{}:{}", nature::machine_name(), folder.root().display());
        Ok(Self { files, name, _held: held })
    }

    /// The stages, with this folder.
    pub(crate) fn give_to(&self, core: Core) -> Core {
        core.with_spill(self.files.clone(), &self.name)
    }

    /// The files, for `/readyz`.
    pub(crate) fn files(&self) -> Arc<Spill> {
        self.files.clone()
    }
}

/// Whether the folder can be used: what `backlot check` says of it.
pub(crate) fn check(path: &Path) -> anyhow::Result<String> {
    let folder = Folder::open(path)?;
    Ok(match folder.hold()? {
        Some(_) => format!("{} can be written", folder.root().display()),
        None => format!("a process holds {}", folder.root().display()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nature::SystemClock;

    #[tokio::test]
    async fn a_folder_has_one_process() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("spill");
        let open = || SpillPlace::open(&path, 10, Arc::new(SystemClock));
        let first = open().await.expect("nobody holds it");
        let refused = open().await.err().expect("it is held").to_string();
        assert!(refused.contains("store.spill.folder"), "{refused}");
        assert!(check(&path).expect("it is there").starts_with("a process holds"));
        drop(first);
        let again = open().await.expect("nobody holds it any more");
        assert_eq!(again.files().files(), 0, "the lock is no file that waits");
    }
}
