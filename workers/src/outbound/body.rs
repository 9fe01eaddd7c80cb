//! Puts a request's body together from its pieces: streamed, with its length known before it begins.

use super::base64_stream::{encode, encoded_length};
use super::deadline::millis;
use super::input::{FetchBudget, Material, bad};
use super::link::{Links, links_within_reach};
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
use url::Url;

/// A body that is ready to go, and the right to hold what was fetched for it.
pub(super) struct ReadyBody<'a> {
    pub(super) body: WireBody,
    pub(super) held: Option<SemaphorePermit<'a>>,
}

impl Outbound {
    /// Makes the body. Every input that a piece names is at hand, or known to be in the store, when it
    /// returns; each is obtained once, however many pieces name it. `base` is the channel's base URL.
    pub(super) async fn ready_body(
        &self,
        pieces: &[Piece],
        inputs: &[Input],
        base: &Url,
        links: Option<Links<'_>>,
    ) -> Result<ReadyBody<'_>, WireError> {
        let named = named_inputs(pieces, inputs)?;
        let until = Instant::now() + millis(self.settings.input_timeout_ms);
        let fetches = named.values().any(|named| named.bytes && matches!(named.input.data, InputData::Url(_)));
        let mut held = if fetches { Some(self.room_for_fetched(until).await?) } else { None };
        let mut budget = FetchBudget { bytes_left: self.settings.input_max_bytes, until };
        let mut ready = BTreeMap::new();
        for (position, named) in named {
            let one = self.ready_input(position, named, &mut budget, base, links);
            ready.insert(position, one.await.map_err(|error| numbered(position, error))?);
        }
        if let Some(held) = &mut held {
            let fetched_mib = mib_of(self.settings.input_max_bytes - budget.bytes_left) as usize;
            // What was reserved for the worst case and not needed goes back at once.
            drop(held.split(held.num_permits().saturating_sub(fetched_mib)));
        }
        let parts: Vec<Part> = pieces.iter().flat_map(|piece| parts_of(piece, &ready)).collect();
        let length = parts.iter().map(Part::length).sum();
        if length == 0 {
            return Ok(ReadyBody { body: WireBody::empty(), held });
        }
        let store = self.store.clone();
        let stream = stream::iter(parts).map(move |part| part.stream(&store)).flatten().boxed();
        Ok(ReadyBody { body: WireBody { length: Some(length), stream }, held })
    }

    async fn ready_input(
        &self,
        position: usize,
        named: Named<'_>,
        budget: &mut FetchBudget,
        base: &Url,
        links: Option<Links<'_>>,
    ) -> Result<ReadyInput, WireError> {
        let (mut material, mut link) = (None, None);
        match &named.input.data {
            InputData::Url(url) if named.link => link = Some(self.checked_link(url)?),
            _ if named.link => {
                // Before anything is decoded or put.
                let links = links_within_reach(links, base)?;
                let obtained = self.obtain(named.input, budget).await?;
                link = Some(self.link_to(&obtained, position, links, budget.until).await?);
                material = Some(obtained);
            }
            _ => {}
        }
        if named.bytes && material.is_none() {
            material = Some(self.obtain(named.input, budget).await?);
        }
        Ok(ReadyInput { material: material.filter(|_| named.bytes), link })
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

/// An input and what the pieces want of it.
struct Named<'a> {
    input: &'a Input,
    /// Its bytes, or what they are.
    bytes: bool,
    link: bool,
}

/// An input in the forms that the pieces want.
struct ReadyInput {
    material: Option<Material>,
    link: Option<Bytes>,
}

/// The inputs that the pieces name, each once.
fn named_inputs<'a>(pieces: &[Piece], inputs: &'a [Input]) -> Result<BTreeMap<usize, Named<'a>>, WireError> {
    let mut all: BTreeMap<usize, Named<'a>> = BTreeMap::new();
    for piece in pieces {
        let Piece::Input { position, encoding } = piece else { continue };
        let input = inputs.get(*position).ok_or_else(|| numbered(*position, bad("it is missing")))?;
        let named = all.entry(*position).or_insert(Named { input, bytes: false, link: false });
        match encoding {
            Encoding::Link => named.link = true,
            Encoding::Raw | Encoding::Base64 | Encoding::DataUri | Encoding::MediaType => named.bytes = true,
        }
    }
    Ok(all)
}

fn numbered(position: usize, error: WireError) -> WireError {
    WireError { private: format!("input {}: {}", position + 1, error.private), ..error }
}

/// A part of a body whose length is known.
enum Part {
    Bytes(Bytes),
    Stored { key: String, bytes: u64, base64: bool },
}

fn parts_of(piece: &Piece, ready: &BTreeMap<usize, ReadyInput>) -> Vec<Part> {
    let (position, encoding) = match piece {
        Piece::Bytes(bytes) => return vec![Part::Bytes(bytes.clone())],
        Piece::Input { position, encoding } => (position, *encoding),
    };
    // Every named input was made ready before, in every form that a piece wants.
    let Some(input) = ready.get(position) else { return Vec::new() };
    if encoding == Encoding::Link {
        return input.link.clone().map(Part::Bytes).into_iter().collect();
    }
    let Some(material) = &input.material else { return Vec::new() };
    let (Material::Held { content_type, .. } | Material::Stored { content_type, .. }) = material;
    if encoding == Encoding::MediaType {
        return vec![Part::Bytes(Bytes::from(content_type.clone()))];
    }
    let whole = match material {
        Material::Stored { key, bytes, .. } => {
            Part::Stored { key: key.clone(), bytes: *bytes, base64: encoding != Encoding::Raw }
        }
        Material::Held { bytes, .. } if encoding == Encoding::Raw => Part::Bytes(bytes.clone()),
        Material::Held { base64: Some(text), .. } => Part::Bytes(text.clone()),
        Material::Held { bytes, .. } => Part::Bytes(Bytes::from(STANDARD.encode(bytes))),
    };
    match encoding {
        Encoding::DataUri => vec![Part::Bytes(Bytes::from(format!("data:{content_type};base64,"))), whole],
        _ => vec![whole],
    }
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
