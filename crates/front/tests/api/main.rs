//! The API as callers meet it: the real router in process, over SQLite, the in-process queue and a
//! folder. Nothing upstream is played; where a task moves on, the test commits the step itself.

mod bodies;
mod connections;
mod edges;
mod errands;
mod faults;
mod films;
mod followups;
mod harness;
mod idempotency;
mod media;
mod names;
mod reading;
mod submitting;
mod waiting;
