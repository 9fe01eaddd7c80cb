//! The harness: the whole service in one process and on one thread, with a clock that stands until it
//! is moved, chance from a seed, and no socket.
//!
//! [`World`] is the way in. What is real: the ledger on SQLite, the stages, the sweep, the routes, the
//! store's folder, the make-believe upstream. What is played: the wire ([`SimWire`]), the callers'
//! callback host ([`Receiver`]), a queue that can be emptied ([`SwapScheduler`]) and a store that can
//! refuse ([`FlakyStore`]).

pub mod caller;
pub mod channels;
pub mod dice;
pub mod peer;
pub mod process;
pub mod receiver;
pub mod scheduler;
pub mod store;
pub mod template;
pub mod tokens;
pub mod wire;
pub mod world;

pub use caller::{Answered, Tenant};
pub use dice::Dice;
pub use receiver::{Mood, Receiver};
pub use scheduler::SwapScheduler;
pub use store::FlakyStore;
pub use wire::{Amnesia, Fault, Peer, SimWire};
pub use world::{Frozen, Shape, Stepped, World};
