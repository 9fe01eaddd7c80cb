//! Plain data: what a task is, and the one table of what may follow what.
//!
//! Nothing here does anything: no I/O, no clock, no chance. Every other crate may depend on this
//! one; this one depends on none of them.

/// A place where a test build may kill or stop the process (feature `failpoints`, armed by `workers`); nothing in
/// any other build.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! fail_point {
    ($name:literal) => {
        $crate::fail::fail_point!($name)
    };
}
/// A place where a test build may kill or stop the process; nothing in this build.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! fail_point {
    ($name:literal) => {};
}
/// What `fail_point!` is made of, for whoever arms it.
#[cfg(feature = "failpoints")]
pub use fail;

pub mod address;
pub mod artifact;
pub mod callback;
pub mod catalogue;
pub mod channel;
pub mod clock;
pub mod failure;
pub mod id;
pub mod secret;
pub mod song;
pub mod spec;
pub mod state;
pub mod task;
pub mod token;
pub mod trace;

pub use address::AddressRanges;
pub use artifact::{Artifact, Output, Role, Source};
pub use callback::NewCallback;
pub use channel::{Channel, ChannelLimits, UncertainPolicy};
pub use clock::{Clock, Entropy};
pub use failure::{Failure, FailureKind, Retry};
pub use id::{AttemptId, CallbackId, ClientId, ErrandId, TaskId, TokenId};
pub use secret::Secret;
pub use song::{Clip, Song};
pub use spec::{Input, InputData, Kind, Shot, Size, Spec, Speed};
pub use state::{IllegalStep, Requeue, Shown, State, Step};
pub use task::{Button, Details, Fitted, Operation, Phase, Task};
pub use token::Token;
pub use trace::{NoTraces, Traces};
