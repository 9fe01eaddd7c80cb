//! A ledger with its tables and callers, made once in a process and copied for each world.

use crate::caller::Tenant;
use ledger::{Keyring, Ledger, NewToken, Options};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use task::clock::SeededEntropy;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// When every world begins, ms since the epoch.
pub const BEGIN_MS: i64 = 1_790_000_000_000;

/// Quota of the limited tenant before a world changes it.
pub const GRANTED: i64 = 1_000;

struct Template {
    _folder: TempDir,
    path: PathBuf,
}

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();

/// A folder that is gone when it is dropped; in memory where the system has such a place, because
/// every commit of SQLite waits for its disk.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a folder for temporary files")
}

/// How a world's ledger in this folder is opened.
pub fn options(folder: &Path, entropy: Arc<SeededEntropy>) -> Options {
    Options {
        url: format!("sqlite:{}", folder.join("ledger.sqlite").display()),
        keyring: Keyring::from_bytes([7; 32]),
        entropy,
        max_connections: 2,
    }
}

/// Puts a copy of the template into `folder`.
pub async fn copy_to(folder: &Path) {
    let template = TEMPLATE.get_or_init(make).await;
    std::fs::copy(&template.path, folder.join("ledger.sqlite")).expect("the template can be copied");
}

async fn make() -> Template {
    let folder = folder();
    let ledger = Ledger::open(options(folder.path(), Arc::new(SeededEntropy::new(1)))).await.expect("a new ledger");
    ledger.migrate().await.expect("tables can be made");
    for tenant in Tenant::ALL {
        let new = NewToken {
            name: tenant.name().to_owned(),
            key_hash: front::key_hash(tenant.key()),
            masked: "sk-…".to_owned(),
            unlimited: tenant != Tenant::Limited,
            granted: if tenant == Tenant::Limited { GRANTED } else { 0 },
            expires_ms: None,
        };
        ledger.create_token(new, BEGIN_MS).await.expect("a token can be made");
    }
    ledger.close().await;
    let path = folder.path().join("ledger.sqlite");
    Template { _folder: folder, path }
}
