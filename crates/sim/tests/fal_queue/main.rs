//! The queue of fal.ai over real HTTP.

mod asker;
mod callbacks;
mod films;
mod troubles;
