//! sunoapi.org over real HTTP.

mod asker;
mod callbacks;
mod songs;
mod troubles;
