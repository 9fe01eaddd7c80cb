//! The one integration binary.

mod simulation;
mod tidy;
mod world;
