//! Suno-API over real HTTP, and with it the frame that all protocols but Midjourney's share.

mod asker;
mod callbacks;
mod memory;
mod songs;
mod troubles;
