//! The routes for operators, machinery and people, in process: a real ledger in a temporary folder, the
//! in-process queue, clock and chance that stand still.

mod admin;
mod answers;
mod hooks;
mod ops;
mod pages;
mod world;
