//! Kling over real HTTP: both generations.

mod asker;
mod callbacks;
mod door;
mod legacy;
mod modern;
