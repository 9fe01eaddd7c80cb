//! The world: the real binary, real sockets, real time, driven from outside as its users drive it.

mod crash;
mod examples;
mod hostile;
mod pages;
mod process;
mod receiver;
mod sdk;
mod tour;
mod verbs;
