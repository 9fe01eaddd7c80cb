//! The one integration binary.

mod deploy;
mod simulation;
mod tidy;
mod world;
