//! What a video file is, as a parser that others wrote reads it.

use std::io::Cursor;

/// Pixels across and down, ms, and the number of tracks.
pub fn measures(bytes: &[u8]) -> (u16, u16, u128, usize) {
    let read = mp4::Mp4Reader::read_header(Cursor::new(bytes), bytes.len() as u64).expect("an MP4 file");
    let track = read.tracks().values().find(|track| track.width() > 0).expect("a picture track");
    (track.width(), track.height(), read.duration().as_millis(), read.tracks().len())
}
