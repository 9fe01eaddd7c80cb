//! The world: the real binary, real sockets, real time, driven from outside as its users drive it.

mod crash;
mod examples;
mod hostile;
mod pages;
mod process;
mod receiver;
mod scaled;
mod schema;
mod sdk;
mod tour;
mod verbs;

pub(crate) use process::binary;
