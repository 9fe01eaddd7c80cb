//! Puts a request's body together from its pieces: streamed, with its length known before it begins.

use super::base64_stream::{encode, encoded_length};
use super::deadline::millis;
use super::input::{FetchBudget, Material, bad};
use super::wire::{WireBody, WireError, WireErrorKind};
use super::{FETCHED_INPUTS_MAX_MIB, Outbound};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use providers::{Encoding, Piece};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use store::{Store, StoreError};
use task::{Input, InputData};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

/// A body that is ready to go, and the right to hold what was fetched for it.
pub(super) struct ReadyBody<'a> {
    pub(super) body: WireBody,
    pub(super) held: Option<SemaphorePermit<'a>>,
}

impl Outbound {
    /// Makes the body. Every input that a piece names is at hand, or known to be in the store, when it returns.
    pub(super) async fn ready_body(&self, pieces: &[Piece], inputs: &[Input]) -> Result<ReadyBody<'_>, WireError> {
        let named = named_inputs(pieces, inputs)?;
        let until = Instant::now() + millis(self.settings.input_timeout_ms);
        let fetches = named.values().any(|input| matches!(input.data, InputData::Url(_)));
        let mut held = if fetches { Some(self.room_for_fetched(until).await?) } else { None };
        let mut budget = FetchBudget { bytes_left: self.settings.input_max_bytes, until };
        let mut materials = BTreeMap::new();
        for (position, input) in named {
            let obtained = self.obtain(input, &mut budget).await;
            let material = obtained.map_err(|error| numbered(position, error))?;
            materials.insert(position, material);
        }
        if let Some(held) = &mut held {
            let fetched_mib = mib_of(self.settings.input_max_bytes - budget.bytes_left) as usize;
            // What was reserved for the worst case and not needed goes back at once.
            drop(held.split(held.num_permits().saturating_sub(fetched_mib)));
        }
        let parts: Vec<Part> = pieces.iter().flat_map(|piece| parts_of(piece, &materials)).collect();
        let length = parts.iter().map(Part::length).sum();
        if length == 0 {
            return Ok(ReadyBody { body: WireBody::empty(), held });
        }
        let store = self.store.clone();
        let stream = stream::iter(parts).map(move |part| part.stream(&store)).flatten().boxed();
        Ok(ReadyBody { body: WireBody { length: Some(length), stream }, held })
    }
}

impl Outbound {
    /// Waits until the worst case of what one call may fetch fits into memory.
    async fn room_for_fetched(&self, until: Instant) -> Result<SemaphorePermit<'_>, WireError> {
        let busy = || WireError::before(WireErrorKind::Timeout, "too many inputs are being fetched");
        let room = self.fetched_inputs_mib.acquire_many(mib_of(self.settings.input_max_bytes));
        timeout_at(until, room).await.map_err(|_| busy())?.map_err(|_| busy())
    }
}

/// So many bytes in MiB, rounded up, and never more than there is room for.
fn mib_of(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX).min(FETCHED_INPUTS_MAX_MIB)
}

/// The inputs that the pieces name, each once.
fn named_inputs<'a>(pieces: &[Piece], inputs: &'a [Input]) -> Result<BTreeMap<usize, &'a Input>, WireError> {
    let positions = pieces.iter().filter_map(|piece| match piece {
        Piece::Input { position, .. } => Some(*position),
        Piece::Bytes(_) => None,
    });
    let with_input = |position| {
        inputs.get(position).map(|input| (position, input)).ok_or_else(|| numbered(position, bad("it is missing")))
    };
    positions.map(with_input).collect()
}

fn numbered(position: usize, error: WireError) -> WireError {
    WireError { private: format!("input {}: {}", position + 1, error.private), ..error }
}

/// A part of a body whose length is known.
enum Part {
    Bytes(Bytes),
    Stored { key: String, bytes: u64, base64: bool },
}

fn parts_of(piece: &Piece, materials: &BTreeMap<usize, Material>) -> Vec<Part> {
    let (position, encoding) = match piece {
        Piece::Bytes(bytes) => return vec![Part::Bytes(bytes.clone())],
        Piece::Input { position, encoding } => (position, *encoding),
    };
    // Every named input was obtained before.
    let Some(material) = materials.get(position) else { return Vec::new() };
    let mut parts = Vec::new();
    if encoding == Encoding::DataUri {
        let (Material::Held { content_type, .. } | Material::Stored { content_type, .. }) = material;
        parts.push(Part::Bytes(Bytes::from(format!("data:{content_type};base64,"))));
    }
    parts.push(match material {
        Material::Stored { key, bytes, .. } => {
            Part::Stored { key: key.clone(), bytes: *bytes, base64: encoding != Encoding::Raw }
        }
        Material::Held { bytes, .. } if encoding == Encoding::Raw => Part::Bytes(bytes.clone()),
        Material::Held { base64: Some(text), .. } => Part::Bytes(text.clone()),
        Material::Held { bytes, .. } => Part::Bytes(Bytes::from(STANDARD.encode(bytes))),
    });
    parts
}

impl Part {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stored { bytes, base64: false, .. } => *bytes,
            Self::Stored { bytes, base64: true, .. } => encoded_length(*bytes),
        }
    }

    fn stream(self, store: &Arc<dyn Store>) -> BoxStream<'static, io::Result<Bytes>> {
        match self {
            Self::Bytes(bytes) => stream::iter([Ok(bytes)]).boxed(),
            Self::Stored { key, bytes, base64 } => {
                let body = exactly(bytes, read_stored(store.clone(), key));
                if base64 { encode(body) } else { body }
            }
        }
    }
}

/// An object of the store, opened when its turn has come.
fn read_stored(store: Arc<dyn Store>, key: String) -> BoxStream<'static, io::Result<Bytes>> {
    let opened = async move { store.get_range(&key, None).await.map(|(_, body)| body) };
    stream::once(opened).try_flatten().map_err(|error: StoreError| io::Error::other(error)).boxed()
}

/// The same body, failing when it turns out longer or shorter than was promised to the peer.
fn exactly(promised: u64, body: BoxStream<'static, io::Result<Bytes>>) -> BoxStream<'static, io::Result<Bytes>> {
    let changed = || io::Error::other("a stored input has changed its length");
    stream::try_unfold((body, promised), move |(mut body, left)| async move {
        match body.next().await.transpose()? {
            Some(piece) => {
                let left = left.checked_sub(piece.len() as u64).ok_or_else(changed)?;
                Ok(Some((piece, (body, left))))
            }
            None if left == 0 => Ok(None),
            None => Err(changed()),
        }
    })
    .boxed()
}
