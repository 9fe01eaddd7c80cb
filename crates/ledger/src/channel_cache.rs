//! Channels as this process knows them, re-read only when any process has changed one.

use crate::error::LedgerError;
use crate::ledger::Ledger;
use std::sync::{Arc, PoisonError, RwLock};
use task::Channel;

/// What is known of all channels. Cheap to clone; clones share what they know.
#[derive(Clone, Debug)]
pub struct ChannelCache {
    ledger: Ledger,
    known: Arc<RwLock<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    version: Option<i64>,
    channels: Arc<Vec<Channel>>,
}

impl ChannelCache {
    /// A cache that knows nothing until its first [`ChannelCache::refresh`].
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, known: Arc::default() }
    }

    /// All channels that are known, by name, removed ones included. Reads memory only.
    pub fn all(&self) -> Arc<Vec<Channel>> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner).channels)
    }

    /// One channel, removed or not. Reads memory only.
    pub fn get(&self, name: &str) -> Option<Channel> {
        self.all().iter().find(|channel| channel.name == name).cloned()
    }

    /// Asks the ledger for its version and reads the channels again if that has moved; tells whether
    /// it had. To be called every second, and after changes of one's own.
    pub async fn refresh(&self) -> Result<bool, LedgerError> {
        let version = Some(self.ledger.channels_version().await?);
        if self.known.read().unwrap_or_else(PoisonError::into_inner).version == version {
            return Ok(false);
        }
        // The version was read first: a change in between is read now and once more at the next refresh.
        let channels = Arc::new(self.ledger.channels().await?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.version < version {
            *known = Known { version, channels };
        }
        Ok(true)
    }
}
