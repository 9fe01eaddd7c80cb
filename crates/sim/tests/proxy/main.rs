//! The sim over real HTTP on a free port, on a clock that stands until it is moved.

mod artifacts;
mod asker;
mod callbacks;
mod follow_ups;
mod memory;
mod tasks;
mod troubles;
