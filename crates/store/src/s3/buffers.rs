//! Room in memory for what is on its way into the bucket.
//!
//! A put begins once there is room for one block of its own, which stays its own until it ends: so every put
//! that has begun can go on, whatever the others do. Further blocks, which let it take in while it sends, it has
//! only from room that nobody waits for. A block counts for as long as anybody holds its bytes, a connection that
//! is still sending them included.

use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a permit stands for.
const UNIT_BYTES: usize = 1 << 10;

/// An object below this part of a block is copied out of it, so that the block is free while it is sent.
const SMALL_FRACTION: usize = 4;

/// Blocks that were used before. They are kept for the puts under way, and gone with the last of these.
type Shelf = Mutex<Vec<Vec<u8>>>;

/// The room of all puts.
pub(super) struct Buffers {
    room: Arc<Semaphore>,
    max_units: u32,
    shelf: Mutex<Weak<Shelf>>,
}

impl Buffers {
    /// Room for so many bytes.
    pub(super) fn new(max_bytes: usize) -> Self {
        let max_units = units(max_bytes).min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX)).max(1);
        Self { room: Arc::new(Semaphore::new(max_units as usize)), max_units, shelf: Mutex::default() }
    }

    /// Waits until there is room for a put that fills blocks of so many bytes and holds `beside_bytes` in
    /// other places. One that is larger than all of the room goes alone. `None`: the room is closed.
    pub(super) async fn admit(&self, block_bytes: usize, beside_bytes: usize) -> Option<Place> {
        let wanted = units(block_bytes.saturating_add(beside_bytes)).min(self.max_units);
        let own = self.room.clone().acquire_many_owned(wanted).await.ok()?;
        let own = Arc::new(own);
        Some(Place { room: self.room.clone(), own, turn: Arc::new(Semaphore::new(1)), shelf: self.shelf() })
    }

    fn shelf(&self) -> Arc<Shelf> {
        // A list can't be left half written.
        let mut kept = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelf) = kept.upgrade() {
            return shelf;
        }
        let shelf = Arc::default();
        *kept = Arc::downgrade(&shelf);
        shelf
    }
}

/// The room that a put has.
pub(super) struct Place {
    room: Arc<Semaphore>,
    own: Arc<OwnedSemaphorePermit>,
    /// Whether the put's own block is free.
    turn: Arc<Semaphore>,
    shelf: Arc<Shelf>,
}

impl Place {
    /// An empty block of so many bytes: the put's own when it is free, else one from room that nobody wants,
    /// else its own once that is free. `None`: the room is closed.
    pub(super) async fn block(&self, bytes: usize) -> Option<Block> {
        if let Ok(turn) = self.turn.clone().try_acquire_owned() {
            return Some(self.filled_by(bytes, turn, Some(self.own.clone())));
        }
        if let Ok(further) = self.room.clone().try_acquire_many_owned(units(bytes)) {
            return Some(self.filled_by(bytes, further, None));
        }
        let turn = self.turn.clone().acquire_owned().await.ok()?;
        Some(self.filled_by(bytes, turn, Some(self.own.clone())))
    }

    fn filled_by(&self, bytes: usize, room: OwnedSemaphorePermit, own: Option<Arc<OwnedSemaphorePermit>>) -> Block {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = match shelf.iter().position(|filled| filled.capacity() == bytes) {
            Some(place) => shelf.swap_remove(place),
            None => {
                // Blocks of other sizes would stand beside the room that is counted.
                shelf.clear();
                Vec::with_capacity(bytes)
            }
        };
        drop(shelf);
        Block { filled, shelf: self.shelf.clone(), _room: room, _own: own }
    }

    /// The bytes of an object that fits into the block. A small one leaves the block and most of the room to others.
    pub(super) fn whole(&mut self, block: Block) -> Bytes {
        if block.filled.len() > block.filled.capacity() / SMALL_FRACTION {
            return block.freeze();
        }
        let whole = Bytes::copy_from_slice(&block.filled);
        drop(block);
        let needed = units(whole.len()) as usize;
        if let Some(own) = Arc::get_mut(&mut self.own) {
            drop(own.split(own.num_permits().saturating_sub(needed)));
        }
        whole
    }
}

/// Bytes that fill up, and their room.
pub(super) struct Block {
    /// Never longer than it was made for, so that it is not moved.
    pub(super) filled: Vec<u8>,
    shelf: Arc<Shelf>,
    _room: OwnedSemaphorePermit,
    _own: Option<Arc<OwnedSemaphorePermit>>,
}

impl Block {
    /// The bytes, to be sent. Their room is free once the last copy of them is dropped.
    pub(super) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.filled
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut filled = std::mem::take(&mut self.filled);
        filled.clear();
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).push(filled);
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const BLOCK_BYTES: usize = 64 << 10;

    fn filled(mut block: Block, bytes: usize) -> Block {
        block.filled.resize(bytes, 7);
        block
    }

    fn now<T>(waiting: impl Future<Output = Option<T>>) -> Option<T> {
        waiting.now_or_never().flatten()
    }

    #[test]
    fn a_put_waits_for_room_and_leaves_it_again() {
        let buffers = Buffers::new(2 * BLOCK_BYTES);
        let first = now(buffers.admit(BLOCK_BYTES, 0)).expect("there is room for two");
        let second = now(buffers.admit(BLOCK_BYTES, 0)).expect("there is room for two");
        let mut third = Box::pin(buffers.admit(BLOCK_BYTES, 0));
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.now_or_never().flatten().is_some());
        drop(second);
    }

    #[test]
    fn bytes_on_their_way_hold_their_room_when_their_put_has_ended() {
        let buffers = Buffers::new(BLOCK_BYTES);
        let place = now(buffers.admit(BLOCK_BYTES, 0)).expect("there is room");
        let sent = filled(now(place.block(BLOCK_BYTES)).expect("its own block"), BLOCK_BYTES).freeze();
        let copy = sent.clone();
        drop((place, sent));
        assert!(now(buffers.admit(BLOCK_BYTES, 0)).is_none(), "a connection still sends them");
        drop(copy);
        assert!(now(buffers.admit(BLOCK_BYTES, 0)).is_some());
    }

    #[test]
    fn further_blocks_come_from_room_that_nobody_waits_for() {
        let buffers = Buffers::new(3 * BLOCK_BYTES);
        let place = now(buffers.admit(BLOCK_BYTES, 0)).expect("there is room");
        let own = now(place.block(BLOCK_BYTES)).expect("its own");
        let further = now(place.block(BLOCK_BYTES)).expect("one more");
        let mut waiting = Box::pin(buffers.admit(2 * BLOCK_BYTES, 0));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(now(place.block(BLOCK_BYTES)).is_none(), "the other put comes first");
        drop(further);
        let other = waiting.now_or_never().flatten().expect("the room that was given back is its own");
        assert!(now(place.block(BLOCK_BYTES)).is_none(), "all of the room is taken");
        drop(own);
        assert!(now(place.block(BLOCK_BYTES)).is_some(), "its own block is free again");
        drop(other);
    }

    #[test]
    fn a_small_object_leaves_the_room_that_it_does_not_need() {
        let buffers = Buffers::new(BLOCK_BYTES);
        let mut place = now(buffers.admit(BLOCK_BYTES, 0)).expect("there is room");
        let small = filled(now(place.block(BLOCK_BYTES)).expect("its own"), 100);
        assert_eq!(place.whole(small).len(), 100);
        assert!(now(buffers.admit(BLOCK_BYTES - UNIT_BYTES, 0)).is_some());
        assert!(now(buffers.admit(BLOCK_BYTES, 0)).is_none(), "it counts with what it is");
    }

    #[test]
    fn what_is_larger_than_the_room_goes_alone() {
        let buffers = Buffers::new(BLOCK_BYTES);
        let large = now(buffers.admit(5 * BLOCK_BYTES, BLOCK_BYTES)).expect("nobody else is there");
        assert!(now(buffers.admit(1, 0)).is_none());
        drop(large);
        assert!(now(buffers.admit(1, 0)).is_some());
    }

    #[test]
    fn blocks_are_used_again_while_puts_go_on_and_gone_when_none_does() {
        let buffers = Buffers::new(2 * BLOCK_BYTES);
        let place = now(buffers.admit(BLOCK_BYTES, 0)).expect("there is room");
        let first = filled(now(place.block(BLOCK_BYTES)).expect("its own"), 10);
        let address = first.filled.as_ptr();
        drop(first.freeze());
        let second = now(place.block(BLOCK_BYTES)).expect("its own");
        assert!(second.filled.is_empty() && std::ptr::eq(second.filled.as_ptr(), address));
        drop((second, place));
        assert!(buffers.shelf.lock().expect("nothing panicked").upgrade().is_none());
    }
}
