//! What the scheduler over Redis does: the same as every scheduler, and what only a server on a wire can
//! make it do. Each case starts its own servers (`redis-server` on the PATH, Debian's package of that
//! name); with `BACKLOT_TEST_REQUIRE_ALL=1` it has to be there, else the cases say that they were skipped.

#[path = "../suite/mod.rs"]
mod suite;

mod bells;
mod cluster;
mod crowd;
mod faults;
mod rig;
mod sentinel;
mod server;
mod traffic;
mod work;
