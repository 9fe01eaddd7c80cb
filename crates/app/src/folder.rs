//! The data folder: one process holds it, and everything that this process makes is in it.

use anyhow::{Context, bail};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use task::{Entropy, Secret};

/// A data folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

/// Held for as long as the process uses the folder; the system lets go of it even after a `kill -9`.
pub(crate) struct Held(#[expect(dead_code, reason = "the lock lives as long as the open file does")] File);

/// How the process that holds the folder can be reached.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Running {
    /// Its loopback address.
    pub(crate) address: String,
    /// Its process id.
    pub(crate) pid: u32,
}

impl Folder {
    /// Names a folder; makes it (readable by its owner alone) when it is not there.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("the data folder {} can't be made", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("the data folder {} can't be read", path.display()))?;
        Ok(Self(path))
    }

    /// A path inside.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// Takes the folder for this process; `None` when another one holds it.
    pub(crate) fn hold(&self) -> anyhow::Result<Option<Held>> {
        let path = self.path("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.with_context(|| format!("{} can't be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Held(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} can't be locked", path.display()))
            }
        }
    }

    /// Says how this process can be reached, for the command-line verbs.
    pub(crate) fn announce(&self, running: &Running) -> anyhow::Result<()> {
        self.write("running.json", &serde_json::to_vec_pretty(running)?)
    }

    /// How the process that holds the folder can be reached.
    pub(crate) fn running(&self) -> anyhow::Result<Running> {
        let path = self.path("running.json");
        let text = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// The key that credentials are encrypted with: `BACKLOT_KEY` (64 hex digits), else the file `key`,
    /// made on first use.
    pub(crate) fn key(&self, entropy: &dyn Entropy) -> anyhow::Result<[u8; 32]> {
        let text = match std::env::var("BACKLOT_KEY") {
            Ok(text) => text,
            Err(_) => self.secret_file("key", entropy, 32)?.expose().to_owned(),
        };
        parse_key(text.trim())
    }

    /// A secret of `length` random bytes as hex in a file of its own, made on first use.
    pub(crate) fn secret_file(&self, name: &str, entropy: &dyn Entropy, length: usize) -> anyhow::Result<Secret> {
        let path = self.path(name);
        if let Ok(mut file) = File::open(&path) {
            let mut text = String::new();
            file.read_to_string(&mut text).with_context(|| format!("{} can't be read", path.display()))?;
            return Ok(Secret::new(text.trim()));
        }
        let mut bytes = vec![0u8; length];
        entropy.fill(&mut bytes);
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.write(name, text.as_bytes())?;
        Ok(Secret::new(text))
    }

    /// Writes a file whole or not at all, readable by its owner alone.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path(name);
        let fresh = self.path(&format!("{name}.new"));
        let written =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh).and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()?;
                std::fs::rename(&fresh, &path)
            });
        written.with_context(|| format!("{} can't be written", path.display()))
    }
}

/// A key of 64 hex digits.
pub(crate) fn parse_key(text: &str) -> anyhow::Result<[u8; 32]> {
    let mut key = [0u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        bail!(
            "the encryption key has to be 64 hex digits (BACKLOT_KEY, the file `key` in the data folder, or ledger.key)"
        );
    }
    for (place, byte) in key.iter_mut().enumerate() {
        let digits = &text[2 * place..2 * place + 2];
        *byte = u8::from_str_radix(digits, 16).context("the encryption key holds something else than hex digits")?;
    }
    Ok(key)
}
