//! The world: the real binary, real sockets, real time, driven from outside as its users drive it.

mod collector;
mod crash;
mod examples;
mod faults;
mod hostile;
mod pages;
mod process;
mod receiver;
mod scaled;
mod schema;
mod sdk;
mod tour;
mod traces;
mod verbs;

pub(crate) use process::binary;
